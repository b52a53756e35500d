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
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// filesWith lists the files under a directory that contain a text.
func filesWith(t *testing.T, directory, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (s *story) levels(name string, change ...func(*imv1alpha1.UserLevelPolicySpec)) *imv1alpha1.UserLevelPolicy {
	policy := &imv1alpha1.UserLevelPolicy{ObjectMeta: s.meta(name), Spec: imv1alpha1.UserLevelPolicySpec{
		AppRef: imv1alpha1.AppReference{Name: "app"},
		Scoring: []imv1alpha1.ScoringRule{
			{Name: "chat", Match: imv1alpha1.ScoringMatchText, Points: pointer(int32(1)), PerUserPerMinute: pointer(int32(5))},
			{Name: "gift", Match: imv1alpha1.ScoringMatchCustom, Event: "SEND_GIFT", PointsExpression: "int(ext.price) * 2"},
		},
		Levels:       []imv1alpha1.UserLevel{{Level: 1, Points: 2, Title: "新粉"}, {Level: 2, Points: 50, Title: "铁粉"}, {Level: 3, Points: 1000}},
		Announcement: &imv1alpha1.LevelAnnouncement{Event: "LEVEL_UP"},
	}}
	for _, c := range change {
		c(&policy.Spec)
	}
	return policy
}

func (s *story) level(userID string) func() int64 {
	return func() int64 {
		account, ok := s.sim.Account(userID)
		if !ok {
			return -1
		}
		level, _ := account.Profile[imv1alpha1.ProfileTagLevel].(int64)
		return level
	}
}

// announced lists the levels that a room was told of.
func (s *story) announced(room *imv1alpha1.LiveRoom) func() []string {
	return func() []string {
		var told []string
		for _, message := range s.sim.GroupMessages(room.GroupID()) {
			for _, element := range message.Body {
				var content struct{ MsgContent struct{ Data, Ext string } }
				text, err := json.Marshal(element)
				s.Expect(err).NotTo(HaveOccurred())
				if json.Unmarshal(text, &content) == nil && content.MsgContent.Data == "LEVEL_UP" {
					told = append(told, content.MsgContent.Ext)
				}
			}
		}
		return told
	}
}

func TestUsersRiseByWhatTheyDo(t *testing.T) {
	s := begin(t)
	for _, user := range []string{"ann", "bob"} {
		s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: user})).To(Succeed())
	}
	room := s.open(s.room("kids"))
	policy := s.levels("fans")
	s.create(policy)
	s.Eventually(s.condition(policy, imv1alpha1.ConditionReady)).Should(Equal("True InForce"))

	said := text(room, "ann", "hello")
	for range 4 { // one message, repeated
		s.Expect(s.call(afterSend, said)).To(Equal(accepted))
	}
	s.call(afterSend, text(room, "bob", "one"))
	s.call(afterSend, text(room, "bob", "two"))
	s.Eventually(s.level("bob")).Should(Equal(int64(1)))
	s.Expect(s.level("ann")()).To(Equal(int64(0)))
	s.Eventually(s.announced(room)).Should(ConsistOf(MatchJSON(`{"userID":"bob","level":1,"title":"新粉"}`)))

	s.call(afterSend, custom(room, "ann", "SEND_GIFT", `{"price":"25"}`))
	s.Eventually(s.level("ann")).Should(Equal(int64(2)))
	s.Eventually(s.announced(room)).Should(ContainElement(MatchJSON(`{"userID":"ann","level":2,"title":"铁粉"}`)))
	s.Eventually(s.activity(room)).Should(HaveField("Messages", int64(4)), "announcements are not counted")
}

func TestChatIsCappedPerMinute(t *testing.T) {
	s := begin(t)
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "ann"})).To(Succeed())
	room := s.open(s.room("kids"))
	policy := s.levels("fans", func(p *imv1alpha1.UserLevelPolicySpec) {
		p.Levels = []imv1alpha1.UserLevel{{Level: 1, Points: 5}, {Level: 2, Points: 6}}
		p.Announcement = nil
	})
	s.create(policy)
	s.Eventually(s.condition(policy, imv1alpha1.ConditionReady)).Should(Equal("True InForce"))
	minute := time.Now().Truncate(time.Minute)
	for i := range 12 {
		said := text(room, "ann", fmt.Sprint(i))
		said["MsgTime"], said["EventTime"] = minute.Unix(), minute.UnixMilli()
		s.Expect(s.call(afterSend, said)).To(Equal(accepted))
	}
	s.Eventually(s.level("ann")).Should(Equal(int64(1)))
	said := text(room, "ann", "the next minute")
	said["MsgTime"], said["EventTime"] = minute.Add(time.Minute).Unix(), minute.Add(time.Minute).UnixMilli()
	s.Expect(s.call(afterSend, said)).To(Equal(accepted))
	s.Eventually(s.level("ann")).Should(Equal(int64(2)))
}

