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

	"github.com/liveroom-io/liveroom-operator/internal/live"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

// vectorU1 is a UserSig of the contract, section 6.4: anchor01, a day from newYear on.
const vectorU1 = "eJyqVgrxCdZLrSjILEpVsrIwMzEw0AELZaak5pVkpmWmFilZKSXmJWfkFxkYKkHkilOyEwsKMlOUrAxNDKAAKpOZDlIeURaW45FkGGqZnRGRWFHsERWY4hvqnl9U4Z-jr59j7GVubJSSVpTi5xlqCzWyJDM3VcnK0NzM3MjI1AxmXBnYdiM9A6VaQAAAAP--CS0x4g__"

// enter a room as the side door takes it; id is JSON.
func (s *stage) enter(id, userID, more string) (status int, answer string) {
	s.t.Helper()
	return s.door(http.MethodPost, "trtc/enter", `{"sdkAppID":1400000000,"roomID":`+id+`,"userID":"`+userID+`","userSig":"`+sigOf(s.t, userID)+`"`+more+`}`)
}

// in enters, and must be let in.
func (s *stage) in(id, userID, more string) {
	s.t.Helper()
	status, answer := s.enter(id, userID, more)
	s.Expect(status).To(Equal(http.StatusNoContent), answer)
}

// Rooms begin with the first and end with the last user, and tell each step once.
func TestRoom(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.in(`7`, "anchor01", `,"publish":true`)
	s.in(`7`, "viewer-1", ``)
	s.in(`"7"`, "viewer-2", ``)
	s.Expect(s.sim.InRoom(7)).To(Equal(map[string]bool{"anchor01": true, "viewer-1": false}))
	s.Expect(s.sim.Inside(simlive.RoomName("7"))).To(Equal(map[string]bool{"viewer-2": false}), "the text 7 is another room")
	s.done(http.MethodPost, "trtc/role", `{"roomID":7,"userID":"viewer-1","role":20}`)
	s.done(http.MethodPost, "trtc/role", `{"roomID":7,"userID":"viewer-1","role":20}`)
	s.done(http.MethodPost, "trtc/media", `{"roomID":7,"userID":"viewer-1","media":"screen","on":true}`)
	s.done(http.MethodPost, "trtc/role", `{"roomID":7,"userID":"viewer-1","role":21}`)
	s.done(http.MethodPost, "trtc/media", `{"roomID":7,"userID":"anchor01","media":"audio","on":false}`)
	s.done(http.MethodPost, "trtc/media", `{"roomID":7,"userID":"anchor01","media":"audio"}`)
	s.in(`7`, "anchor01", `,"role":20`)
	s.done(http.MethodPost, "trtc/leave", `{"roomID":7,"userID":"viewer-1","reason":2}`)
	s.done(http.MethodPost, "trtc/leave", `{"roomID":7,"userID":"anchor01"}`)
	want := []string{
		"101 anchor01", "103 anchor01 1", "201 anchor01", "203 anchor01", "103 viewer-1 1", "101 viewer-2", "103 viewer-2 1",
		"105 viewer-1", "205 viewer-1", "206 viewer-1", "105 viewer-1", "204 anchor01", "103 anchor01 3", "104 viewer-1 2", "104 anchor01 1", "102",
	}
	s.Expect(s.made()).To(Equal(want))
	s.Eventually(s.came).Should(ConsistOf(want))
	_, rooms := s.door(http.MethodGet, "trtc/rooms", "")
	s.Expect(rooms).To(MatchJSON(`{"7":{"viewer-2":false}}`))
	for path, body := range map[string]string{
		"trtc/leave": `{"roomID":7,"userID":"viewer-1"}`,
		"trtc/role":  `{"roomID":"7","userID":"viewer-1","role":20}`,
		"trtc/media": `{"roomID":8,"userID":"viewer-1","media":"video","on":true}`,
	} {
		status, _ := s.door(http.MethodPost, path, body)
		s.Expect(status).To(Equal(http.StatusConflict), path)
	}
}

