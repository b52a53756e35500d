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
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
)

var (
	epoch  = time.Unix(1763848315, 0)
	appKey = types.NamespacedName{Namespace: "shop", Name: "live"}
)

// pass is a reconciler with a clock, and what it looks at.
type pass struct {
	*Reconciler
	clock  *clocktesting.FakePassiveClock
	object *imv1alpha1.ImApp
	app    *directory.App
	// others is when another pod heard of the application.
	others time.Time
	firsts int
}

func newPass() *pass {
	p := &pass{clock: clocktesting.NewFakePassiveClock(epoch)}
	p.Reconciler = New(Config{
		Directory: directory.New(), Clock: p.clock, Log: logr.Discard(),
		LastHeard: func(int64) time.Time { return p.others }, Heard: func(types.NamespacedName) { p.firsts++ },
	})
	p.object = &imv1alpha1.ImApp{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "live"}}
	p.object.Spec.Callbacks = &imv1alpha1.Callbacks{TokenSecretRef: imv1alpha1.SecretReference{Name: "token"}}
	p.app = &directory.App{Key: appKey, SDKAppID: 1400000001, Heard: p.heard(appKey)}
	return p
}

// had is the condition that status shows.
func (p *pass) had(status metav1.ConditionStatus, reason, message string) {
	p.object.Status.Conditions = []metav1.Condition{{
		Type: imv1alpha1.ConditionCallbacksReceived, Status: status, Reason: reason, Message: message,
	}}
}

func (p *pass) at(after time.Duration) { p.clock.SetTime(epoch.Add(after)) }

func TestHearing(t *testing.T) {
	const silentAfter = time.Hour
	receiving := condition{metav1.ConditionTrue, imv1alpha1.ReasonReceiving, "authentic callbacks arrive"}
	silent := condition{metav1.ConditionFalse, imv1alpha1.ReasonSilent,
		"no authentic callback within 1h0m0s, or ever: enter the webhook's public address followed by status.callbackPath in the console, with the token of Secret token, and tick the callbacks"}
	wasReceiving := func(p *pass) { p.had(metav1.ConditionTrue, imv1alpha1.ReasonReceiving, "authentic callbacks arrive") }
	for name, c := range map[string]struct {
		prepare func(*pass)
		waiting string
		want    condition
		again   time.Duration
	}{
		"never heard of": {func(*pass) {}, "", silent, 0},
		"heard now":      {func(p *pass) { p.app.Heard.Hear(epoch) }, "", receiving, silentAfter},
		"heard a while ago": {func(p *pass) {
			p.app.Heard.Hear(epoch)
			p.at(59 * time.Minute)
		}, "", receiving, time.Minute},
		"heard too long ago": {func(p *pass) {
			p.app.Heard.Hear(epoch)
			p.at(silentAfter)
		}, "", silent, 0},
		"heard by another pod": {func(p *pass) { p.others = epoch.Add(-59 * time.Minute) }, "", receiving, time.Minute},
		"heard by another pod, later than here": {func(p *pass) {
			p.app.Heard.Hear(epoch)
			p.at(silentAfter)
			p.others = epoch.Add(30 * time.Minute)
		}, "", receiving, 30 * time.Minute},
		"heard here, later than by another pod": {func(p *pass) {
			p.others = epoch.Add(-2 * silentAfter)
			p.app.Heard.Hear(epoch)
		}, "", receiving, silentAfter},
		"not heard of since the start": {wasReceiving, "", receiving, silentAfter},
		"not heard of for a while after a start": {func(p *pass) {
			wasReceiving(p)
			p.at(59 * time.Minute)
		}, "", receiving, time.Minute},
		"not heard of for long after a start": {func(p *pass) {
			wasReceiving(p)
			p.at(silentAfter)
		}, "", silent, 0},
		"was silent before the start": {func(p *pass) { p.had(metav1.ConditionFalse, imv1alpha1.ReasonSilent, "x") }, "", silent, 0},
		"waits for the addresses, whatever was heard": {func(p *pass) { p.app.Heard.Hear(epoch) }, "no list",
			condition{metav1.ConditionFalse, imv1alpha1.ReasonUnavailable, "no list"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPass()
			c.prepare(p)
			got, again := p.hearing(p.object, p.app, silentAfter, c.waiting)
			if got != c.want || again != c.again {
				t.Errorf("got  %+v in %s\nwant %+v in %s", got, again, c.want, c.again)
			}
		})
	}
}

// The first callback after a silence is told, so that status changes at once;
// those after it are not.
func TestFirstAfterSilence(t *testing.T) {
	p := newPass()
	hear := func(after time.Duration, want int) {
		t.Helper()
		p.at(after)
		if p.app.Heard.Hear(p.clock.Now()); p.firsts != want {
			t.Errorf("after %s told %d times, want %d", after, p.firsts, want)
		}
	}
	hear(0, 1)
	hear(time.Second, 1)
	p.hearing(p.object, p.app, time.Hour, "")
	hear(2*time.Second, 1)
	p.at(2 * time.Hour)
	if got, _ := p.hearing(p.object, p.app, time.Hour, ""); got.reason != imv1alpha1.ReasonSilent {
		t.Errorf("got %+v", got)
	}
	hear(2*time.Hour+time.Second, 2)
}

// What was heard stays known when the application changes.
func TestHeardOutlivesVersions(t *testing.T) {
	p := newPass()
	p.Directory.PutApp(p.app)
	if p.heard(appKey) != p.app.Heard {
		t.Error("a new version forgets what was heard")
	}
	p.Directory.RemoveApp(appKey)
	if p.heard(appKey) == p.app.Heard {
		t.Error("what was heard outlives the application")
	}
}

func TestSilentAfter(t *testing.T) {
	if got := silentAfterSeconds(&imv1alpha1.Callbacks{}); got != 86_400 {
		t.Errorf("got %d", got)
	}
	if got := silentAfterSeconds(&imv1alpha1.Callbacks{SilentAfterSeconds: new(int32(60))}); got != 60 {
		t.Errorf("got %d", got)
	}
}

func TestRefusingConditions(t *testing.T) {
	if got, want := notConfigured(), (condition{metav1.ConditionFalse, imv1alpha1.ReasonNotConfigured, "spec.callbacks is not set: callbacks are refused"}); got != want {
		t.Errorf("got %+v", got)
	}
	if got, want := noToken("Secret x"), (condition{metav1.ConditionFalse, imv1alpha1.ReasonTokenNotFound, "Secret x; until then callbacks are refused"}); got != want {
		t.Errorf("got %+v", got)
	}
	for text, want := range map[string]string{" token\n": "token", "\t\r\n": "", "": "", "a b": "a b"} {
		if got := string(trimmed([]byte(text))); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}
