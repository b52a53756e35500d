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

package imapp

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
)

// facts are what one pass found out. The zero findings mean that all is well.
type facts struct {
	endpoint      string
	ready         lifecycle.Finding
	authenticated lifecycle.Finding
	throttled     bool
	throttledFor  time.Duration
	// nextProbe is when refused credentials are tried again; zero for never.
	nextProbe time.Time

	// gone says that the object has been released; there is no status to write.
	gone bool
	// retry asks for another pass, with gone.
	retry time.Duration
	// err goes to the queue once the status is written.
	err error
}

// held says that the application was not looked at.
func (f facts) held(reason, message string) facts {
	status := metav1.ConditionFalse
	if reason == imv1alpha1.ReasonPaused {
		status = metav1.ConditionUnknown
	}
	f.ready = lifecycle.Finding{Status: status, Reason: reason, Message: message}
	f.authenticated = lifecycle.Finding{Status: metav1.ConditionUnknown, Reason: reason, Message: message}
	return f
}

// unauthenticated says why no call can be made.
func (f facts) unauthenticated(reason, message string) facts {
	f.ready = lifecycle.Finding{Status: metav1.ConditionFalse, Reason: reason, Message: message}
	f.authenticated = f.ready
	return f
}

// refused repeats what the last probe said, until the next one.
func (f facts) refused(refusal application.Refusal) facts {
	f.nextProbe = refusal.Until
	return f.unauthenticated(refusal.Reason, refusal.Message)
}

// inUse says that deletion waits. What is known of the credentials stays.
func (f facts) inUse(message string) facts {
	f.ready = lifecycle.Finding{Status: metav1.ConditionFalse, Reason: imv1alpha1.ReasonInUse, Message: message}
	return f
}

// wait is when to look again though nothing has changed.
func (f facts) wait(now time.Time) time.Duration {
	var wait time.Duration
	if !f.nextProbe.IsZero() {
		wait = max(f.nextProbe.Sub(now), time.Millisecond)
	}
	if f.throttled && (wait == 0 || f.throttledFor < wait) {
		wait = max(f.throttledFor, time.Second)
	}
	return wait
}

// applied is what the controller applies of status. The callback paths and whether
// callbacks arrive are the webhook's to say.
func applied(app *imv1alpha1.ImApp) imv1alpha1.ImAppStatus {
	status := app.Status
	status.CallbackPath, status.LiveCallbackPath, status.TRTCCallbackPath = "", "", ""
	status.Conditions = lifecycle.Own(status.Conditions, imv1alpha1.ConditionAuthenticated, imv1alpha1.ConditionThrottled)
	return status
}

// report turns facts into status.
func report(app *imv1alpha1.ImApp, f facts) {
	well := lifecycle.Finding{Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonAsDeclared}
	if f.authenticated.Status == "" {
		f.authenticated = well
	}
	if f.ready.Status == "" {
		f.ready = well
	}
	owned := []string{imv1alpha1.ConditionAuthenticated}
	found := map[string]lifecycle.Finding{imv1alpha1.ConditionAuthenticated: f.authenticated}
	if f.throttled {
		owned = append(owned, imv1alpha1.ConditionThrottled)
		found[imv1alpha1.ConditionThrottled] = lifecycle.Finding{
			Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonRateLimited,
			Message: "IM refused calls for frequency within the last minute; the operator calls more slowly",
		}
	} else {
		meta.RemoveStatusCondition(&app.Status.Conditions, imv1alpha1.ConditionThrottled)
	}
	app.Status.Endpoint = f.endpoint
	lifecycle.SetConditions(app, f.ready, owned, found)
}
