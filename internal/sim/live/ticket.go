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
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
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

// maxTicketBytes of an unpacked UserSig or privateMapKey.
const maxTicketBytes = 4096

var (
	errTicket    = errors.New("the privateMapKey cannot be read, or is for something else")
	errSignature = errors.New("the signature cannot be read, or is not of the key, the application or the user")
	errEnded     = errors.New("the signature has ended")
)

// signature is an unpacked UserSig or privateMapKey (section 6.4).
type signature struct {
	Version  string `json:"TLS.ver"`
	UserID   string `json:"TLS.identifier"`
	SDKAppID int64  `json:"TLS.sdkappid"`
	Time     int64  `json:"TLS.time"`
	Validity int64  `json:"TLS.expire"`
	Sum      []byte `json:"TLS.sig"`
	Buffer   []byte `json:"TLS.userbuf"`
}

// verify a UserSig or privateMapKey: its key, its application, its user and its end.
func verify(text, key string, sdkAppID int64, userID string, now time.Time) (*signature, error) {
	packed, err := base64.StdEncoding.DecodeString(strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(text))
	if err != nil || text == "" {
		return nil, errSignature
	}
	reader, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errSignature
	}
	var s signature
	if json.NewDecoder(io.LimitReader(reader, maxTicketBytes)).Decode(&s) != nil || s.Version != "2.0" || s.SDKAppID != sdkAppID || s.UserID != userID {
		return nil, errSignature
	}
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = fmt.Fprintf(mac, "TLS.identifier:%s\nTLS.sdkappid:%d\nTLS.time:%d\nTLS.expire:%d\n", s.UserID, s.SDKAppID, s.Time, s.Validity)
	if s.Buffer != nil {
		_, _ = fmt.Fprintf(mac, "TLS.userbuf:%s\n", base64.StdEncoding.EncodeToString(s.Buffer))
	}
	switch {
	case !hmac.Equal(mac.Sum(nil), s.Sum):
		return nil, errSignature
	case now.Unix() > s.Time+s.Validity:
		return nil, errEnded
	}
	return &s, nil
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
