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
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/live/control"
)

const (
	// blockFor is how long a stream is forbidden at a time: what the provider allows
	// whichever of its documents is right, live contract, section 5, and by whichever
	// clock.
	blockFor = control.MaxForbidden - time.Hour
	// blockRenewal is how much of it is left when it is forbidden anew.
	blockRenewal = 3 * 24 * time.Hour

	pathBlock  = "stateControl.streamUnlessLive"
	pathCopy   = pathBlock + "[copy]"
	pathFormer = pathBlock + "[former]"
)

// Block is whether a room's stream may run, and what the operator has done about it.
type Block struct {
	// For is the state that the stream is to be blocked for. Empty: it may run.
	For imv1alpha1.RoomState
	// Made is what status says has been done. Nil: nothing.
	Made *imv1alpha1.StreamBlock
	// Name of the stream in CSS, or of the copy of a TRTC room there. Empty when
	// there is none, or when it is not the operator's to control.
	Name string
	// Held is the name that was forbidden.
	Held string
	// Session is the TRTC room. Nil for a CSS stream.
	Session *Session
	// PushedSince is when the push that callbacks tell of began. Zero: nobody pushes.
	PushedSince time.Time
	// Now is the time of the decision, in whole seconds, and ProviderNow by the clock
	// that callbacks tell the time by.
	Now, ProviderNow time.Time
	// Problem keeps the stream from being controlled. Nil: nothing does.
	Problem error

	// places are where a stream is to be found, without its name.
	places []control.Stream
	ended  *sessionMade   // what was made of the session and may be missing in status
	live   control.Config // of the API that controls CSS streams
	trtc   control.Config // of the one that controls TRTC rooms
}

// Session is a TRTC room and who pushes to it.
type Session struct {
	SDKAppID, RoomID int64
	Pusher           string
}

// StreamForbid is the value of a change that forbids a CSS stream.
type StreamForbid struct {
	Name  string
	State imv1alpha1.RoomState
	Until time.Time
	// Push is the push in spite of the block that it ends, if callbacks told of one.
	Push time.Time
}

// StreamResume is the value of a change that lets a CSS stream run again.
type StreamResume struct{ Name string }

// SessionEnd is the value of a change that removes the pusher from a TRTC room, or
// dismisses it.
type SessionEnd struct {
	RoomID int64
	State  imv1alpha1.RoomState
	// Push is the push that it ends, if callbacks told of one: the next one is ended
	// by another change, which is not taken for one that does not converge.
	Push time.Time
}

// planBlock is pure. It needs nothing of IM, so it serves also while IM cannot be read.
func planBlock(b *Block) []lifecycle.Change {
	if b == nil {
		return nil
	}
	var changes []lifecycle.Change
	change := func(verb lifecycle.Verb, path string, value any) {
		changes = append(changes, lifecycle.Change{
			Verb: verb, Path: path, Condition: imv1alpha1.ConditionStreamControlled, Value: value, Apart: true,
		})
	}
	switch {
	case b.Problem != nil:
		change(lifecycle.Set, pathBlock, Unread{Path: pathBlock, Err: b.Problem})
		return changes
	case forbidden(b.Made) && (b.For == "" || b.Held != b.Name):
		change(lifecycle.Remove, pathFormer, StreamResume{Name: b.Held})
		return changes // another name is forbidden once this one is let go
	case b.For == "":
		return nil
	}
	if b.Session != nil && b.sessionDue() {
		change(lifecycle.Set, pathBlock, SessionEnd{RoomID: b.Session.RoomID, State: b.For, Push: b.PushedSince})
	}
	if b.Name != "" && b.forbidDue() {
		path := pathBlock
		if b.Session != nil {
			path = pathCopy
		}
		forbid := StreamForbid{Name: b.Name, State: b.For, Until: b.Now.Add(blockFor)}
		if b.pushedInSpite() {
			forbid.Push = b.PushedSince
		}
		change(lifecycle.Set, path, forbid)
	}
	return changes
}

// forbidden reports whether a stream is forbidden by what was made, or may be.
func forbidden(made *imv1alpha1.StreamBlock) bool { return made != nil && made.Until != nil }

func (b *Block) forbidDue() bool {
	return !forbidden(b.Made) || b.Made.Until.Sub(b.Now) < blockRenewal || b.pushedInSpite()
}

