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
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
)

// Privileges of section 6.5.
const (
	mayEnter     = 2
	maySendSound = 4
	maySendVideo = 16
)

// maxTicketBytes of an unpacked privateMapKey.
const maxTicketBytes = 4096

var errTicket = errors.New("the privateMapKey cannot be read, or is for something else")

// bufferOf is the TLS.userbuf of a privateMapKey.
func bufferOf(text string) ([]byte, error) {
	packed, err := base64.StdEncoding.DecodeString(strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(text))
	if err != nil || text == "" {
		return nil, errTicket
	}
	reader, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errTicket
	}
	var fields struct {
		Buffer []byte `json:"TLS.userbuf"`
	}
	if json.NewDecoder(io.LimitReader(reader, maxTicketBytes)).Decode(&fields) != nil || len(fields.Buffer) == 0 {
		return nil, errTicket
	}
	return fields.Buffer, nil
}

// ticket checks what a privateMapKey is for: ver, length and text of the account,
// SDKAppID, room, end, privileges, type of account.
func ticket(buffer []byte, e *Entrance, sdkAppID int64, now time.Time) error {
	if len(buffer) < 3 || buffer[0] != 0 {
		return errTicket
	}
	n := int(binary.BigEndian.Uint16(buffer[1:]))
	rest := buffer[3:]
	if len(rest) != n+20 || string(rest[:n]) != e.UserID {
		return errTicket
	}
	field := func(i int) int64 { return int64(binary.BigEndian.Uint32(rest[n+4*i:])) }
	privileges := field(3)
	wanted := int64(mayEnter)
	if e.Publish {
		wanted |= maySendSound | maySendVideo
	}
	if field(0) != sdkAppID || field(1) != e.RoomID || field(2) < now.Unix() || privileges&wanted != wanted {
		return errTicket
	}
	return nil
}