func TestLevelsAreWrittenOnceImAllowsIt(t *testing.T) {
	s := begin(t)
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "ann"})).To(Succeed())
	room := s.open(s.room("kids"))
	policy := s.levels("fans")
	s.create(policy)
	s.Eventually(s.condition(policy, imv1alpha1.ConditionReady)).Should(Equal("True InForce"))
	_, err := s.sim.InjectFault(simim.Fault{Command: "portrait_set", Code: 60011, Times: 1000})
	s.Expect(err).NotTo(HaveOccurred())
	s.call(afterSend, text(room, "ann", "one"))
	s.call(afterSend, text(room, "ann", "two"))
	s.Eventually(func() int { return s.sim.Calls("portrait_set") }).Should(BeNumerically(">", 0))
	s.stop() // with the level not written
	s.sim.ClearFaults()
	s.start()
	s.Eventually(s.level("ann")).Should(Equal(int64(1)))
}

func TestDeclaredLevelsAreLeftAlone(t *testing.T) {
	s := begin(t)
	host := &imv1alpha1.ImAccount{ObjectMeta: s.meta("host"), Spec: imv1alpha1.ImAccountSpec{
		AppRef: imv1alpha1.AppReference{Name: "app"}, Level: pointer(int64(99)),
	}}
	s.create(host)
	s.Eventually(s.condition(host, imv1alpha1.ConditionReady)).Should(Equal("True AsDeclared"))
	s.known("Profile.CallbackPortraitSet", body{"From_Account": "host", "ProfileItem": []any{}})
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "ann"})).To(Succeed())
	room := s.open(s.room("kids"))
	policy := s.levels("fans")
	s.create(policy)
	s.Eventually(s.condition(policy, imv1alpha1.ConditionAccountsExcluded)).Should(Equal("True DeclaredLevel"))
	for _, user := range []string{"host", "ann"} {
		s.call(afterSend, text(room, user, "one"))
		s.call(afterSend, text(room, user, "two"))
	}
	s.Eventually(s.level("ann")).Should(Equal(int64(1)))
	s.Expect(s.level("host")()).To(Equal(int64(99)))
	update(s, host, func(a *imv1alpha1.ImAccount) { a.Spec.Level = nil })
	s.Eventually(s.condition(policy, imv1alpha1.ConditionAccountsExcluded)).Should(Equal("not looked at"))
}

func TestTwoPoliciesForOneFieldConflict(t *testing.T) {
	s := begin(t)
	first, second := s.levels("a"), s.levels("b")
	s.create(first)
	s.Eventually(s.condition(first, imv1alpha1.ConditionReady)).Should(Equal("True InForce"))
	s.create(second)
	s.Eventually(s.condition(second, imv1alpha1.ConditionReady)).Should(Equal("False Conflict"))
	s.Expect(s.client.Delete(s.ctx, first)).To(Succeed())
	s.Eventually(s.condition(second, imv1alpha1.ConditionReady)).Should(Equal("True InForce"))
}

func TestLevelsOfAFieldThatTheConsoleLacksWaitForIt(t *testing.T) {
	s := begin(t)
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "ann"})).To(Succeed())
	room := s.open(s.room("kids"))
	policy := s.levels("fans", func(p *imv1alpha1.UserLevelPolicySpec) { p.ProfileTag = imv1alpha1.ProfileTagCustomPrefix + "Fan" })
	s.create(policy)
	s.Eventually(s.condition(policy, imv1alpha1.ConditionReady)).Should(Equal("True InForce"))
	s.call(afterSend, text(room, "ann", "one"))
	s.call(afterSend, text(room, "ann", "two"))
	unwritten := s.condition(policy, imv1alpha1.ConditionLevelsUnwritten)
	s.Eventually(unwritten).Should(HavePrefix("True "))
	s.Expect(s.sim.DefineProfileField("Fan", 0)).To(Succeed())
	s.Eventually(func() any { account, _ := s.sim.Account("ann"); return account.Profile[policy.Tag()] }).Should(Equal("1"))
	s.Eventually(unwritten).Should(Equal("not looked at"))
}

// TestConstantMsgSeqMergesNothing has one user write many messages within a
// second into a live group whose MsgSeq does not count.
func TestConstantMsgSeqMergesNothing(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.ConstantLiveSeq = true })
	s.Expect(s.sim.SeedAccounts(simim.AccountSeed{UserID: "ann"})).To(Succeed())
	room := s.open(s.room("kids"))
	s.calledBack()
	s.Expect(s.sim.JoinViewer(room.GroupID(), "ann")).To(Succeed())
	const said = 30
	for i := range said {
		_, err := s.sim.SendAsClient(room.GroupID(), simim.ClientMessage{From: "ann", Text: fmt.Sprint(i)})
		s.Expect(err).NotTo(HaveOccurred())
	}
	s.Eventually(s.activity(room)).Should(HaveField("Messages", int64(said)))
}
