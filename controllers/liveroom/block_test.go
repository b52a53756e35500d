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
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/live/control"
)

const (
	onAir, paused, ended = imv1alpha1.RoomLive, imv1alpha1.RoomPaused, imv1alpha1.RoomEnded
)

// made is a block that was made at a time, and ends at another one if it is given.
func made(state imv1alpha1.RoomState, since time.Time, until ...time.Time) *imv1alpha1.StreamBlock {
	block := &imv1alpha1.StreamBlock{State: state, Since: metav1.NewTime(since)}
	if len(until) > 0 {
		block.Until = &metav1.Time{Time: until[0]}
	}
	return block
}

func TestPlanBlock(t *testing.T) {
	t.Parallel()
	now := openAt
	week, soon := now.Add(blockFor), now.Add(blockRenewal-time.Second)
	session := &Session{RoomID: 12345, Pusher: "anchor01"}
	css := func(state imv1alpha1.RoomState, block *imv1alpha1.StreamBlock) *Block {
		return &Block{For: state, Made: block, Name: "s", Held: "s", Now: now, ProviderNow: now}
	}
	trtc := func(state imv1alpha1.RoomState, block *imv1alpha1.StreamBlock, copied string, pushed time.Time) *Block {
		return &Block{For: state, Made: block, Name: copied, Held: copied, Session: session, PushedSince: pushed, Now: now, ProviderNow: now}
	}
	moved := css(paused, made(paused, now, week))
	moved.Held = "former"
	inSpite := css(paused, made(paused, now, week))
	inSpite.PushedSince = now.Add(time.Second)
	before := css(paused, made(paused, now, week))
	before.PushedSince = now.Add(-time.Second)
	lost := css(paused, nil)
	lost.Problem = errors.New("no key")
	for _, c := range []struct {
		name  string
		block *Block
		want  []string
	}{
		{"not controlled", nil, nil},
		{"live", css("", nil), nil},
		{"paused", css(paused, nil), []string{"set " + pathBlock}},
		{"paused already", css(paused, made(paused, now, week)), nil},
		{"of which it is not known whether it was", css(paused, made(paused, now, now)), []string{"set " + pathBlock}},
		{"ended after it was paused", css(ended, made(paused, now, week)), nil},
		{"three days are left", css(paused, made(paused, now, soon)), []string{"set " + pathBlock}},
		{"pushed in spite of it", inSpite, []string{"set " + pathBlock}},
		{"pushed before, as far as callbacks told", before, nil},
		{"live again", css("", made(paused, now, week)), []string{"remove " + pathFormer}},
		{"of another name: one after the other", moved, []string{"remove " + pathFormer}},
		{"without the means", lost, []string{"set " + pathBlock}},
		{"room, paused", trtc(paused, nil, "", time.Time{}), []string{"set " + pathBlock}},
		{"room, paused already", trtc(paused, made(paused, now), "", time.Time{}), nil},
		{"room, ended after it was paused", trtc(ended, made(paused, now), "", time.Time{}), []string{"set " + pathBlock}},
		{"room, pushed to before", trtc(paused, made(paused, now), "", now.Add(-time.Second)), nil},
		{"room, pushed to since", trtc(paused, made(paused, now), "", now.Add(time.Second)), []string{"set " + pathBlock}},
		{"room, live again", trtc("", made(paused, now), "", time.Time{}), nil},
		{"room and copy, paused", trtc(paused, nil, "c", time.Time{}), []string{"set " + pathBlock, "set " + pathCopy}},
		{"room and copy, the copy is not forbidden yet", trtc(paused, made(paused, now), "c", time.Time{}), []string{"set " + pathCopy}},
		{"room and copy, only the copy is forbidden", trtc(paused, made(onAir, now, week), "c", time.Time{}), []string{"set " + pathBlock}},
		{"room and copy, live again", trtc("", made(paused, now, week), "c", time.Time{}), []string{"remove " + pathFormer}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, change := range planBlock(c.block) {
				if !change.Apart {
					t.Errorf("%s holds up others", change.Path)
				}
				got = append(got, string(change.Verb)+" "+change.Path)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What is noted before, and what status says in the end, for each outcome of a call.
func TestBlockIsRecorded(t *testing.T) {
	t.Parallel()
	now := openAt
	week := now.Add(blockFor)
	session := &Session{RoomID: 12345, Pusher: "anchor01"}
	forbid := lifecycle.Change{Path: pathBlock, Value: StreamForbid{Name: "s", State: paused, Until: week}}
	again := lifecycle.Change{Path: pathBlock, Value: StreamForbid{Name: "s", State: paused, Until: week, Push: now}}
	resume := lifecycle.Change{Path: pathFormer, Value: StreamResume{Name: "s"}}
	end := lifecycle.Change{Path: pathBlock, Value: SessionEnd{RoomID: 12345, State: paused}}
	all := func(changes ...lifecycle.Change) []lifecycle.Change { return changes }
	failed := func(change lifecycle.Change, err error) []lifecycle.Failure {
		return []lifecycle.Failure{{Change: change, Err: err}}
	}
	lost, no := &control.Error{Class: im.Unavailable}, &control.Error{Class: im.Unauthorized}
	for _, c := range []struct {
		name     string
		block    Block
		due      []lifecycle.Change
		noted    *imv1alpha1.StreamBlock
		applied  []lifecycle.Change
		failures []lifecycle.Failure
		want     *imv1alpha1.StreamBlock
	}{
		{"forbidden", Block{For: paused, Name: "s"}, all(forbid), made(paused, now, now), all(forbid), nil, made(paused, now, week)},
		{"perhaps forbidden", Block{For: paused, Name: "s"}, all(forbid), made(paused, now, now), nil, failed(forbid, lost), made(paused, now, now)},
		{"refused", Block{For: paused, Name: "s"}, all(forbid), made(paused, now, now), nil, failed(forbid, no), nil},
		{"not called", Block{For: paused, Name: "s"}, all(forbid), made(paused, now, now), nil, failed(forbid, hold.New("Invalid", "")), nil},
		{"renewed", Block{For: paused, Name: "s", Made: made(paused, closeAt, now)}, all(forbid), nil, all(forbid), nil, made(paused, closeAt, week)},
		{"not renewed, refused", Block{For: paused, Name: "s", Made: made(paused, closeAt, now)}, all(forbid), nil, nil, failed(forbid, no), made(paused, closeAt, now)},
		{"ended, and still forbidden", Block{For: ended, Name: "s", Made: made(paused, closeAt, week)}, nil, nil, nil, nil, made(ended, closeAt, week)},
		{"let go", Block{Name: "s", Made: made(paused, closeAt, week)}, all(resume), made(paused, closeAt, now), all(resume), nil, nil},
		{"not let go, or nobody knows", Block{Name: "s", Made: made(paused, closeAt, week)}, all(resume), made(paused, closeAt, now), nil, failed(resume, lost), made(paused, closeAt, now)},
		{"let go at last", Block{Name: "s", Made: made(paused, closeAt, now)}, all(resume), nil, all(resume), nil, nil},
		{"pushed in spite of it", Block{For: paused, Name: "s", Made: made(paused, closeAt, week), PushedSince: now}, all(again), nil, all(again), nil, made(paused, now, week)},
		{"nothing to do", Block{Name: "s"}, nil, nil, nil, nil, nil},
		{"room ended", Block{For: paused, Session: session}, all(end), nil, all(end), nil, made(paused, now)},
		{"room not ended", Block{For: paused, Session: session}, all(end), nil, nil, failed(end, no), nil},
		{"room ended again", Block{For: paused, Session: session, Made: made(paused, closeAt)}, all(end), nil, all(end), nil, made(paused, now)},
		{"room live again", Block{Session: session, Made: made(paused, closeAt)}, nil, nil, nil, nil, nil},
		{"room and copy", Block{For: paused, Session: session, Name: "s"}, all(end, forbid), made(onAir, now, now), all(end, forbid), nil, made(paused, now, week)},
		{"room ended, copy refused", Block{For: paused, Session: session, Name: "s"}, all(end, forbid), made(onAir, now, now), all(end), failed(forbid, no), made(paused, now)},
		{"room ended, copy perhaps", Block{For: paused, Session: session, Name: "s"}, all(end, forbid), made(onAir, now, now), all(end), failed(forbid, lost), made(paused, now, now)},
		{"room not ended, copy forbidden", Block{For: paused, Session: session, Name: "s"}, all(end, forbid), made(onAir, now, now), all(forbid), failed(end, lost), made(onAir, now, week)},
		{"room ended before, copy now", Block{For: paused, Session: session, Name: "s", Made: made(paused, closeAt)}, all(forbid), made(paused, closeAt, now), all(forbid), nil, made(paused, closeAt, week)},
		{"copy let go, room stays ended", Block{For: paused, Session: session, Made: made(paused, closeAt, week)}, all(resume), made(paused, closeAt, now), all(resume), nil, made(paused, closeAt)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := c.block
			b.Now, b.ProviderNow = now, now
			noted := b.intended(c.due)
			if !reflect.DeepEqual(noted, c.noted) {
				t.Fatalf("noted %v, want %v", noted, c.noted)
			}
			if noted == nil {
				noted = b.Made
			}
			if got := b.after(noted, c.applied, c.failures); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Before a stream is let go it is noted which one that is, whatever spec names now: the
// process may end before the pass does.
func TestIntentIsAboutTheHeldStream(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for name, next := range map[string]string{"live again": "", "renamed": "show43"} {
		room := &imv1alpha1.LiveRoom{}
		room.Status.StreamName = "show42"
		room.Status.StreamBlock = &imv1alpha1.StreamBlock{State: imv1alpha1.RoomPaused, Since: metav1.NewTime(now), Until: &metav1.Time{Time: now.Add(100 * time.Hour)}}
		for range 2 {
			b := newBlock(room, now, now)
			if b.Name = next; next != "" {
				b.For = imv1alpha1.RoomPaused
			}
			due := planBlock(b)
			if len(due) != 1 || due[0].Value != (StreamResume{Name: "show42"}) {
				t.Errorf("%s: %+v is due", name, due)
			}
			(&Kind{}).Record(room, Desired{Block: b}, due)
		}
		if room.Status.StreamName != "show42" {
			t.Errorf("%s: noted is %q", name, room.Status.StreamName)
		}
	}
}

// A block that this pass makes is due again in time, though nothing else may wake the room.
func TestRenewalOfWhatIsMadeNow(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b := &Block{For: imv1alpha1.RoomPaused, Name: "show42", Now: now}
	if got, want := b.renewal(), now.Add(blockFor-blockRenewal); !got.Equal(want) {
		t.Errorf("it is due at %s, not %s", got, want)
	}
}
