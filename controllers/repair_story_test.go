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
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// stranger is another back end of the same application, with the same
// administrator.
func (s *story) stranger() *im.Client {
	s.t.Helper()
	other, err := im.New(im.Config{
		Endpoint: s.url, SDKAppID: s.sdkAppID,
		Credentials: im.Credentials{Administrator: "administrator", SecretKey: secretKey},
	})
	s.Expect(err).NotTo(HaveOccurred())
	s.t.Cleanup(other.Close)
	return other
}

// reasonsOfEvents are the reasons of the events about an object.
func (s *story) reasonsOfEvents(about client.Object) func() []string {
	return func() []string {
		var list eventsv1.EventList
		s.Expect(s.client.List(s.ctx, &list, client.InNamespace(s.namespace))).To(Succeed())
		var reasons []string
		for _, event := range list.Items {
			if event.Regarding.Name == about.GetName() {
				reasons = append(reasons, event.Reason)
			}
		}
		return reasons
	}
}

func TestBaseFieldsAreBroughtBack(t *testing.T) {
	s := begin(t)
	introduction, avatar := "童装专场", "https://img.example.com/one.png"
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "host"}, simim.AccountSeed{UserID: "other"})).To(Succeed())
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.Type, spec.JoinOption = imv1alpha1.RoomTypePublic, "FreeAccess"
		spec.Introduction, spec.AvatarURL = &introduction, &avatar
		spec.Speech = imv1alpha1.SpeechMuted
		spec.Owner = &imv1alpha1.UserReference{UserID: "host"}
	})
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	type base struct{ name, introduction, announcement, avatar, join, speech, owner string }
	read := func() base {
		g := s.group("live_one")
		return base{g.Name, g.Introduction, g.Notification, g.FaceURL, g.ApplyJoinOption, g.MuteAllMember, g.Owner}
	}
	declared := base{"童装直播间", introduction, "今晚八点，童装上新", avatar, "FreeAccess", "On", "host"}
	s.Expect(read()).To(Equal(declared))

	theirs, open, owner, join := "theirs", "Off", "other", im.JoinOption("DisableApply")
	other := s.stranger()
	s.Expect(other.AddMember(s.ctx, "live_one", owner)).To(Succeed())
	s.Expect(other.ChangeGroup(s.ctx, "live_one", im.GroupChange{JoinOption: &join})).To(Succeed())
	s.Expect(s.sim.MutateGroup("live_one", simim.GroupChange{
		Name: &theirs, Introduction: &theirs, Notification: &theirs, FaceURL: &theirs, MuteAllMember: &open, Owner: &owner,
	})).To(Succeed())
	s.Eventually(read).Should(Equal(declared))
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Eventually(s.reasonsOfEvents(room)).Should(ContainElement("Repaired"))
}

func TestBansAreBroughtBack(t *testing.T) {
	s := begin(t)
	s.Expect(s.sim.SeedAccounts(
		simim.AccountSeed{UserID: "troll"}, simim.AccountSeed{UserID: "spammer"}, simim.AccountSeed{UserID: "rude"},
	)).To(Succeed())
	until := metav1.NewTime(time.Now().Add(time.Hour).Truncate(time.Second))
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.BannedAccounts = []imv1alpha1.BannedAccount{{UserID: "troll", Until: &until}, {UserID: "spammer"}}
	})
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	bans := func() map[string]int64 { return s.group("live_one").Banned }
	untilEnd := BeNumerically("~", until.Unix(), 60)
	forYears := BeNumerically(">", time.Now().AddDate(5, 0, 0).Unix())
	s.Expect(bans()).To(matchBans(map[string]types.GomegaMatcher{"troll": untilEnd, "spammer": forYears}))

	other := s.stranger()
	s.Expect(other.Ban(s.ctx, "live_one", []string{"rude"}, 2*time.Hour)).To(Succeed())
	s.Expect(other.Ban(s.ctx, "live_one", []string{"troll"}, 3*time.Hour)).To(Succeed())
	s.Expect(other.Unban(s.ctx, "live_one", []string{"spammer"})).To(Succeed())
	theirs := BeNumerically("~", time.Now().Add(2*time.Hour).Unix(), 60)
	s.Eventually(bans).Should(matchBans(map[string]types.GomegaMatcher{"troll": untilEnd, "spammer": forYears, "rude": theirs}))

	// Who leaves the list is let in again; the ban that others set stays.
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.BannedAccounts = nil })
	s.Eventually(bans).Should(matchBans(map[string]types.GomegaMatcher{"rude": theirs}))
	s.Eventually(func() []string {
		s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
		return room.Status.BannedUserIDs
	}).Should(BeEmpty())
}

