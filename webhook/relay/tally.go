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

package relay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// maxErased bounds how many erasures a tally remembers. One is repeated only
// right after a crash.
const maxErased = 64

// tally is what one partition adds to the numbers of one account. The sum is
// derived from the customers, and written for those who report it; what erased
// customers leave behind is nowhere else.
type tally struct {
	Sum sum `json:"sum"`
	// Gone are the totals of customers who were erased.
	Gone conversation.Totals `json:"gone,omitzero"`
	// Erased are those of them who were added last.
	Erased []string `json:"erased,omitempty"`
	// OriginalID of the account, and the minute of its last push, in seconds.
	OriginalID string `json:"originalID,omitempty"`
	LastMinute int64  `json:"lastMinute,omitempty"`
	// Trouble of the member that has the partition, with all of its partitions. Only
	// the tally of the first of them has it.
	Trouble *distress `json:"trouble,omitempty"`
}

// distress is what keeps one member from passing on the messages of an account.
type distress struct {
	// At is when it was told last, in seconds since 1970. One that is not told again
	// is over, or its member is gone.
	At int64 `json:"at"`
	// Late is how many customers have waited too long.
	Late int64 `json:"late,omitempty"`
	// Obstacle is why, when it is known.
	Obstacle string `json:"obstacle,omitempty"`
}

// sum over the customers of an account.
type sum struct {
	Followers  int64            `json:"followers,omitempty"`
	ToAgent    int64            `json:"toAgent,omitempty"`
	ToCustomer int64            `json:"toCustomer,omitempty"`
	Unknown    int64            `json:"unknown,omitempty"`
	Waiting    int64            `json:"waiting,omitempty"`
	Sessions   map[string]int32 `json:"sessions,omitempty"`
}

// tallyName names the tally of an account in a partition.
func tallyName(uid string, partition int) journal.StateKey {
	return journal.StateKey{Kind: Tallies, Name: uid + "/" + strconv.Itoa(partition), Partition: partition}
}

// accountOf is the UID in the name of a tally.
func accountOf(name string) string {
	uid, _, _ := strings.Cut(name, "/")
	return uid
}

func loadTally(data []byte) (*tally, error) {
	t := &tally{}
	if len(data) == 0 {
		return t, nil
	}
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("reading a tally: %w", err)
	}
	return t, nil
}

// AppendState implements journal.State.
func (t *tally) AppendState(to []byte) ([]byte, error) {
	data, err := json.Marshal(t)
	return append(to, data...), err
}

// report takes over the present sum, and reports whether it is news.
func (t *tally) report(now sum, originalID string, minute int64) bool {
	changed := !t.Sum.equal(&now) || originalID != "" && originalID != t.OriginalID || minute > t.LastMinute
	t.Sum = now
	if originalID != "" {
		t.OriginalID = originalID
	}
	t.LastMinute = max(t.LastMinute, minute)
	return changed
}

// bury adds the totals of a customer who was erased, once.
func (t *tally) bury(id string, totals conversation.Totals) bool {
	if slices.Contains(t.Erased, id) {
		return false
	}
	t.Erased = append(t.Erased, id)
	t.Erased = t.Erased[max(len(t.Erased)-maxErased, 0):]
	t.Gone.ToAgent += totals.ToAgent
	t.Gone.ToCustomer += totals.ToCustomer
	t.Gone.Unknown += totals.Unknown
	t.Gone.Buried += totals.Buried
	t.Gone.Lost += totals.Lost
	return true
}

func (s *sum) equal(other *sum) bool {
	if s.Followers != other.Followers || s.ToAgent != other.ToAgent || s.ToCustomer != other.ToCustomer ||
		s.Unknown != other.Unknown || s.Waiting != other.Waiting || len(s.Sessions) != len(other.Sessions) {
		return false
	}
	for agent, n := range s.Sessions {
		if other.Sessions[agent] != n {
			return false
		}
	}
	return true
}
