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

package controllers_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// webhookOwner is the field manager of what the webhook reports.
const webhookOwner = client.FieldOwner("liveroom-webhook")

// calm begins a story whose sweeps do not come: whatever is repaired, a hint has
// told of.
func calm(t *testing.T) *story {
	t.Helper()
	s := prepare(t)
	s.start()
	app := s.app()
	*app.Spec.DriftIntervalSeconds = 86400
	s.create(s.secret(secretKey), app)
	return s
}

// report applies status as the webhook does: its own fields, all of them.
func (s *story) report(obj client.Object, status any) error {
	gvk, err := apiutil.GVKForObject(obj, s.client.Scheme())
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{
		"apiVersion": gvk.GroupVersion().String(), "kind": gvk.Kind,
		"metadata": map[string]any{"name": obj.GetName(), "namespace": obj.GetNamespace()}, "status": status,
	})
	if err != nil {
		return err
	}
	written := obj.DeepCopyObject().(client.Object)
	return s.client.Status().Patch(s.ctx, written, client.RawPatch(types.ApplyPatchType, body), webhookOwner, client.ForceOwnership)
}

func hint(sequence int64, fields ...string) imv1alpha1.ReportedDrift {
	return imv1alpha1.ReportedDrift{Time: metav1.Now().Rfc3339Copy(), Sequence: sequence, Fields: fields}
}

// owned are the top-level fields of status that a manager owns.
func (s *story) owned(obj client.Object, manager client.FieldOwner) map[string]json.RawMessage {
	s.t.Helper()
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(obj), obj)).To(Succeed())
	for _, entry := range obj.GetManagedFields() {
		if entry.Manager == string(manager) && entry.Subresource == "status" {
			var fields struct {
				Status map[string]json.RawMessage `json:"f:status"`
			}
			s.Expect(json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields)).To(Succeed())
			return fields.Status
		}
	}
	return nil
}

// settled waits until nothing more is asked of IM.
func (s *story) settled() {
	s.t.Helper()
	s.quiet(time.Second)
	calls, since := len(s.sim.CallLog()), time.Now()
	s.Eventually(func() bool {
		if now := len(s.sim.CallLog()); now != calls {
			calls, since = now, time.Now()
		}
		return time.Since(since) > 2500*time.Millisecond // longer than what is new waits to be read back
	}).Should(BeTrue())
}

func TestReportedDriftIsRepairedPromptly(t *testing.T) {
	s := calm(t)
	room, host := s.room("one"), s.account("host")
	s.create(room, host)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	s.settled()

	theirs := "theirs"
	s.Expect(s.sim.MutateGroup("live_one", simim.GroupChange{Name: &theirs, Notification: &theirs})).To(Succeed())
	s.Expect(s.report(room, map[string]any{"reportedDrift": hint(1, "name", "announcement")})).To(Succeed())
	s.Eventually(func() string { g := s.group("live_one"); return g.Name + "/" + g.Notification }, "3s").Should(Equal("童装直播间/今晚八点，童装上新"))
	s.Eventually(s.reasonsOfEvents(room)).Should(ContainElement("Repaired"))

	s.Expect(s.sim.DestroyGroup("live_one")).To(BeTrue())
	s.Expect(s.report(room, map[string]any{"reportedDrift": hint(2, "existence")})).To(Succeed())
	s.Eventually(func() bool { _, found := s.sim.Group("live_one"); return found }, "3s").Should(BeTrue())

	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "host", Profile: map[string]any{"Tag_Profile_IM_Nick": theirs}})).To(Succeed())
	s.Expect(s.report(host, map[string]any{"reportedDrift": hint(1, "nickname")})).To(Succeed())
	s.Eventually(func() any { return s.nickname("host") }, "3s").Should(Equal("主播小林"))

	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
}

// Somebody who changes a room several times in a second is not taken for an IM
// that does not keep what is written.
func TestRoomChangedAgainAndAgainIsRepaired(t *testing.T) {
	s := calm(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.settled()
	for i := range 10 {
		theirs := "theirs"
		s.Expect(s.sim.MutateGroup("live_one", simim.GroupChange{Name: &theirs})).To(Succeed())
		s.Expect(s.report(room, map[string]any{"reportedDrift": hint(int64(i+1), "name")})).To(Succeed())
		s.Eventually(func() string { return s.group("live_one").Name }).Should(Equal("童装直播间"))
	}
	s.Consistently(s.ready(room), "2s").Should(Equal(asDeclared))
}

// IM does not keep the name, and calls back about each of our own writes: that
// ends as well.
func TestReportsAboutWhatDoesNotConvergeEnd(t *testing.T) {
	s := calm(t)
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.settled()
	s.Expect(s.sim.SetMangle(simim.Mangle{Field: "Name", Suffix: "~"})).To(Succeed())
	written, sequence := s.sim.Calls("modify_group_base_info"), int64(0)
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Name = "other" })
	s.Eventually(func() string {
		sequence++
		s.Expect(s.report(room, map[string]any{"reportedDrift": hint(sequence, "name")})).To(Succeed())
		return s.ready(room)()
	}).Should(Equal("False NotConverging"))
	for range 20 {
		sequence++
		s.Expect(s.report(room, map[string]any{"reportedDrift": hint(sequence, "name")})).To(Succeed())
	}
	s.settled()
	s.Expect(s.sim.Calls("modify_group_base_info") - written).To(BeNumerically("<=", 10))
}

