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

// Package event holds the facts that the webhook writes to the journal. An
// event carries what the counters need and no more: no text of a message ever
// gets into the journal.
package event

import (
	"strconv"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

// Kind says what happened. The values are stored: a new meaning is a new value.
type Kind string

// The kinds of events.
const (
	// Message: a message reached a room.
	Message Kind = "message"
	// Blocked: moderation rejected or dropped a message.
	Blocked Kind = "blocked"
	// Masked: moderation changed a message.
	Masked Kind = "masked"
	// Joined: Count users entered a room.
	Joined Kind = "joined"
	// Left: Count users left a room.
	Left Kind = "left"
	// Reached: the heartbeat of Count users in a room came back.
	Reached Kind = "reached"
	// Lost: the heartbeat of Count users in a room stopped.
	Lost Kind = "lost"
	// Counted: IM gave Count as the number of users online in a room.
	Counted Kind = "counted"
	// Created: a group was made.
	Created Kind = "created"
	// Destroyed: a group is gone.
	Destroyed Kind = "destroyed"
	// Changed: fields of a room or of an account have the values whose digests are in Seen.
	Changed Kind = "changed"
	// Kept: the room or the account is still declared; its state must not expire.
	Kept Kind = "kept"
	// Heard: an authentic callback of an application came.
	Heard Kind = "heard"
	// Presence: the connection of an account changed.
	Presence Kind = "presence"
)

// Score is what one rule of a UserLevelPolicy gives for a message.
type Score struct {
	// Policy is the UID of the policy.
	Policy string
	// Rule is the rule's name.
	Rule string
	// Points before the limit per minute.
	Points int64
	// PerMinute is that limit; 0 means none.
	PerMinute int64
}

// Event is one fact.
type Event struct {
	// ID makes a repeated callback the same event.
	ID string
	// Kind says what happened.
	Kind Kind
	// SDKAppID of the application.
	SDKAppID int64
	// Room is the UID of the LiveRoom, empty for events of accounts.
	Room string
	// User is the UserID of the sender or of the account, if there is one.
	User string
	// Name is the name under which a custom message is counted.
	Name string
	// Count is the number of users that it is about.
	Count int64
	// Time at which it happened, in milliseconds since 1970.
	Time int64
	// Scores of a message.
	Scores []Score
	// Seen are digests of values by field.
	Seen map[string]string
}

// Moment is the time at which it happened.
func (e *Event) Moment() time.Time { return time.UnixMilli(e.Time) }

// RoomKey is the name of a room's state.
func RoomKey(uid string) string { return uid }

// UserKey is the name of the state of a user of an application.
func UserKey(sdkAppID int64, userID string) string {
	return strconv.FormatInt(sdkAppID, 10) + "/" + userID
}

// AppKey is the name of the state of an application.
func AppKey(sdkAppID int64) string { return strconv.FormatInt(sdkAppID, 10) }

// usualBytes of an encoded event: a message that scores by one rule.
const usualBytes = 192

// Entry is the event as the journal takes it: partitioned by room and by user.
func (e *Event) Entry() journal.Entry {
	entry := journal.Entry{ID: e.ID, First: RoomKey(e.Room), Data: e.appendTo(make([]byte, 0, usualBytes))}
	if e.User != "" {
		entry.Second = UserKey(e.SDKAppID, e.User)
	}
	switch {
	case e.Kind == Heard:
		entry.First, entry.Second = AppKey(e.SDKAppID), AppKey(e.SDKAppID)
	case e.Room == "":
		entry.First = entry.Second
	case e.User == "":
		entry.Second = entry.First
	}
	return entry
}