// matchBans matches the whole map: every user, and no other.
func matchBans(expected map[string]types.GomegaMatcher) types.GomegaMatcher {
	matchers := []types.GomegaMatcher{HaveLen(len(expected))}
	for user, end := range expected {
		matchers = append(matchers, HaveKeyWithValue(user, end))
	}
	return And(matchers...)
}

func TestBanEndsByItself(t *testing.T) {
	s := begin(t)
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "troll"})).To(Succeed())
	until := metav1.NewTime(time.Now().Add(3 * time.Second))
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.BannedAccounts = []imv1alpha1.BannedAccount{{UserID: "troll", Until: &until}}
	})
	s.create(room)
	banned := func() []string {
		s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
		return room.Status.BannedUserIDs
	}
	s.Eventually(banned).Should(ConsistOf("troll"))
	s.Eventually(banned).Should(BeEmpty())
	s.Expect(s.group("live_one").Banned).To(BeEmpty())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

func TestWholeProfileIsBroughtBack(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.ProfileFields = []string{"Tier"} })
	avatar, role := "https://img.example.com/host.png", int64(7)
	host := s.account("host")
	host.Spec.AvatarURL, host.Spec.Role = &avatar, &role
	host.Spec.Gender, host.Spec.AllowType = "Female", "DenyAny"
	host.Spec.CustomProfile = []imv1alpha1.CustomProfileField{{Tag: "Tier", Value: "金牌"}}
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	profile := func() map[string]any { a, _ := s.sim.Account("host"); return a.Profile }
	declared := map[string]any{
		"Tag_Profile_IM_Nick": "主播小林", "Tag_Profile_IM_Image": avatar, "Tag_Profile_IM_Gender": "Gender_Type_Female",
		"Tag_Profile_IM_AllowType": "AllowType_Type_DenyAny", "Tag_Profile_IM_Level": int64(3), "Tag_Profile_IM_Role": int64(7),
		"Tag_Profile_Custom_Tier": "金牌",
	}
	s.Expect(profile()).To(Equal(declared))

	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "host", Profile: map[string]any{
		"Tag_Profile_IM_Nick": "x", "Tag_Profile_IM_Image": "x", "Tag_Profile_IM_Gender": "Gender_Type_Male",
		"Tag_Profile_IM_AllowType": "AllowType_Type_AllowAny", "Tag_Profile_IM_Level": 1, "Tag_Profile_IM_Role": 1,
		"Tag_Profile_Custom_Tier": "x",
	}})).To(Succeed())
	s.Eventually(profile).Should(Equal(declared))
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
}

func TestAccountDeletedElsewhereComesBack(t *testing.T) {
	s := begin(t)
	host := s.account("host")
	s.create(host)
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	s.Expect(s.sim.DeleteAccount("host")).To(BeTrue())
	s.Eventually(func() any { a, _ := s.sim.Account("host"); return a.Profile["Tag_Profile_IM_Nick"] }).Should(Equal("主播小林"))
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
}

// A sweep over what is as declared reads, and leaves no trace.
func TestSweepsOfUnchangedThingsAreSilent(t *testing.T) {
	s := begin(t)
	room, host := s.everything(), s.account("host")
	host.Spec.UserSig = &imv1alpha1.UserSigSecret{SecretName: "host-usersig"}
	s.create(s.field("add-goods", "add_goods"), s.field("room-status", "room_status"), room, host)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Eventually(s.ready(host)).Should(Equal(asDeclared))
	s.quiet(time.Second)

	before, written, groups, profiles := env.Requests().Snapshot(), s.writesToIM(), s.sim.Calls("get_group_info"), s.sim.Calls("portrait_get")
	s.Eventually(func() int { return s.sim.Calls("get_group_info") - groups }).Should(BeNumerically(">=", 5))
	s.Eventually(func() int { return s.sim.Calls("portrait_get") - profiles }).Should(BeNumerically(">=", 5))
	since := env.Requests().Since(before).By(s.agent()).In(s.namespace)
	s.Expect(since.Writes().String()).To(BeEmpty())
	s.Expect(since.Events().String()).To(BeEmpty())
	s.Expect(s.writesToIM()).To(Equal(written))
}
