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

package live_test

import (
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"

	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

const (
	allPrivileges  = 255
	justWatch      = 42
	watchAndCreate = justWatch | 1
)

func permitted(o *simlive.Options) { o.PermissionControl = true }

func ticketFor(t *testing.T, userID string, room, privileges uint32) string {
	t.Helper()
	key, err := tencentyun.GenPrivateMapKey(sdkAppID, secretKey, userID, 3600, room, privileges)
	if err != nil {
		t.Fatal(err)
	}
	return `,"privateMapKey":"` + key + `"`
}

// With permission control nobody enters without a ticket for the room, the user and
// what they want to do.
func TestTickets(t *testing.T) {
	t.Parallel()
	s := newStage(t, permitted)
	other, err := tencentyun.GenPrivateMapKey(sdkAppID, "other", "anchor01", 3600, 12345, allPrivileges)
	s.Expect(err).NotTo(HaveOccurred())
	text, err := tencentyun.GenPrivateMapKeyWithStringRoomID(sdkAppID, secretKey, "anchor01", 3600, "12345", allPrivileges)
	s.Expect(err).NotTo(HaveOccurred())
	for name, more := range map[string]string{
		"none":          ``,
		"a UserSig":     `,"privateMapKey":"` + sigOf(t, "anchor01") + `"`,
		"another key":   `,"privateMapKey":"` + other + `"`,
		"another room":  ticketFor(t, "anchor01", 1, allPrivileges),
		"room of text":  `,"privateMapKey":"` + text + `"`,
		"another user":  ticketFor(t, "anchor02", 12345, allPrivileges),
		"no creation":   ticketFor(t, "anchor01", 12345, justWatch),
		"not to enter":  ticketFor(t, "anchor01", 12345, allPrivileges&^2),
		"only to watch": ticketFor(t, "anchor01", 12345, watchAndCreate) + `,"publish":true`,
	} {
		status, answer := s.enter(`12345`, "anchor01", more)
		s.Expect(status).To(Equal(http.StatusBadRequest), name)
		s.Expect(answer).To(ContainSubstring("privateMapKey"), name)
	}
	s.Expect(s.sim.Stats().Refusals).To(Equal(map[string]int{"enter privateMapKey": 9}))
	s.in(`12345`, "anchor01", ticketFor(t, "anchor01", 12345, watchAndCreate))
	s.in(`12345`, "viewer-1", ticketFor(t, "viewer-1", 12345, justWatch))
	s.in(`"12345"`, "anchor01", `,"publish":true,"privateMapKey":"`+text+`"`)

	role := func(more string) int {
		status, _ := s.door(http.MethodPost, "trtc/role", `{"roomID":12345,"userID":"viewer-1","role":20`+more+`}`)
		return status
	}
	s.Expect(role(ticketFor(t, "viewer-1", 12345, justWatch))).To(Equal(http.StatusBadRequest), "it is checked again")
	s.Expect(role(ticketFor(t, "viewer-1", 12345, allPrivileges))).To(Equal(http.StatusNoContent))
}

// The privateMapKeys of the contract, section 6.5, are taken until their last second.
func TestTicketVectors(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct{ room, buffer, sig string }{
		"M1": {`12345`, `AAAIYW5jaG9yMDFTck4AAAAwOWlXCoAAAAD/AAAAAA==`, `JtkYCuk+3YJ+tUm25Ps8HZ9Bal7Itmhj0wszK332Iis=`},
		"M2": {`"room-7"`, `AQAIYW5jaG9yMDFTck4AAAAAAGlXCoAAAAD/AAAAAAAGcm9vbS03`, `fLJNGdHnpZkVTTweXN04VIB0b3Sj8LIu7Ack6zLwXGY=`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := pack(t, `{"TLS.ver":"2.0","TLS.identifier":"anchor01","TLS.sdkappid":1400000000,"TLS.expire":86400,"TLS.time":1767225600,"TLS.userbuf":"`+
				v.buffer+`","TLS.sig":"`+v.sig+`"}`)
			for second, want := range map[int64]int{1767225600: http.StatusNoContent, 1767312000: http.StatusNoContent, 1767312001: http.StatusBadRequest} {
				s := newStage(t, func(o *simlive.Options) {
					permitted(o)
					at(time.Unix(second, 0))(o)
				})
				status, answer := s.door(http.MethodPost, "trtc/enter",
					`{"roomID":`+v.room+`,"userID":"anchor01","userSig":"`+key+`","privateMapKey":"`+key+`","publish":true}`)
				s.Expect(status).To(Equal(want), answer)
			}
		})
	}
}

// What cannot be a ticket is refused, and breaks nothing.
func TestMalformedTickets(t *testing.T) {
	t.Parallel()
	s := newStage(t, permitted)
	for _, buffer := range []string{"", "AA==", "AgAA", "AAAIYW5j", "AAAIYW5jaG9yMDFTck4AAAAwOWlXCoAAAAD/AAAAAAAA", "AQAIYW5jaG9yMDFTck4AAAAwOWlXCoAAAAD/AAAAAAAGcm9vbS03", "!"} {
		key := pack(t, signedDocument("anchor01", buffer))
		status, answer := s.enter(`12345`, "anchor01", `,"privateMapKey":"`+key+`"`)
		s.Expect(status).To(Equal(http.StatusBadRequest), buffer)
		s.Expect(answer).To(ContainSubstring("is for something else"), buffer)
	}
}
