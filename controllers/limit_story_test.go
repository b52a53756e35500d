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
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func (s *story) message(obj imv1alpha1.Object) string {
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(obj), obj)).To(Succeed())
	ready := meta.FindStatusCondition(obj.GetObjectStatus().Conditions, imv1alpha1.ConditionReady)
	if ready == nil {
		return ""
	}
	return ready.Message
}

func TestOlderLimitsAreNamed(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.LegacyLimits = true })
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) { spec.Name = strings.Repeat("童", 20) })
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False Invalid"))
	s.Expect(s.message(room)).To(ContainSubstring("name (60 of 30 bytes)"))
	s.Expect(s.condition(room, imv1alpha1.ConditionLengthWarning)()).To(Equal("True ExceedsOlderLimit"))
	s.Expect(s.condition(room, imv1alpha1.ConditionStalled)()).To(Equal("True Invalid"))
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Name = "童装" })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.condition(room, imv1alpha1.ConditionLengthWarning)()).To(Equal("absent"))
}

func TestQuotaHealsElsewhere(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.MaxAVChatRooms = 1 })
	first, second := s.room("one"), s.room("two")
	s.create(first)
	s.Eventually(s.ready(first)).Should(Equal(asDeclared))
	s.create(second)
	s.Eventually(s.ready(second)).Should(Equal("False QuotaExceeded"))
	s.Expect(s.condition(second, imv1alpha1.ConditionReconciling)()).To(Equal("True QuotaExceeded"))
}

func TestThrottledProvider(t *testing.T) {
	s := begin(t, func(o *simim.Options) { o.RateLimit, o.Burst = 10, 3 })
	const count = 30
	rooms := make([]*imv1alpha1.LiveRoom, count)
	for i := range rooms {
		rooms[i] = s.room(fmt.Sprintf("r%02d", i))
		s.create(rooms[i])
	}
	s.Eventually(s.condition(s.app(), imv1alpha1.ConditionThrottled)).Should(Equal("True RateLimited"))
	for _, room := range rooms {
		s.Eventually(s.ready(room), 60*time.Second).Should(Equal(asDeclared))
	}
	s.Expect(s.sim.Groups()).To(HaveLen(count))
}

func TestEleventhField(t *testing.T) {
	s := begin(t, func(o *simim.Options) {
		o.GroupFields = nil
		for i := range imv1alpha1.MaxGroupFields {
			o.GroupFields = append(o.GroupFields, simim.FieldDefinition{Name: fmt.Sprintf("field_%d", i)})
		}
	})
	for i := range imv1alpha1.MaxGroupFields {
		field := s.field(fmt.Sprintf("a-field-%d", i), fmt.Sprintf("field_%d", i))
		s.create(field)
		s.Eventually(s.ready(field)).Should(Equal(asDeclared))
	}
	eleventh := s.field("z-field", "field_10")
	s.create(eleventh)
	s.Eventually(s.ready(eleventh)).Should(Equal("False TooManyFields"))
}

func TestOneFieldNameInTwoScopes(t *testing.T) {
	s := begin(t)
	first := s.field("goods", "add_goods")
	s.create(first)
	s.Eventually(s.ready(first)).Should(Equal(asDeclared))
	second := s.field("goods-member", "add_goods")
	second.Spec.Scope = imv1alpha1.FieldScopeMember
	second.Spec.GroupTypes = []imv1alpha1.FieldGroupType{{Type: imv1alpha1.RoomTypePublic}}
	s.create(second)
	s.Eventually(s.ready(second)).Should(Equal("False Conflict"))
	s.Expect(s.client.Delete(s.ctx, first)).To(Succeed())
	s.Eventually(s.ready(second)).Should(Equal("False NotRegistered"))
}