// Callbacks are signed over their bytes, and have the fields of section 7.2.
func TestRoomCallbacks(t *testing.T) {
	t.Parallel()
	s := newStage(t, at(newYear))
	s.done(http.MethodPost, "trtc/enter", `{"roomID":12345,"userID":"anchor01","userSig":"`+vectorU1+`","publish":true}`)
	s.done(http.MethodPost, "trtc/leave", `{"roomID":12345,"userID":"anchor01","reason":5}`)
	s.Eventually(s.got).Should(HaveLen(6))
	const head, info = `{"CallbackTs":1767225600000,"EventGroupId":`, `"EventInfo":{"RoomId":12345,"EventTs":1767225600,"EventMsTs":1767225600000`
	bodies := []any{}
	for _, c := range s.got() {
		s.Expect(c).To(Equal(received{"/", live.RoomCallbackSign(trtcKey, []byte(c.Body)), "1400000000", "application/json", c.Body}))
		bodies = append(bodies, c.Body)
	}
	s.Expect(bodies).To(ConsistOf(
		MatchJSON(head+`1,"EventType":101,`+info+`,"UserId":"anchor01"}}`),
		MatchJSON(head+`1,"EventType":103,`+info+`,"UserId":"anchor01","Role":20,"TerminalType":100,"UserType":1,"Reason":1}}`),
		MatchJSON(head+`2,"EventType":201,`+info+`,"UserId":"anchor01"}}`),
		MatchJSON(head+`2,"EventType":203,`+info+`,"UserId":"anchor01"}}`),
		MatchJSON(head+`1,"EventType":104,`+info+`,"UserId":"anchor01","Role":20,"Reason":5}}`),
		MatchJSON(head+`1,"EventType":102,`+info+`}}`),
	))
}

// Who has no valid UserSig, or asks for what does not exist, stays out.
func TestEntranceRefusals(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	other, err := tencentyun.GenUserSig(sdkAppID, "other", "anchor01", 3600)
	s.Expect(err).NotTo(HaveOccurred())
	elsewhere, err := tencentyun.GenUserSig(sdkAppID+1, secretKey, "anchor01", 3600)
	s.Expect(err).NotTo(HaveOccurred())
	sig := sigOf(t, "anchor01")
	for body, want := range map[string]string{
		`{"roomID":1,"userID":"anchor01"}`:                                                       "cannot be read",
		`{"roomID":1,"userID":"anchor01","userSig":"eJyr"}`:                                      "cannot be read",
		`{"roomID":1,"userID":"anchor01","userSig":"` + other + `"}`:                             "another key",
		`{"roomID":1,"userID":"anchor01","userSig":"` + elsewhere + `"}`:                         "another application",
		`{"roomID":1,"userID":"anchor02","userSig":"` + sig + `"}`:                               "another user",
		`{"roomID":0,"userID":"anchor01","userSig":"` + sig + `"}`:                               "room id",
		`{"roomID":4294967295,"userID":"anchor01","userSig":"` + sig + `"}`:                      "room id",
		`{"roomID":"房间","userID":"anchor01","userSig":"` + sig + `"}`:                            "room id",
		`{"userID":"anchor01","userSig":"` + sig + `"}`:                                          "needs roomID",
		`{"roomID":1,"userSig":"` + sig + `"}`:                                                   "needs roomID",
		`{"roomID":1,"userID":"anchor01","userSig":"` + sig + `","role":22}`:                     "role",
		`{"roomID":1,"userID":"anchor01","userSig":"` + sig + `","role":21,"publish":true}`:      "role",
		`{"sdkAppID":1,"roomID":1,"userID":"anchor01","userSig":"` + sig + `"}`:                  "another application",
		`{"url":"https://room"}`:                                                                 "room:// URL",
		`{"url":"room://sdkappid=1&roomid=1&userid=anchor01&usersig=` + sig + `"}`:               "another application",
		`{"url":"room://sdkappid=1400000000&roomid=room-7&userid=anchor01&usersig=` + sig + `"}`: "room:// URL",
	} {
		status, answer := s.door(http.MethodPost, "trtc/enter", body)
		s.Expect(status).To(Equal(http.StatusBadRequest), body)
		s.Expect(answer).To(ContainSubstring(want), body)
	}
	s.Expect(s.made()).To(BeEmpty())
	s.Expect(s.sim.Stats().Refusals).To(Equal(map[string]int{"enter UserSig": 5}))
}

