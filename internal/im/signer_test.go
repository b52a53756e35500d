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
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
)

// sampleKey is that of the provider's own samples.
const sampleKey = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"

// signed is a UserSig taken apart. Compressed bytes depend on who compresses, so
// vectors are compared after this.
type signed struct {
	Version    string `json:"TLS.ver"`
	Identifier string `json:"TLS.identifier"`
	SDKAppID   int64  `json:"TLS.sdkappid"`
	Expire     int64  `json:"TLS.expire"`
	Time       int64  `json:"TLS.time"`
	Sig        string `json:"TLS.sig"`
	UserBuf    string `json:"TLS.userbuf"`
}

func takeApart(t *testing.T, sig string) signed {
	t.Helper()
	compressed, err := base64.StdEncoding.DecodeString(strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(sig))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := zlib.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	var s signed
	if err := json.NewDecoder(reader).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSignerVectors are U1, M1 and M2 of the live contract, section 6.
func TestSignerVectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Unix(1767225600, 0)
		<-time.After(time.Until(at))
		s := NewSigner(1400000000, sampleKey)
		for _, c := range []struct {
			name         string
			make         func() (string, error)
			sig, userBuf string
		}{
			{"U1", func() (string, error) { return s.Sign("anchor01", 24*time.Hour) }, "aXvVlHb1U9khXaxsHZQdMUGorxOlO/l3J732dfrdNIU=", ""},
			{"M1", func() (string, error) {
				return s.PrivateMapKey("anchor01", 24*time.Hour, Room{ID: 12345}, AllPrivileges)
			}, "JtkYCuk+3YJ+tUm25Ps8HZ9Bal7Itmhj0wszK332Iis=", "AAAIYW5jaG9yMDFTck4AAAAwOWlXCoAAAAD/AAAAAA=="},
			{"M2", func() (string, error) {
				return s.PrivateMapKey("anchor01", 24*time.Hour, Room{Name: "room-7"}, 255)
			}, "fLJNGdHnpZkVTTweXN04VIB0b3Sj8LIu7Ack6zLwXGY=", "AQAIYW5jaG9yMDFTck4AAAAAAGlXCoAAAAD/AAAAAAAGcm9vbS03"},
		} {
			sig, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			want := signed{Version: "2.0", Identifier: "anchor01", SDKAppID: 1400000000, Expire: 86400, Time: at.Unix(), Sig: c.sig, UserBuf: c.userBuf}
			if got := takeApart(t, sig); got != want {
				t.Errorf("%s: got  %+v\nwant %+v", c.name, got, want)
			}
			buf, err := base64.StdEncoding.DecodeString(c.userBuf)
			if err != nil {
				t.Fatal(err)
			}
			if c.userBuf == "" {
				buf = nil
			}
			if err := tencentyun.VerifyUserSigWithBuf(1400000000, sampleKey, "anchor01", sig, at.Add(time.Second), buf); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	})
}

func TestPrivateMapKeyThatCannotBe(t *testing.T) {
	s := NewSigner(1400000000, sampleKey)
	room := Room{ID: 1}
	for name, c := range map[string]struct {
		signer     *Signer
		user       string
		validity   time.Duration
		room       Room
		privileges Privileges
	}{
		"no user":       {s, "", time.Hour, room, 1},
		"no validity":   {s, "u", 0, room, 1},
		"no key":        {NewSigner(1, ""), "u", time.Hour, room, 1},
		"no room":       {s, "u", time.Hour, Room{}, 1},
		"two rooms":     {s, "u", time.Hour, Room{ID: 1, Name: "1"}, 1},
		"negative room": {s, "u", time.Hour, Room{ID: -1}, 1},
		"high room":     {s, "u", time.Hour, Room{ID: MaxRoomID + 1}, 1},
		"long room":     {s, "u", time.Hour, Room{Name: strings.Repeat("r", MaxStringRoomID+1)}, 1},
		"strange room":  {s, "u", time.Hour, Room{Name: `a"b`}, 1},
		"no privileges": {s, "u", time.Hour, room, 0},
		"too many":      {s, "u", time.Hour, room, AllPrivileges + 1},
	} {
		ticket, err := c.signer.PrivateMapKey(c.user, c.validity, c.room, c.privileges)
		if ticket != "" || err == nil || strings.Contains(err.Error(), sampleKey) {
			t.Errorf("%s: got %q, %v", name, ticket, err)
		}
	}
	if AllPrivileges != 255 || AudiencePrivileges != 42 {
		t.Errorf("all %d, audience %d", AllPrivileges, AudiencePrivileges)
	}
}
