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

package im

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
)

// Privileges are what a user may do in a TRTC room.
type Privileges uint32

// The privileges.
const (
	MayCreateRoom Privileges = 1 << iota
	MayEnterRoom
	MaySendAudio
	MayReceiveAudio
	MaySendVideo
	MayReceiveVideo
	MaySendSubStream
	MayReceiveSubStream

	// AllPrivileges are all of them.
	AllPrivileges Privileges = 1<<iota - 1
	// AudiencePrivileges are to enter, and to receive audio and video.
	AudiencePrivileges = MayEnterRoom | MayReceiveAudio | MayReceiveVideo
)

// Limits of TRTC.
const (
	// MaxRoomID is the highest number of a room.
	MaxRoomID = 4294967294
	// MaxStringRoomID is the longest name of a room, in bytes.
	MaxStringRoomID = 64
	// RoomSigns are what a name of a room may have beside letters and digits of ASCII.
	RoomSigns = " !#$%&()+-:;<=.>?@[]^_{}|~,"
)

// Room is a TRTC room, by exactly one of its two kinds of names. The number 7 and
// the text "7" are two rooms.
type Room struct {
	ID   int64  // 1 to MaxRoomID
	Name string // 1 to MaxStringRoomID letters, digits and RoomSigns
}

// Check says what is wrong with a room, in the words of an API: it calls the
// fields roomID and stringRoomID.
func (r Room) Check() error {
	switch {
	case (r.ID != 0) == (r.Name != ""):
		return errors.New("exactly one of roomID and stringRoomID is needed")
	case r.Name == "" && (r.ID < 1 || r.ID > MaxRoomID):
		return fmt.Errorf("roomID must be 1 to %d", MaxRoomID)
	case len(r.Name) > MaxStringRoomID || strings.ContainsFunc(r.Name, strangeInRooms):
		return fmt.Errorf("stringRoomID must be 1 to %d letters, digits, blanks or signs of %s", MaxStringRoomID, RoomSigns[1:])
	}
	return nil
}

func strangeInRooms(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(RoomSigns, r)
}

// PrivateMapKey makes the ticket with which a user enters a TRTC room, where advanced permission control is switched
// on. User and validity are as for Sign, and the ticket is valid from now as well.
func (s *Signer) PrivateMapKey(userID string, validity time.Duration, room Room, privileges Privileges) (string, error) {
	if err := s.check(userID, validity); err != nil {
		return "", err
	}
	if err := room.Check(); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	if privileges < 1 || privileges > AllPrivileges {
		return "", fmt.Errorf("sign: privileges %d are not 1 to %d", privileges, AllPrivileges)
	}
	id, key, seconds := int(s.sdkAppID), s.reveal(), int(validity/time.Second)
	var (
		ticket string
		err    error
	)
	if room.Name != "" {
		ticket, err = tencentyun.GenPrivateMapKeyWithStringRoomID(id, key, userID, seconds, room.Name, uint32(privileges))
	} else {
		ticket, err = tencentyun.GenPrivateMapKey(id, key, userID, seconds, uint32(room.ID), uint32(privileges))
	}
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return ticket, nil
}
