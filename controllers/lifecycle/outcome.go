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

package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/live/control"
)

// maxMessageBytes bounds a condition's message; texts of the provider are cut
// before, by the client.
const maxMessageBytes = 1024

// policy says what becomes of an object that is held by a reason. This table is
// the only place that decides about waiting, stalling and events.
type policy struct {
	// first and limit are the waits before another look. Zero means that a
	// watch wakes the object, not time.
	first, limit time.Duration
	// stalled says that only a change of the object helps.
	stalled bool
	// event says that entering this state is worth an event.
	event bool
	// fail hands the error to the queue, which logs it and backs off, unless there is
	// something that the object waits for by the clock.
	fail bool
}

var policies = map[string]policy{
	imv1alpha1.ReasonPaused:                 {},
	imv1alpha1.ReasonDriftDetected:          {event: true},
	imv1alpha1.ReasonNotExisting:            {},
	imv1alpha1.ReasonAppNotFound:            {},
	imv1alpha1.ReasonAppNotReady:            {},
	imv1alpha1.ReasonNamespaceNotAllowed:    {event: true},
	imv1alpha1.ReasonConflict:               {event: true},
	imv1alpha1.ReasonStreamConflict:         {event: true},
	imv1alpha1.ReasonNotAdopted:             {stalled: true, event: true},
	imv1alpha1.ReasonReferenceNotFound:      {},
	imv1alpha1.ReasonReferenceNotReady:      {},
	imv1alpha1.ReasonUserNotFound:           {first: 5 * time.Second, limit: 2 * time.Minute, event: true},
	imv1alpha1.ReasonInvalid:                {stalled: true, event: true},
	imv1alpha1.ReasonNotConverging:          {stalled: true, event: true},
	imv1alpha1.ReasonNotRegistered:          {first: time.Second, limit: time.Minute},
	imv1alpha1.ReasonAwaitingProof:          {first: 5 * time.Second, limit: time.Minute},
	imv1alpha1.ReasonFieldNotRegistered:     {first: time.Minute, limit: 5 * time.Minute}, // as a rule its declaration wakes it
	imv1alpha1.ReasonFieldNotDeclared:       {},
	imv1alpha1.ReasonTooManyFields:          {event: true},
	imv1alpha1.ReasonUnauthorized:           {},
	imv1alpha1.ReasonCredentialsNotFound:    {event: true},
	imv1alpha1.ReasonQuotaExceeded:          {first: 30 * time.Second, limit: 10 * time.Minute, event: true},
	imv1alpha1.ReasonNotPermitted:           {first: 30 * time.Second, limit: 10 * time.Minute, event: true},
	imv1alpha1.ReasonRateLimited:            {first: time.Second, limit: time.Minute},
	imv1alpha1.ReasonUnavailable:            {first: time.Second, limit: time.Minute, event: true},
	imv1alpha1.ReasonOutcomeUnknown:         {first: 500 * time.Millisecond, limit: 10 * time.Second},
	imv1alpha1.ReasonInUse:                  {},
	imv1alpha1.ReasonSecretConflict:         {stalled: true, event: true},
	imv1alpha1.ReasonKeyNotFound:            {event: true},
	imv1alpha1.ReasonStreamingNotConfigured: {},
	imv1alpha1.ReasonExpired:                {},
	imv1alpha1.ReasonInternalError:          {first: time.Second, limit: time.Minute, fail: true},
}

// reasons maps the closed set of the provider's errors.
var reasons = map[im.Class]string{
	im.NotFound:           imv1alpha1.ReasonOutcomeUnknown, // gone between reading and writing: read again
	im.AlreadyExists:      imv1alpha1.ReasonOutcomeUnknown, // come between reading and writing: read again
	im.Invalid:            imv1alpha1.ReasonInvalid,
	im.FieldNotRegistered: imv1alpha1.ReasonFieldNotRegistered,
	im.QuotaExceeded:      imv1alpha1.ReasonQuotaExceeded,
	im.NotPermitted:       imv1alpha1.ReasonNotPermitted,
	im.Unauthorized:       imv1alpha1.ReasonUnauthorized,
	im.RateLimited:        imv1alpha1.ReasonRateLimited,
	im.Unavailable:        imv1alpha1.ReasonUnavailable,
	im.UnknownOutcome:     imv1alpha1.ReasonOutcomeUnknown,
}

