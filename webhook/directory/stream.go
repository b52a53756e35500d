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

package directory

import (
	"cmp"
	"crypto/subtle"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Receiver is how an application's callbacks about streams are taken. It does not
// change.
type Receiver struct {
	// Keys authenticate callbacks: the present one, and the one before as long as it
	// is taken as well. None: every callback is refused.
	Keys []ReceiverKey
}

// ReceiverKey is a key with the secret part of the path that belongs to it.
type ReceiverKey struct{ Key, Segment string }

// KeyFor returns the key that belongs to the secret part of a path. It compares in
// constant time.
func (r *Receiver) KeyFor(segment string) (ReceiverKey, bool) {
	if r == nil {
		return ReceiverKey{}, false
	}
	for _, key := range r.Keys {
		if key.Key != "" && subtle.ConstantTimeCompare([]byte(key.Segment), []byte(segment)) == 1 {
			return key, true
		}
	}
	return ReceiverKey{}, false
}

func (r *Receiver) has(key string) bool {
	return r != nil && slices.ContainsFunc(r.Keys, func(k ReceiverKey) bool {
		return subtle.ConstantTimeCompare([]byte(k.Key), []byte(key)) == 1
	})
}

// Origin is where an application's streams are in CSS.
type Origin struct {
	// AppID of the account; 0 when it is not declared.
	AppID int64
	// PushDomain and AppName of streams that hosts push.
	PushDomain, AppName string
	// BizID is part of the domain of streams that TRTC relays; 0 when it is not declared.
	BizID int64
}

// relayDomain is what the domains of streams that TRTC relays end with.
const relayDomain = ".livepush.myqcloud.com"

// Stream of a room. It does not change.
type Stream struct {
	// Type of the stream.
	Type imv1alpha1.StreamType
	// Name in CSS, also of the copy of a TRTC room; empty while it is not known.
	Name string
	// RoomID is the number of a TRTC room.
	RoomID int64
	// Pusher to a TRTC room.
	Pusher imv1alpha1.UserReference
	// Lost: an older room has the stream, so that callbacks about it are not this one's.
	Lost bool
}

// Identity tells one stream of a room from another one that it has later.
func (s *Stream) Identity() string {
	if s.Type == imv1alpha1.StreamTypeTRTC {
		return "trtc/" + strconv.FormatInt(s.RoomID, 10)
	}
	return "css/" + s.Name
}

// sessionKey names a TRTC room as a callback does.
type sessionKey struct {
	app    types.NamespacedName
	roomID int64
}

// newStream is the stream that a LiveRoom declares, nil for none.
func newStream(object *imv1alpha1.LiveRoom) *Stream {
	spec := object.Spec.Stream
	if spec == nil {
		return nil
	}
	issued := meta.FindStatusCondition(object.Status.Conditions, imv1alpha1.ConditionStreamURLsIssued)
	lost := issued != nil && issued.Reason == imv1alpha1.ReasonStreamConflict
	switch {
	case spec.CSS != nil:
		return &Stream{Type: imv1alpha1.StreamTypeCSS, Name: object.CSSStreamName(), Lost: lost}
	case spec.TRTC != nil:
		return &Stream{
			Type: imv1alpha1.StreamTypeTRTC, Name: cmp.Or(spec.TRTC.StreamID, object.Status.StreamName),
			RoomID: spec.TRTC.RoomID, Pusher: spec.TRTC.Pusher, Lost: lost,
		}
	}
	return nil
}

func (s *Stream) equal(other *Stream) bool {
	if s == nil || other == nil {
		return s == other
	}
	return s.Type == other.Type && s.Name == other.Name && s.RoomID == other.RoomID && s.Lost == other.Lost && s.Pusher.UserID == other.Pusher.UserID &&
		s.PusherAccount() == other.PusherAccount()
}

// PusherAccount is the name of the ImAccount that pushes, empty when a UserID is
// given instead.
func (s *Stream) PusherAccount() string {
	if s.Pusher.AccountRef == nil {
		return ""
	}
	return s.Pusher.AccountRef.Name
}

// addStream puts a room into the indexes of streams.
func (d *Directory) addStream(room *Room) {
	if room.Stream == nil || room.Stream.Lost {
		return
	}
	if room.Stream.Name != "" {
		d.streams[room.Stream.Name] = withClaimant(d.streams[room.Stream.Name], room)
	}
	if room.Stream.Type == imv1alpha1.StreamTypeTRTC {
		key := sessionKey{room.App, room.Stream.RoomID}
		d.sessions[key] = withClaimant(d.sessions[key], room)
	}
}

func (d *Directory) dropStream(room *Room) {
	if room.Stream != nil {
		drop(d.streams, room.Stream.Name, room)
		drop(d.sessions, sessionKey{room.App, room.Stream.RoomID}, room)
	}
}

// withClaimant adds a room; the one that was made first comes first.
func withClaimant(rooms []*Room, room *Room) []*Room {
	rooms = append(rooms, room)
	slices.SortFunc(rooms, func(a, b *Room) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.Key.String(), b.Key.String()))
	})
	return rooms
}

