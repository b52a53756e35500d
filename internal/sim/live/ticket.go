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

package live

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Privileges of section 6.5.
const (
	mayCreate    = 1
	mayEnter     = 2
	maySendAudio = 4
	maySendVideo = 16
)

// ticket is what a privateMapKey is for.
type ticket struct {
	userID     string
	sdkAppID   int64
	room       RoomID
	ends       int64 // Unix seconds
	privileges uint32
}

var errTicket = errors.New("the privateMapKey cannot be read, or is for something else")

// readTicket takes a TLS.userbuf apart: ver, length and text of the account, SDKAppID,
// room, end, privileges, type of account, and for rooms with texts their length and text.
func readTicket(buffer []byte) (*ticket, error) {
	if len(buffer) < 3 || buffer[0] > 1 {
		return nil, errTicket
	}
	named := buffer[0] == 1
	userID, rest, ok := readText(buffer[1:])
	const fixed = 5 * 4
	if !ok || len(rest) < fixed {
		return nil, errTicket
	}
	field := func(i int) uint32 { return binary.BigEndian.Uint32(rest[4*i:]) }
	t := &ticket{userID: userID, sdkAppID: int64(field(0)), room: RoomNumber(field(1)), ends: int64(field(2)), privileges: field(3)}
	rest = rest[fixed:]
	if named {
		var text string
		if text, rest, ok = readText(rest); !ok || t.room != (RoomID{}) {
			return nil, errTicket
		}
		t.room = RoomName(text)
	}
	if len(rest) > 0 || !t.room.valid() {
		return nil, errTicket
	}
	return t, nil
}

func readText(buffer []byte) (text string, rest []byte, ok bool) {
	if len(buffer) < 2 {
		return "", nil, false
	}
	n := int(binary.BigEndian.Uint16(buffer))
	if len(buffer) < 2+n {
		return "", nil, false
	}
	return string(buffer[2 : 2+n]), buffer[2+n:], true
}

// admit checks the privateMapKey of somebody who enters or changes role, if the
// application asks for one. With the lock held.
func (s *Simulator) admit(privateMapKey string, room RoomID, userID string, role int, now time.Time) error {
	if !s.options.PermissionControl {
		return nil
	}
	sig, err := unpackUserSig(privateMapKey)
	if err != nil {
		return errTicket
	}
	if err := sig.verify(s.options.SDKAppID, s.options.SecretKey, userID, now); err != nil {
		return fmt.Errorf("the privateMapKey is refused: %w", err)
	}
	if sig.Buffer == nil {
		return errTicket
	}
	buffer, err := base64.StdEncoding.DecodeString(*sig.Buffer)
	if err != nil {
		return errTicket
	}
	t, err := readTicket(buffer)
	if err != nil {
		return err
	}
	wanted := uint32(mayEnter)
	if s.rooms[room] == nil {
		wanted |= mayCreate
	}
	if role == Anchor {
		wanted |= maySendAudio | maySendVideo
	}
	if t.userID != userID || t.sdkAppID != s.options.SDKAppID || t.room != room || t.ends < now.Unix() || t.privileges&wanted != wanted {
		return errTicket
	}
	return nil
}