func TestNewsOfTheAudienceWakeNobody(t *testing.T) {
	s := calm(t)
	room, host := s.room("one"), s.account("host")
	s.create(room, host)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	reported := map[string]any{"reportedDrift": hint(1, "name")}
	s.Expect(s.report(room, reported)).To(Succeed())
	s.settled()

	calls, before := len(s.sim.CallLog()), env.Requests().Snapshot()
	for i := range int64(20) {
		online := 100 + i
		reported["activity"] = imv1alpha1.RoomActivity{Messages: i + 1, Online: &online}
		s.Expect(s.report(room, reported)).To(Succeed())
		state := []imv1alpha1.PresenceState{imv1alpha1.PresenceOnline, imv1alpha1.PresenceOffline}[i%2]
		s.Expect(s.report(host, map[string]any{"presence": imv1alpha1.Presence{State: state, Since: metav1.Now().Rfc3339Copy()}})).To(Succeed())
	}
	s.Consistently(func() int { return len(s.sim.CallLog()) - calls }, "2s").Should(BeZero())
	since := env.Requests().Since(before).By(s.agent()).In(s.namespace)
	s.Expect(since.Writes().String()).To(BeEmpty())

	// A hint after them is heard, so they have been, too.
	reported["reportedDrift"] = hint(2, "name")
	s.Expect(s.report(room, reported)).To(Succeed())
	s.Eventually(func() int { return len(s.sim.CallLog()) - calls }).Should(BeNumerically(">", 0))
	s.settled()
	s.Expect(env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes().String()).To(BeEmpty())
}

