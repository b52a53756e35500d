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

package liveroom

import (
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// keptSessions bounds how many ends of sessions are remembered at once. Of one that is
// forgotten the worst is that it is made twice.
const keptSessions = 4096

// sessions remembers which TRTC rooms were ended until their status says so: a pass whose
// status meets another change of the object is made once more, and must not remove
// people a second time.
type sessions struct {
	kept *lru.Cache[types.UID, sessionMade]
}

// sessionMade is what status is to say of a session that was ended.
type sessionMade struct {
	State imv1alpha1.RoomState
	Since metav1.Time
}

func newSessions() (*sessions, error) {
	kept, err := lru.New[types.UID, sessionMade](keptSessions)
	if err != nil {
		return nil, fmt.Errorf("making the memory of sessions: %w", err)
	}
	return &sessions{kept: kept}, nil
}

func (s *sessions) remember(room types.UID, b *Block, end SessionEnd) {
	s.kept.Add(room, sessionMade{State: end.State, Since: metav1.NewTime(b.ProviderNow)})
}

// recall returns what was made of a room's session and may be missing in its status. Nil:
// nothing.
func (s *sessions) recall(room types.UID) *sessionMade {
	if made, ok := s.kept.Get(room); ok {
		return &made
	}
	return nil
}

// settle forgets what status says by now, or what has been taken back since.
func (s *sessions) settle(room types.UID, b *Block, status *imv1alpha1.StreamBlock) {
	made := s.recall(room)
	if made == nil {
		return
	}
	if b == nil || b.For == "" || b.Session == nil || status != nil && (status.State == made.State && status.Since.Equal(&made.Since) || made.Since.Before(&status.Since)) {
		s.kept.Remove(room)
	}
}

// complete adds to what status says of a block what it does not say yet.
func (m *sessionMade) complete(status *imv1alpha1.StreamBlock) *imv1alpha1.StreamBlock {
	if m == nil || status != nil && m.Since.Before(&status.Since) {
		return status
	}
	block := &imv1alpha1.StreamBlock{}
	if status != nil {
		block.Until = status.Until.DeepCopy()
	}
	block.State, block.Since = m.State, m.Since
	return block
}
