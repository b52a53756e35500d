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

package application

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/status"
)

// condition is CallbacksReceived as a pass found it.
type condition struct {
	status  metav1.ConditionStatus
	reason  string
	message string
}

func notConfigured() condition {
	return condition{metav1.ConditionFalse, imv1alpha1.ReasonNotConfigured, "spec.callbacks is not set: callbacks are refused"}
}

func noToken(missing string) condition {
	return condition{metav1.ConditionFalse, imv1alpha1.ReasonTokenNotFound, missing + "; until then callbacks are refused"}
}

// hearing tells whether authentic callbacks arrive, and when to look again.
func (r *Reconciler) hearing(object *imv1alpha1.ImApp, app *directory.App, silentAfter time.Duration, waiting string) (condition, time.Duration) {
	if waiting != "" {
		return condition{metav1.ConditionFalse, imv1alpha1.ReasonUnavailable, waiting}, 0
	}
	now, last := r.Clock.Now(), r.lastHeard(app)
	if age := now.Sub(last); !last.IsZero() && age < silentAfter {
		return condition{metav1.ConditionTrue, imv1alpha1.ReasonReceiving, "authentic callbacks arrive"}, silentAfter - age
	}
	before := meta.FindStatusCondition(object.Status.Conditions, imv1alpha1.ConditionCallbacksReceived)
	if before != nil && before.Reason == imv1alpha1.ReasonReceiving {
		// After a start nothing was heard yet: not news until it lasts.
		if up := now.Sub(r.started); up < silentAfter {
			return condition{before.Status, before.Reason, before.Message}, silentAfter - up
		}
	}
	app.Heard.Hush()
	return condition{metav1.ConditionFalse, imv1alpha1.ReasonSilent, fmt.Sprintf(
		"no authentic callback within %s, or ever: enter the webhook's public address followed by status.callbackPath in the console, with the token of Secret %s, and tick the callbacks",
		silentAfter, object.Spec.Callbacks.TokenSecretRef.Name)}, 0
}

// lastHeard is when this pod or another one heard of an application.
func (r *Reconciler) lastHeard(app *directory.App) time.Time {
	last := app.Heard.Last()
	if others := r.LastHeard(app.SDKAppID); others.After(last) {
		return others
	}
	return last
}

// appStatus is the part of an ImApp's status that the webhook owns.
type appStatus struct {
	Conditions       []metav1.Condition `json:"conditions"`
	CallbackPath     string             `json:"callbackPath,omitempty"`
	LiveCallbackPath string             `json:"liveCallbackPath,omitempty"`
	TRTCCallbackPath string             `json:"trtcCallbackPath,omitempty"`
}

// owned are the conditions that the webhook writes.
var owned = []string{imv1alpha1.ConditionCallbacksReceived, imv1alpha1.ConditionStreamCallbacksReceived}

// report writes the conditions and the paths if they are not in status.
func (r *Reconciler) report(ctx context.Context, object *imv1alpha1.ImApp, app *directory.App, found findings) error {
	before := appStatus{
		Conditions: []metav1.Condition{}, CallbackPath: object.Status.CallbackPath,
		LiveCallbackPath: object.Status.LiveCallbackPath, TRTCCallbackPath: object.Status.TRTCCallbackPath,
	}
	for _, name := range owned {
		if c := meta.FindStatusCondition(object.Status.Conditions, name); c != nil {
			before.Conditions = append(before.Conditions, *c)
		}
	}
	wanted := r.wanted(object, found)
	if equality.Semantic.DeepEqual(wanted, before) {
		return nil
	}
	err := status.Apply(ctx, r.Client, &imv1alpha1.ImApp{}, app.Key, object.UID, wanted)
	return client.IgnoreNotFound(err)
}

// wanted is what status should say. Transition times of what is as it was stay.
func (r *Reconciler) wanted(object *imv1alpha1.ImApp, found findings) appStatus {
	all := appStatus{
		Conditions: []metav1.Condition{}, CallbackPath: found.path,
		LiveCallbackPath: found.streams.livePath, TRTCCallbackPath: found.streams.trtcPath,
	}
	for name, c := range map[string]*condition{
		imv1alpha1.ConditionCallbacksReceived: &found.condition, imv1alpha1.ConditionStreamCallbacksReceived: found.streams.condition,
	} {
		if c == nil {
			continue
		}
		wanted := metav1.Condition{Type: name, Status: c.status, Reason: c.reason, Message: c.message, ObservedGeneration: object.Generation}
		if known := meta.FindStatusCondition(object.Status.Conditions, name); known != nil {
			all.Conditions = append(all.Conditions, *known)
		} else {
			wanted.LastTransitionTime = metav1.NewTime(r.Clock.Now().Truncate(time.Second))
		}
		meta.SetStatusCondition(&all.Conditions, wanted)
	}
	slices.SortFunc(all.Conditions, func(a, b metav1.Condition) int { return slices.Index(owned, a.Type) - slices.Index(owned, b.Type) })
	return all
}

func trimmed(token []byte) []byte { return bytes.TrimSpace(token) }