// A UserSig is taken until its last second: that of vector U1 is 1767312000.
func TestUserSigEnds(t *testing.T) {
	t.Parallel()
	for second, want := range map[int64]int{1767225600: http.StatusNoContent, 1767312000: http.StatusNoContent, 1767312001: http.StatusBadRequest} {
		s := newStage(t, at(time.Unix(second, 0)))
		status, answer := s.door(http.MethodPost, "trtc/enter", `{"roomID":12345,"userID":"anchor01","userSig":"`+vectorU1+`"}`)
		s.Expect(status).To(Equal(want), answer)
	}
}

// A room:// URL is taken apart as TWebLive does: in any order, numbers by parseInt.
func TestRoomURLs(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	host := live.Room{SDKAppID: sdkAppID, RoomID: 12345, UserID: "anchor01", UserSig: sigOf(t, "anchor01"), LiveDomain: "play.example.com", StreamID: "talk-1"}
	viewer := live.Room{SDKAppID: sdkAppID, RoomID: 12345, UserID: "viewer-1", UserSig: sigOf(t, "viewer-1")}
	for _, link := range []string{
		host.PushURL(), viewer.PlayURL(),
		"room://usersig=" + sigOf(t, "viewer-2") + "&userid=viewer-2&roomid=12345abc&sdkappid=1400000000",
	} {
		s.done(http.MethodPost, "trtc/enter", `{"url":"`+link+`"}`)
	}
	s.Expect(s.sim.InRoom(12345)).To(Equal(map[string]bool{"anchor01": true, "viewer-1": false, "viewer-2": false}))
}

// The API removes users and dismisses rooms of both kinds, each with its own actions.
func TestRoomControl(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	for _, id := range []string{`7`, `"7"`} {
		for _, userID := range []string{"a", "b", "c"} {
			s.in(id, userID, ``)
		}
	}
	s.done(http.MethodPut, "disorder", `{"roomsAsText":true}`)
	before := len(s.made())
	s.Expect(s.ask("trtc", "RemoveUser", `{"SdkAppId":1400000000,"RoomId":7,"UserIds":["a","x"]}`)).To(Equal(`{}`))
	s.Expect(s.ask("trtc", "RemoveUserByStrRoomId", `{"SdkAppId":1400000000,"RoomId":"7","UserIds":["b"]}`)).To(Equal(`{}`))
	s.Expect(s.sim.InRoom(7)).To(Equal(map[string]bool{"b": false, "c": false}))
	s.Expect(s.sim.Inside(simlive.RoomName("7"))).To(Equal(map[string]bool{"a": false, "c": false}))
	s.Expect(s.ask("trtc", "DismissRoom", `{"SdkAppId":1400000000,"RoomId":7}`)).To(Equal(`{}`))
	s.done(http.MethodPut, "disorder", `{"leaveBeforeDismiss":true}`)
	s.Expect(s.ask("trtc", "DismissRoomByStrRoomId", `{"SdkAppId":1400000000,"RoomId":"7"}`)).To(Equal(`{}`))
	s.Expect(s.made()[before:]).To(Equal([]string{"104 a 3", "104 b 3", "102", "104 a 3", "104 c 3", "102"}))
	all := s.sim.Deliveries(before)
	s.Expect(all[0].Body).To(ContainSubstring(`"RoomId":7,`))
	s.Expect(all[2].Body).To(ContainSubstring(`"RoomId":"7"`), "as text, though it is a number")
	s.in(`7`, "a", ``)
	s.Expect(s.sim.InRoom(7)).To(Equal(map[string]bool{"a": false}), "who was removed may come back")
}