// Both processes write to one status at the same time, and neither loses a field
// to the other.
func TestBothWritersOfAStatusSurviveEachOther(t *testing.T) {
	s := calm(t)
	room, host := s.room("one"), s.account("host")
	s.create(room, host)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	s.Expect(s.report(room, map[string]any{"activity": imv1alpha1.RoomActivity{Messages: 1}, "reportedDrift": hint(1)})).To(Succeed())
	s.Expect(s.report(host, map[string]any{
		"presence": imv1alpha1.Presence{State: imv1alpha1.PresenceOnline, Since: metav1.Now().Rfc3339Copy()}, "reportedDrift": hint(1),
	})).To(Succeed())

	watching, err := client.NewWithWatch(env.Config("test"), client.Options{Scheme: scheme()})
	s.Expect(err).NotTo(HaveOccurred())
	seen, err := watching.Watch(s.ctx, &imv1alpha1.LiveRoomList{}, client.InNamespace(s.namespace))
	s.Expect(err).NotTo(HaveOccurred())
	var watcher sync.WaitGroup
	versions := 0
	watcher.Go(func() {
		var last imv1alpha1.LiveRoom
		for event := range seen.ResultChan() {
			now, ok := event.Object.(*imv1alpha1.LiveRoom)
			if !ok {
				continue
			}
			versions++
			status := now.Status
			switch {
			case status.Activity == nil || status.ReportedDrift == nil:
				t.Errorf("version %s lacks what the webhook reported", now.ResourceVersion)
			case last.Status.Activity != nil && (status.Activity.Messages < last.Status.Activity.Messages ||
				status.ReportedDrift.Sequence < last.Status.ReportedDrift.Sequence):
				t.Errorf("version %s goes back to what the webhook reported before", now.ResourceVersion)
			case status.GroupID == "" || meta.FindStatusCondition(status.Conditions, imv1alpha1.ConditionSynced) == nil:
				t.Errorf("version %s lacks what the controller reported", now.ResourceVersion)
			case status.ObservedGeneration < last.Status.ObservedGeneration:
				t.Errorf("version %s goes back to what the controller reported before", now.ResourceVersion)
			}
			last = *now
		}
	})

	const rounds = 60
	var writers sync.WaitGroup
	reportedRoom, reportedHost := room.DeepCopy(), host.DeepCopy()
	writers.Go(func() {
		for i := range int64(rounds) {
			if err := s.report(reportedRoom, map[string]any{
				"activity": imv1alpha1.RoomActivity{Messages: i + 2}, "reportedDrift": hint(i+2, "name"),
			}); err != nil {
				t.Errorf("room: %v", err)
			}
			if err := s.report(reportedHost, map[string]any{
				"presence":      imv1alpha1.Presence{State: imv1alpha1.PresenceOffline, Since: metav1.Now().Rfc3339Copy()},
				"reportedDrift": hint(i+2, "nickname"),
			}); err != nil {
				t.Errorf("host: %v", err)
			}
		}
	})
	for i := range rounds {
		token := fmt.Sprint("round ", i)
		for _, obj := range []client.Object{room, host} {
			patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, imv1alpha1.AnnotationReconcileAt, token)
			s.Expect(s.client.Patch(s.ctx, obj, client.RawPatch(types.MergePatchType, []byte(patch)))).To(Succeed())
		}
	}
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Name = "改名了" })
	update(s, host, func(a *imv1alpha1.ImAccount) { name := "小林"; a.Spec.Nickname = &name })
	writers.Wait()

	last := fmt.Sprint("round ", rounds-1)
	s.Eventually(func() string {
		s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
		return room.Status.LastHandledReconcileAt
	}).Should(Equal(last))
	s.Eventually(func() string {
		s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(host), host)).To(Succeed())
		return host.Status.LastHandledReconcileAt
	}).Should(Equal(last))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	seen.Stop()
	watcher.Wait()
	s.Expect(versions).To(BeNumerically(">", rounds))

	theirs, ours := HaveKey("f:reportedDrift"), HaveKey("f:conditions")
	for _, obj := range []client.Object{room, host} {
		s.Expect(s.owned(obj, webhookOwner)).To(And(theirs, Not(ours), HaveLen(2)))
		s.Expect(s.owned(obj, "liveroom-controller")).To(And(ours, Not(theirs), Not(HaveKey("f:activity")), Not(HaveKey("f:presence"))))
	}
	s.Expect(room.Status.Activity.Messages).To(BeEquivalentTo(rounds + 1))
	s.Expect(room.Status.ReportedDrift.Sequence).To(BeEquivalentTo(rounds + 1))
	s.Expect(room.Status.GroupID).To(Equal("live_one"))
	s.Expect(host.Status.Presence.State).To(Equal(imv1alpha1.PresenceOffline))
	s.Expect(host.Status.ReportedDrift.Sequence).To(BeEquivalentTo(rounds + 1))
	s.Expect(host.Status.UserID).To(Equal("host"))
}

func TestWhatTheWebhookSaysOfAnApplicationStays(t *testing.T) {
	s := calm(t)
	app := s.app()
	s.Eventually(s.ready(app)).Should(Equal(asDeclared))
	s.Expect(s.report(app, map[string]any{
		"callbackPath": "/im/shop/app/secret", "liveCallbackPath": "/live/shop/app/secret", "trtcCallbackPath": "/trtc/shop/app/secret",
		"conditions": []metav1.Condition{{
			Type: imv1alpha1.ConditionCallbacksReceived, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonReceiving,
			LastTransitionTime: metav1.Now().Rfc3339Copy(),
		}},
	})).To(Succeed())
	slower := int32(50)
	update(s, app, func(a *imv1alpha1.ImApp) { a.Spec.RequestsPerSecond = &slower })
	s.Eventually(func() int64 {
		s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(app), app)).To(Succeed())
		return app.Status.ObservedGeneration
	}).Should(Equal(app.Generation))
	s.Eventually(s.ready(app)).Should(Equal(asDeclared))
	s.Expect(s.condition(app, imv1alpha1.ConditionCallbacksReceived)()).To(Equal("True Receiving"))
	s.Expect(app.Status.CallbackPath).To(Equal("/im/shop/app/secret"))
	s.Expect(app.Status.LiveCallbackPath).To(Equal("/live/shop/app/secret"))
	s.Expect(app.Status.TRTCCallbackPath).To(Equal("/trtc/shop/app/secret"))
	s.Expect(s.owned(app, "liveroom-controller")).NotTo(Or(HaveKey("f:callbackPath"), HaveKey("f:liveCallbackPath"), HaveKey("f:trtcCallbackPath")))
	s.Expect(string(s.owned(app, "liveroom-controller")["f:conditions"])).NotTo(ContainSubstring(imv1alpha1.ConditionCallbacksReceived))
}
