/*
Copyright 2026 The LiveRoom Operator Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

const (
	// application of the samples.
	application = "shop"
	// soon is how long something may take that is promised at once.
	soon = 10 * time.Second
)

// connect does what a user does in the console: paste the URL, enter the token,
// and switch on the retry.
func (d *demo) connect(ctx context.Context) error {
	heading("Callbacks")
	app := &imv1alpha1.ImApp{}
	_, err := d.await(ctx, "the webhook tells its path and hears nothing", soon, func(ctx context.Context) (string, error) {
		if err := d.read(ctx, application, app); err != nil {
			return "", err
		}
		if app.Status.CallbackPath == "" {
			return "status.callbackPath is empty", nil
		}
		return condition(app, imv1alpha1.ConditionCallbacksReceived, imv1alpha1.ReasonSilent), nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("kubectl get imapp %s -o jsonpath={.status.callbackPath}\n  %s\n", application, app.Status.CallbackPath)
	if err := d.printReceived(ctx); err != nil {
		return err
	}
	err = d.im.call(ctx, http.MethodPut, "callback", map[string]any{
		"url": "http://" + d.webhook.address + app.Status.CallbackPath, "token": callbackToken,
		// More often than IM does, so that nothing is lost while the webhook is away.
		"retryAfter": true, "retryDelays": []string{"100ms", "250ms", "500ms", "1s", "1s", "1s", "2s", "2s", "5s", "5s"},
	}, nil)
	if err == nil {
		fmt.Println("The URL and the token are entered in IM's console.")
	}
	return err
}

// printReceived shows the condition that tells whether callbacks arrive.
func (d *demo) printReceived(ctx context.Context) error {
	const path = `jsonpath={range .status.conditions[?(@.type=="CallbacksReceived")]}{.type}={.status} {.reason}: {.message}{end}`
	text, err := d.plane.run(ctx, "get", "imapp", application, "-n", namespace, "-o", path)
	if err == nil {
		fmt.Printf("  %s\n", text)
	}
	return err
}

// received waits until the condition says that callbacks arrive.
func (d *demo) received(ctx context.Context) error {
	app := &imv1alpha1.ImApp{}
	if _, err := d.await(ctx, "callbacks arrive", soon, func(ctx context.Context) (string, error) {
		err := d.read(ctx, application, app)
		return condition(app, imv1alpha1.ConditionCallbacksReceived, imv1alpha1.ReasonReceiving), err
	}); err != nil {
		return err
	}
	return d.printReceived(ctx)
}

// condition says what is different about CallbacksReceived; empty when nothing is.
func condition(obj imv1alpha1.Object, name, reason string) string {
	found := meta.FindStatusCondition(obj.GetObjectStatus().Conditions, name)
	switch {
	case found == nil:
		return "there is no condition " + name
	case found.Reason != reason:
		return fmt.Sprintf("%s is %s %s, not %s: %s", name, found.Status, found.Reason, reason, found.Message)
	}
	return ""
}

// read gets an object of the samples.
func (d *demo) read(ctx context.Context, name string, obj client.Object) error {
	if err := d.plane.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, obj); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}
