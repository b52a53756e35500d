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

package im_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	imsim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func peerText(from, to string, seq uint32, text string) im.PeerMessage {
	body := fmt.Sprintf(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]`, text)
	return im.PeerMessage{From: from, To: to, Seq: seq, Random: 1000 + seq, Body: json.RawMessage(body), CloudCustomData: "mark"}
}

// history reads all pages and returns them oldest first, as sender, MsgSeq and MsgRandom.
func history(t *testing.T, c *im.Client, userID, peerID string) []string {
	t.Helper()
	query := &im.RoamingQuery{UserID: userID, PeerID: peerID, From: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour)}
	var seen []string
	for query != nil {
		page, err := c.RoamingMessages(t.Context(), *query)
		must(t, err)
		if page.Complete != (page.Next == nil) {
			t.Errorf("complete %v, next %v", page.Complete, page.Next)
		}
		var here []string
		for _, m := range page.Messages {
			here = append(here, fmt.Sprintf("%s %d %d", m.From, m.Seq, m.Random))
		}
		seen = append(here, seen...)
		query = page.Next
	}
	return seen
}

// A message whose answer was lost, sent again unchanged, is there once; the history tells that it was taken.
func TestUnknownOutcomeOfAPeerMessageIsResolved(t *testing.T) {
	tests := map[string]struct {
		fault imsim.Fault
		taken bool
	}{
		"reset after commit":           {imsim.Fault{Reset: imsim.ResetAfterCommit}, true},
		"reset before commit":          {imsim.Fault{Reset: imsim.ResetBeforeCommit}, false},
		"time-out after commit":        {imsim.Fault{Code: 60008, Commit: true}, true},
		"gateway, nothing taken":       {imsim.Fault{HTTPStatus: 504}, false},
		"internal error, nothing done": {imsim.Fault{Code: 91000}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, c := simulate(t, imsim.Options{})
			importAll(t, c, "wx-alice", "lin")
			message := peerText("wx-alice", "lin", 7, "hi")
			test.fault.Command, test.fault.Times = "sendmsg", 1
			if _, err := sim.InjectFault(test.fault); err != nil {
				t.Fatal(err)
			}
			_, err := c.SendPeerMessage(t.Context(), message)
			want(t, im.UnknownOutcome, err)
			var expected []string
			if test.taken {
				expected = []string{"wx-alice 7 1007"}
			}
			if got := history(t, c, "lin", "wx-alice"); !slices.Equal(got, expected) {
				t.Errorf("the history has %v, want %v", got, expected)
			}

			sent, err := c.SendPeerMessage(t.Context(), message)
			must(t, err)
			kept := sim.ChatMessages("wx-alice", "lin")
			if len(kept) != 1 || kept[0].Key != sent.Key || kept[0].Time != sent.Time.Unix() || sent.ID == "" {
				t.Errorf("sent %+v, the conversation has %+v", sent, kept)
			}
			if got := sim.Calls("sendmsg"); got != 2 {
				t.Errorf("%d calls, want 2", got)
			}
		})
	}
}

// Both directions are in the history of either party, in the order of one second's MsgSeq, whatever the size of pages.
func TestHistoryOfPeersAgainstTheSimulator(t *testing.T) {
	at := time.Now().Truncate(time.Second)
	_, c := simulate(t, imsim.Options{RateLimit: -1, Clock: func() time.Time { return at }})
	importAll(t, c, "wx-alice", "lin", "kim")
	filler := strings.Repeat("x", 5<<10)
	var expected []string
	for _, seq := range []uint32{5, 3, 8, 1, 7, 2} {
		from, to := "wx-alice", "lin"
		if seq%2 == 0 {
			from, to = to, from
		}
		_, err := c.SendPeerMessage(t.Context(), peerText(from, to, seq, filler))
		must(t, err)
		expected = append(expected, fmt.Sprintf("%d %s %d %d", seq, from, seq, 1000+seq))
	}
	slices.Sort(expected)
	for i := range expected {
		_, expected[i], _ = strings.Cut(expected[i], " ")
	}
	hidden := peerText("lin", "wx-alice", 9, "not for my own list")
	hidden.SenderCopy = im.SenderCopyNone
	_, err := c.SendPeerMessage(t.Context(), hidden)
	must(t, err)
	fleeting := peerText("lin", "wx-alice", 10, "typing")
	fleeting.OnlineOnly = true
	_, err = c.SendPeerMessage(t.Context(), fleeting)
	must(t, err)

	if got := history(t, c, "lin", "wx-alice"); !slices.Equal(got, expected) {
		t.Errorf("lin has %v\nwant %v", got, expected)
	}
	if got := history(t, c, "wx-alice", "lin"); !slices.Equal(got, append(expected, "lin 9 1009")) {
		t.Errorf("wx-alice has %v", got)
	}
	if got := history(t, c, "kim", "lin"); len(got) != 0 {
		t.Errorf("kim has %v", got)
	}
	_, err = c.RoamingMessages(t.Context(), im.RoamingQuery{UserID: "ghost", PeerID: "lin", From: at, Until: at})
	want(t, im.NotFound, err)
}

// The body and what stands beside it arrive as they were sent.
func TestPeerMessageArrivesAsItWas(t *testing.T) {
	sim, c := simulate(t, imsim.Options{})
	importAll(t, c, "wx-alice", "lin")
	message := peerText("wx-alice", "lin", 4294967295, `童装 <b> & "quoted"`)
	message.Random = 4294967295
	sent, err := c.SendPeerMessage(t.Context(), message)
	must(t, err)
	page, err := c.RoamingMessages(t.Context(), im.RoamingQuery{UserID: "lin", PeerID: "wx-alice", From: sent.Time, Until: sent.Time})
	must(t, err)
	if len(page.Messages) != 1 {
		t.Fatalf("got %+v", page)
	}
	got := page.Messages[0]
	if !sameJSON(t, got.Body, message.Body) {
		t.Errorf("the body is %s", got.Body)
	}
	got.Body = nil
	if expected := (im.RoamingMessage{
		From: "wx-alice", To: "lin", Seq: message.Seq, Random: message.Random, Key: sent.Key, Time: sent.Time, CloudCustomData: "mark",
	}); fmt.Sprint(got) != fmt.Sprint(expected) {
		t.Errorf("got  %+v\nwant %+v", got, expected)
	}
	if calls := sim.Calls("sendmsg"); calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

func sameJSON(t *testing.T, one, other []byte) bool {
	t.Helper()
	var a, b any
	must(t, json.Unmarshal(one, &a))
	must(t, json.Unmarshal(other, &b))
	return fmt.Sprint(a) == fmt.Sprint(b)
}