// pushedInSpite reports whether a push to a forbidden CSS stream has begun: somebody
// else has let it run.
func (b *Block) pushedInSpite() bool {
	return b.Session == nil && forbidden(b.Made) && b.PushedSince.After(b.Made.Since.Time)
}

// sessionDue reports whether a TRTC room has to be ended: once for each state, and
// again when somebody has begun to push since.
func (b *Block) sessionDue() bool {
	return b.Made == nil || b.Made.State != b.For || !b.PushedSince.IsZero() && !b.PushedSince.Before(b.Made.Since.Time)
}

// renewal is when a block has to be made anew. One that is due by now is made by this
// pass, and the next one is due after it. Zero means never.
func (b *Block) renewal() time.Time {
	switch {
	case b.For == "" || b.Name == "":
		return time.Time{}
	case b.forbidDue():
		return b.Now.Add(blockFor - blockRenewal)
	default:
		return b.Made.Until.Add(-blockRenewal)
	}
}

// lapse forgets a block whose time is over, because nobody makes it anew. It returns when
// that of one comes that is left.
func (b *Block) lapse() time.Time {
	if !forbidden(b.Made) {
		return time.Time{}
	}
	if until := b.Made.Until.Time; until.After(b.Now) {
		return until
	}
	b.Made, b.Held = nil, ""
	return time.Time{}
}

// intended is what is noted before a stream is forbidden for the first time, and
// before it is let go: a block that has to be made anew at once. So it is let go again,
// or forbidden again, even if nobody lives to tell what became of the call. Nil: nothing
// is to be noted.
func (b *Block) intended(due []lifecycle.Change) *imv1alpha1.StreamBlock {
	switch {
	case b == nil:
		return nil
	case forbidden(b.Made) && slices.ContainsFunc(due, resumes) && b.Made.Until.After(b.Now):
	case forbidden(b.Made) || !slices.ContainsFunc(due, forbids):
		return nil
	}
	intent := b.Made.DeepCopy()
	if intent == nil {
		intent = &imv1alpha1.StreamBlock{State: b.For, Since: metav1.NewTime(b.ProviderNow)}
		if b.Session != nil {
			intent.State = imv1alpha1.RoomLive // its end is noted once it was made
		}
	}
	intent.Until = &metav1.Time{Time: b.Now}
	return intent
}

// concerned is the name of the stream that an intent is about: before it is let go that
// is the one that is held, whatever spec says now.
func (b *Block) concerned() string {
	if forbidden(b.Made) {
		return b.Held
	}
	return b.Name
}

func resumes(change lifecycle.Change) bool {
	_, is := change.Value.(StreamResume)
	return is
}

func forbids(change lifecycle.Change) bool {
	_, is := change.Value.(StreamForbid)
	return is
}

// after is what has been done about the stream at the end of a pass. noted is what
// status said during it. It is pure.
func (b *Block) after(noted *imv1alpha1.StreamBlock, applied []lifecycle.Change, failures []lifecycle.Failure) *imv1alpha1.StreamBlock {
	made := noted.DeepCopy()
	if made == nil {
		made = &imv1alpha1.StreamBlock{State: imv1alpha1.RoomLive, Since: metav1.NewTime(b.ProviderNow)}
	}
	if !forbidden(b.Made) && slices.ContainsFunc(failures, refused) {
		made.Until = nil // what was only intended was not done, for certain
	}
	for _, change := range applied {
		switch value := change.Value.(type) {
		case StreamResume:
			made.Until = nil
		case StreamForbid:
			made.Until = &metav1.Time{Time: value.Until}
			if !value.Push.IsZero() {
				made.Since = metav1.NewTime(b.ProviderNow) // what pushes after that does so in spite of it
			}
		case SessionEnd:
			made.State, made.Since = value.State, metav1.NewTime(b.ProviderNow)
		}
	}
	switch held := made.Until != nil; {
	case b.Session == nil && held && b.For != "":
		made.State = b.For // from Paused to Ended a stream stays forbidden as it is
	case !held && (b.Session == nil || b.For == "" || made.State == imv1alpha1.RoomLive):
		return nil
	}
	return made
}

// refused reports whether a stream was not forbidden, for certain: the call was not
// made, or the answer to it was no.
func refused(failure lifecycle.Failure) bool {
	if !forbids(failure.Change) {
		return false
	}
	answer, called := control.AsError(failure.Err)
	return !called || answer.Class != im.Unavailable && answer.Class != im.RateLimited
}