// Source is a stream of CSS as a callback names it. What a callback does not tell is
// empty.
type Source struct{ Domain, AppName, Name string }

// StreamRoom returns the room of a stream that a callback to an application tells
// of, authenticated by a key, or nil. It is one of the application itself, or else of
// another one whose streams are in the same account. That they are is only believed
// of an application that has the same key: declaring somebody else's account must
// not let callbacks be forged for its rooms.
func (d *Directory) StreamRoom(app *App, key string, source Source) *Room {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var shared *Room
	for _, room := range d.streams[source.Name] {
		of := d.apps[room.App]
		switch {
		case of == nil || !of.Origin.holds(room.Stream, source):
		case room.App == app.Key:
			return room
		case shared == nil && of.Live.has(key) && of.Origin.same(&app.Origin):
			shared = room
		}
	}
	return shared
}

// Streaming are the UIDs of the rooms that have a stream, or whose status shows one.
func (d *Directory) Streaming() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var uids []string
	for uid, room := range d.byUID {
		if room.Stream != nil || room.ShowsStream {
			uids = append(uids, uid)
		}
	}
	return uids
}

// SessionRoom returns the room of a TRTC room, or nil.
func (d *Directory) SessionRoom(app types.NamespacedName, roomID int64) *Room {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return head(d.sessions[sessionKey{app, roomID}])
}

// Pusher is the UserID of who pushes to a room's TRTC room, empty while that is not
// known: the account is not imported yet.
func (d *Directory) Pusher(room *Room) string {
	if room.Stream == nil {
		return ""
	}
	name := room.Stream.PusherAccount()
	if name == "" {
		return room.Stream.Pusher.UserID
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if account := d.byName[types.NamespacedName{Namespace: room.Key.Namespace, Name: name}]; account != nil && account.App == room.App {
		return account.UserID
	}
	return ""
}

// same reports whether two applications say that their streams are in one account.
func (o *Origin) same(other *Origin) bool {
	return o.AppID != 0 && o.AppID == other.AppID || o.BizID != 0 && o.BizID == other.BizID || o.PushDomain != "" && o.PushDomain == other.PushDomain
}

// holds reports whether a stream may be the one that a callback tells of, by where
// that was pushed to. Names alone do not tell: each domain has streams of its own,
// and so has each AppName.
func (o *Origin) holds(stream *Stream, source Source) bool {
	domain := strings.ToLower(source.Domain)
	if stream.Type == imv1alpha1.StreamTypeTRTC && strings.HasSuffix(domain, relayDomain) {
		return o.BizID == 0 || domain == strconv.FormatInt(o.BizID, 10)+relayDomain
	}
	return (domain == "" || domain == o.PushDomain) && (source.AppName == "" || source.AppName == o.AppName)
}
