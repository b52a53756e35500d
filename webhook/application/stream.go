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
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/stream/intake"
)

// streamFindings are what a pass found out about callbacks about streams.
type streamFindings struct {
	livePath, trtcPath string
	// condition is nil when spec names no key: there is nothing to say then.
	condition *condition
}

// streamService is one service whose callbacks an ImApp takes.
type streamService struct {
	intake.Service
	ref     imv1alpha1.SecretReference
	console string // what is to be set up
	path    *string
	before  string // the path in status
	into    **directory.Receiver
}

// streams reads the keys of callbacks about streams, and gives the application what
// they are judged by.
func (r *Reconciler) streams(ctx context.Context, object *imv1alpha1.ImApp, app *directory.App) (streamFindings, error) {
	app.Origin = origin(object)
	var found streamFindings
	var services []streamService
	if spec := object.Spec.Live; spec != nil && spec.CallbackKeySecretRef != nil {
		services = append(services, streamService{
			intake.Live, *spec.CallbackKeySecretRef, "the URLs of the callback template of CSS to the webhook's public address followed by status.liveCallbackPath",
			&found.livePath, object.Status.LiveCallbackPath, &app.Live,
		})
	}
	if spec := object.Spec.TRTC; spec != nil && spec.CallbackKeySecretRef != nil {
		services = append(services, streamService{
			intake.TRTC, *spec.CallbackKeySecretRef, "the callback URL of TRTC to the webhook's public address followed by status.trtcCallbackPath",
			&found.trtcPath, object.Status.TRTCCallbackPath, &app.TRTC,
		})
	}
	if len(services) == 0 {
		return found, nil
	}
	var missing, awaited, behind []string
	before := meta.FindStatusCondition(object.Status.Conditions, imv1alpha1.ConditionStreamCallbacksReceived)
	for _, s := range services {
		key, former, problem, err := r.callbackKeys(ctx, types.NamespacedName{Namespace: object.Namespace, Name: s.ref.Name})
		switch {
		case err != nil:
			return found, err
		case problem != "":
			missing = append(missing, problem)
			continue
		}
		receiver := s.Receiver(key, former, app.Key.Namespace, app.Key.Name)
		*s.into, *s.path = receiver, s.Path(key, app.Key.Namespace, app.Key.Name)
		// What was heard long ago is forgotten, but status remembers.
		known := before != nil && before.Status == metav1.ConditionTrue && before.Reason == imv1alpha1.ReasonReceiving && s.before == *s.path
		todo := fmt.Sprintf("set %s, with the key of Secret %s", s.console, s.ref.Name)
		switch heard := r.StreamsHeard(app.Key).Heard; {
		case known, heard[receiver.Keys[0].Segment] > 0:
		case slices.ContainsFunc(receiver.Keys, func(key directory.ReceiverKey) bool { return heard[key.Segment] > 0 }):
			behind = append(behind, todo)
		default:
			awaited = append(awaited, todo)
		}
	}
	switch {
	case len(missing) > 0:
		found.condition = &condition{metav1.ConditionFalse, imv1alpha1.ReasonKeyNotFound, strings.Join(missing, "; ") + "; until then its callbacks are refused"}
	case len(awaited) > 0:
		found.condition = &condition{metav1.ConditionFalse, imv1alpha1.ReasonAwaitingCallback, "no authentic callback came yet: " + strings.Join(awaited, "; ")}
	case len(behind) > 0:
		found.condition = &condition{
			metav1.ConditionTrue, imv1alpha1.ReasonAwaitingCallback,
			"callbacks come with the former key only, and are refused once it is removed: " + strings.Join(behind, "; "),
		}
	default:
		found.condition = &condition{metav1.ConditionTrue, imv1alpha1.ReasonReceiving, "authentic callbacks arrive"}
	}
	return found, nil
}

// origin is where the streams of an application are in CSS.
func origin(object *imv1alpha1.ImApp) directory.Origin {
	var o directory.Origin
	if spec := object.Spec.Live; spec != nil {
		o.PushDomain, o.AppName = spec.PushDomain, cmp.Or(spec.AppName, imv1alpha1.DefaultStreamAppName)
		if spec.AccountAppID != nil {
			o.AppID = *spec.AccountAppID
		}
	}
	if spec := object.Spec.TRTC; spec != nil && spec.BizID != nil {
		o.BizID = *spec.BizID
	}
	return o
}

// callbackKeys reads the key and the one before it, if there is one. missing says
// what to do when there is no key.
func (r *Reconciler) callbackKeys(ctx context.Context, name types.NamespacedName) (key, former, missing string, err error) {
	secret, err := r.Secrets.Secret(ctx, name)
	if apierrors.IsNotFound(err) {
		return "", "", fmt.Sprintf("Secret %s does not exist: create it with the key %q", name, imv1alpha1.CallbackKeyName), nil
	}
	if err != nil {
		return "", "", "", fmt.Errorf("reading Secret %s: %w", name, err)
	}
	key = string(trimmed(secret.Data[imv1alpha1.CallbackKeyName]))
	if key == "" {
		return "", "", fmt.Sprintf("Secret %s has no key %q: add it with the callback key that the console has", name, imv1alpha1.CallbackKeyName), nil
	}
	return key, string(trimmed(secret.Data[imv1alpha1.FormerCallbackKeyName])), "", nil
}