// verdict is an error made fit for a condition.
type verdict struct {
	reason  string
	message string
	after   time.Duration
	silent  bool
	err     error
}

// judge classifies any error. It is pure.
func judge(err error) verdict {
	if err == nil {
		return verdict{reason: imv1alpha1.ReasonAsDeclared}
	}
	if wait, ok := hold.As(err); ok {
		return verdict{reason: wait.Reason, message: cut(wait.Message), after: wait.After, silent: wait.Silent, err: err}
	}
	if errors.Is(err, im.ErrClosed) {
		// The application got another client while this pass held the old one.
		return verdict{reason: imv1alpha1.ReasonUnavailable, after: 100 * time.Millisecond, silent: true, err: err}
	}
	if class, after, ok := refusal(err); ok {
		reason, known := reasons[class]
		if !known {
			reason = imv1alpha1.ReasonInternalError
		}
		return verdict{reason: reason, message: cut(err.Error()), after: after, err: err}
	}
	switch {
	case errors.Is(err, context.Canceled), apierrors.IsConflict(err), apierrors.IsNotFound(err), apierrors.IsTooManyRequests(err), apierrors.IsServerTimeout(err):
		// The process is stopping, the copy was old, or the API server is
		// busy: come again, and leave status alone.
		return verdict{reason: imv1alpha1.ReasonInternalError, after: 100 * time.Millisecond, silent: true, err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return verdict{reason: imv1alpha1.ReasonUnavailable, message: cut(err.Error()), err: err}
	}
	return verdict{reason: imv1alpha1.ReasonInternalError, message: cut(err.Error()), err: err}
}

// refusal finds what a provider's API said: IM's, or the one that controls streams.
func refusal(err error) (class im.Class, after time.Duration, ok bool) {
	if failure, ok := im.AsError(err); ok {
		return failure.Class, failure.RetryAfter, true
	}
	if failure, ok := control.AsError(err); ok {
		return failure.Class, failure.RetryAfter, true
	}
	return class, 0, false
}

// Describe returns the reason and the message of an error, for a condition.
func Describe(err error) (reason, message string) {
	v := judge(err)
	return v.reason, v.message
}

// ComesAgain reports whether an error says nothing about the object: the copy
// was old or the API server busy, and another pass will do.
func ComesAgain(err error) bool { return judge(err).silent }

// keepsGoing reports whether the rest of a plan is worth trying after a change
// has failed: yes when the failure is about that change alone.
func keepsGoing(change Change, err error) bool {
	if change.Verb == Create {
		return false
	}
	if change.Apart {
		return !judge(err).silent
	}
	switch judge(err).reason {
	case imv1alpha1.ReasonInvalid, imv1alpha1.ReasonFieldNotRegistered, imv1alpha1.ReasonFieldNotDeclared,
		imv1alpha1.ReasonNotPermitted, imv1alpha1.ReasonQuotaExceeded, imv1alpha1.ReasonUserNotFound,
		imv1alpha1.ReasonReferenceNotFound, imv1alpha1.ReasonReferenceNotReady, imv1alpha1.ReasonNotRegistered,
		imv1alpha1.ReasonAwaitingProof, imv1alpha1.ReasonSecretConflict, imv1alpha1.ReasonConflict, imv1alpha1.ReasonStreamConflict,
		imv1alpha1.ReasonKeyNotFound, imv1alpha1.ReasonStreamingNotConfigured:
		return true
	}
	return false
}

// describe puts the field before the message.
func (f Failure) describe() string {
	v := judge(f.Err)
	if f.Change.Verb == Create || strings.HasPrefix(v.message, f.Change.Path) {
		return v.message
	}
	return cut(fmt.Sprintf("%s: %s", f.Change.Path, v.message))
}

// cut bounds a message without breaking a character.
func cut(message string) string {
	if len(message) <= maxMessageBytes {
		return message
	}
	return bounded(message, maxMessageBytes-len("…")) + "…"
}
