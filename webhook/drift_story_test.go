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

package webhook_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// prompt is how soon a change by others must be undone.
const prompt = 3 * time.Second

// calledBack lets the simulator call the webhook back, as IM does.
func (s *story) calledBack() {
	s.t.Helper()
	s.Expect(s.sim.SetCallback(simim.CallbackOptions{URL: "http://" + s.address + s.callbackPath(), Token: token})).To(Succeed())
}

func (s *story) group(room *imv1alpha1.LiveRoom) func() simim.GroupState {
	return func() simim.GroupState {
		group, _ := s.sim.Group(room.GroupID())
		return group
	}
}

func TestChangesByOthersAreUndoneAtOnce(t *testing.T) {
	s := begin(t)
	s.calledBack()
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "host"}, simim.AccountSeed{UserID: "thief"})).To(Succeed())
	announcement := "declared"
	room := s.open(s.room("kids", func(r *imv1alpha1.LiveRoom) {
		r.Spec.Type, r.Spec.Announcement = imv1alpha1.RoomTypeMeeting, &announcement
		r.Spec.Owner = &imv1alpha1.UserReference{UserID: "host"}
		r.Spec.Attributes = []imv1alpha1.RoomAttribute{{Key: "stage", Value: pointer("open")}}
	}))
	group := s.group(room)
	for _, change := range []struct {
		name   string
		change simim.GroupChange
		undone func(simim.GroupState) bool
	}{
		{"announcement", simim.GroupChange{Notification: pointer("changed")}, func(g simim.GroupState) bool { return g.Notification == "declared" }},
		{"name", simim.GroupChange{Name: pointer("changed")}, func(g simim.GroupState) bool { return g.Name == room.Spec.Name }},
		{"owner", simim.GroupChange{Owner: pointer("thief")}, func(g simim.GroupState) bool { return g.Owner == "host" }},
		{"attribute", simim.GroupChange{Attributes: []simim.FieldValue{{Name: "stage", Value: "closed"}}}, func(g simim.GroupState) bool {
			return g.Attributes["stage"] == "open"
		}},
	} {
		s.Expect(s.sim.MutateGroup(room.GroupID(), change.change)).To(Succeed(), change.name)
		s.Expect(change.undone(group())).To(BeFalse(), change.name)
		s.Eventually(func() bool { return change.undone(group()) }, prompt, poll).Should(BeTrue(), change.name)
	}
	s.Expect(s.sim.DestroyGroup(room.GroupID())).To(BeTrue())
	s.Eventually(func() bool { _, exists := s.sim.Group(room.GroupID()); return exists }, prompt, poll).Should(BeTrue())
}

// TestOwnChangesWakeNobody counts what the controllers ask IM for when they have
// changed something themselves: the same whether IM calls back about it or not.
func TestOwnChangesWakeNobody(t *testing.T) {
	s := begin(t)
	room := s.open(s.room("kids", func(r *imv1alpha1.LiveRoom) {
		r.Spec.Attributes = []imv1alpha1.RoomAttribute{{Key: "stage", Value: pointer("open")}}
	}))
	change := func(texts ...string) map[string]int {
		before := map[string]int{}
		for _, command := range reconciling {
			before[command] = s.sim.Calls(command)
		}
		for _, text := range texts {
			update(s, room, func(r *imv1alpha1.LiveRoom) {
				r.Spec.Announcement, r.Spec.Attributes[0].Value = &text, &text
			})
			s.Eventually(func() string { return s.group(room)().Notification }).Should(Equal(text))
			s.Eventually(s.condition(room, imv1alpha1.ConditionReady)).Should(Equal("True AsDeclared"))
		}
		s.Expect(s.sim.WaitForCallbacks(s.ctx)).To(Succeed())
		// A mark in the journal behind what was called back: once it is in status,
		// everything before it has been compared.
		said := s.activity(room)().Messages
		s.Expect(s.call(afterSend, message(room, "ann"))).To(Equal(accepted))
		s.Eventually(s.activity(room)).Should(HaveField("Messages", said+1))
		calls := map[string]int{}
		for _, command := range reconciling {
			calls[command] = s.sim.Calls(command) - before[command]
		}
		return calls
	}
	alone := change("first", "second", "third")
	s.calledBack()
	for command, calls := range change("fourth", "fifth", "sixth") {
		// The controllers read the last change of one round back in the next one; an
		// extra pass for each of the three changes would be more than that.
		s.Expect(calls).To(BeNumerically("<=", alone[command]+1), command)
	}
	var current imv1alpha1.LiveRoom
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), &current)).To(Succeed())
	s.Expect(current.Status.ReportedDrift).To(BeNil())
	s.Expect(s.sim.CallbackStatus().Commands).To(HaveKey("Group.CallbackAfterGroupAttrChanged"))
}

// reconciling are the calls of IM that a pass over a room makes.
var reconciling = []string{"get_group_attr", "modify_group_base_info", "modify_group_attr"}

func TestProfilesChangedByOthersAreRestored(t *testing.T) {
	s := begin(t)
	s.calledBack()
	host := &imv1alpha1.ImAccount{ObjectMeta: s.meta("host"), Spec: imv1alpha1.ImAccountSpec{
		AppRef: imv1alpha1.AppReference{Name: "app"}, Nickname: pointer("主播"), Gender: "Female", Level: pointer(int64(7)),
	}}
	s.create(host)
	s.Eventually(s.condition(host, imv1alpha1.ConditionReady)).Should(Equal("True AsDeclared"))
	s.known("Profile.CallbackPortraitSet", body{"From_Account": "host", "ProfileItem": []any{}})
	s.Expect(s.sim.SetProfileAsClient("Web", "host", map[string]any{"Tag_Profile_IM_Nick": "somebody", "Tag_Profile_IM_Level": 1})).To(Succeed())
	profile := func() map[string]any { account, _ := s.sim.Account("host"); return account.Profile }
	s.Eventually(profile, prompt, poll).Should(And(HaveKeyWithValue("Tag_Profile_IM_Nick", "主播"), HaveKeyWithValue("Tag_Profile_IM_Level", int64(7))))
}

func TestAccountsShowWhereTheyAre(t *testing.T) {
	s := begin(t)
	s.calledBack()
	host := &imv1alpha1.ImAccount{ObjectMeta: s.meta("host"), Spec: imv1alpha1.ImAccountSpec{AppRef: imv1alpha1.AppReference{Name: "app"}}}
	s.create(host)
	s.Eventually(s.condition(host, imv1alpha1.ConditionReady)).Should(Equal("True AsDeclared"))
	s.known("Profile.CallbackPortraitSet", body{"From_Account": "host", "ProfileItem": []any{}})
	presence := func() imv1alpha1.PresenceState {
		var current imv1alpha1.ImAccount
		if s.client.Get(s.ctx, client.ObjectKeyFromObject(host), &current) != nil || current.Status.Presence == nil {
			return ""
		}
		return current.Status.Presence.State
	}
	for _, state := range []imv1alpha1.PresenceState{imv1alpha1.PresenceOnline, imv1alpha1.PresencePushOnline, imv1alpha1.PresenceOffline} {
		s.Expect(s.sim.SetPresence("host", string(state))).To(Succeed())
		s.Eventually(presence).Should(Equal(state))
	}
	s.Expect(s.sim.SetPresence("host", "Online")).To(Succeed())
	s.Eventually(presence).Should(Equal(imv1alpha1.PresenceOnline))
}
