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

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/live"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

const defaultID = "1400000000_12345_anchor01_main"

func relaying(o *simlive.Options) { o.BizID = 8888 }

// What an anchor sends is pushed to the CDN, and the copy ends with it.
func TestRelay(t *testing.T) {
	t.Parallel()
	s := newStage(t, relaying)
	s.in(`12345`, "anchor01", `,"role":20`)
	s.Expect(s.sim.Streams()).To(BeEmpty(), "nothing is sent yet")
	media := func(media, on string) {
		t.Helper()
		s.done(http.MethodPost, "trtc/media", `{"roomID":12345,"userID":"anchor01","media":"`+media+`","on":`+on+`}`)
	}
	media("video", "true")
	media("screen", "true")
	streams := s.sim.Streams()
	s.Expect(streams).To(HaveLen(2))
	s.Expect(streams[0].Name).To(Equal("1400000000_12345_anchor01_aux"))
	s.Expect(streams[1].Name).To(Equal(defaultID))
	s.Expect(streams[1].Domain).To(Equal("8888.livepush.myqcloud.com"))
	s.Expect(streams[1].AppName).To(Equal("live"))
	p := live.Playback{Domain: "play.example.com", AppName: "live", StreamName: defaultID, Key: "PlayKey2026", Expires: s.clock().Add(3600e9)}
	s.Expect(s.play(p.FLV())).To(Equal(http.StatusOK))
	media("audio", "true")
	media("video", "false")
	media("screen", "false")
	s.done(http.MethodPost, "trtc/leave", `{"roomID":12345,"userID":"anchor01"}`)
	s.Expect(s.made()).To(Equal([]string{
		"101 anchor01", "103 anchor01 1", "201 anchor01", "401 1", "start " + defaultID, "401 2",
		"205 anchor01", "401 1", "start 1400000000_12345_anchor01_aux", "401 2", "203 anchor01", "202 anchor01",
		"206 anchor01", "401 5", "end 1400000000_12345_anchor01_aux 1/0", "401 0",
		"104 anchor01 1", "401 5", "end " + defaultID + " 1/0", "401 0", "102",
	}))
	s.Expect(s.sim.Streams()).To(BeEmpty())
}

// Names are the host's wish, or made of room and user (section 6.3).
func TestRelayNames(t *testing.T) {
	t.Parallel()
	s := newStage(t, relaying)
	names := func() (all []string) {
		for _, stream := range s.sim.Streams() {
			all = append(all, stream.Name)
		}
		return all
	}
	for _, test := range []struct{ id, userID, more, want string }{
		{`12345`, "userA", `,"publish":true`, "1400000000_12345_userA_main"},
		{`12345`, "user@A", `,"publish":true`, "1400000000_12345_user%40A_main"},
		{`"room 7"`, "userA", `,"publish":true`, "1400000000_room%207_userA_main"},
		{`12345`, "userA", `,"publish":true,"streamID":"talk-1"`, "talk-1"},
	} {
		s.in(test.id, test.userID, test.more)
		s.Expect(names()).To(Equal([]string{test.want}))
		s.done(http.MethodPost, "trtc/leave", `{"roomID":`+test.id+`,"userID":"`+test.userID+`"}`)
		s.Expect(names()).To(BeEmpty())
	}
}

// Callback 401 has names of its own (section 7.3).
func TestRelayCallback(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *simlive.Options) {
		relaying(o)
		at(newYear)(o)
	})
	s.done(http.MethodPost, "trtc/enter", `{"roomID":12345,"userID":"anchor01","userSig":"`+vectorU1+`","publish":true}`)
	d := s.sim.Deliveries(3)[0]
	s.Expect(d.Kind).To(Equal(401))
	s.Expect(d.Sign).To(Equal(live.RoomCallbackSign(trtcKey, []byte(d.Body))))
	s.Expect(d.Body).To(MatchJSON(`{"EventGroupId":4,"EventType":401,"CallbackTs":1767225600000,"EventInfo":{"RoomId":"12345","RoomType":0,
		"EventTsMs":1767225600000,"UserId":"anchor01","TaskId":"relay-6674468118806626494",
		"Payload":{"Url":"rtmp://8888.livepush.myqcloud.com/live/` + defaultID + `","Status":1}}}`))
}

// A dropped copy comes back, a forbidden one does not; the room goes on in any case.
func TestRelayControl(t *testing.T) {
	t.Parallel()
	s := newStage(t, relaying)
	s.in(`12345`, "anchor01", `,"publish":true`)
	before := len(s.made())
	body := `{"AppName":"live","DomainName":"8888.livepush.myqcloud.com","StreamName":"` + defaultID + `"}`
	s.Expect(s.ask("live", "DropLiveStream", body)).To(Equal(`{}`))
	s.Expect(s.sim.Streaming(defaultID)).To(BeTrue())
	s.Expect(s.ask("live", "ForbidLiveStream", body)).To(Equal(`{}`))
	s.Expect(s.sim.Streaming(defaultID)).To(BeFalse())
	s.Expect(s.sim.InRoom(12345)).To(Equal(map[string]bool{"anchor01": true}))
	s.in(`12345`, "anchor01", `,"publish":true`)
	s.Expect(s.ask("live", "ResumeLiveStream", body)).To(Equal(`{}`))
	s.in(`12345`, "anchor01", `,"publish":true`)
	s.Expect(s.ask("trtc", "RemoveUser", `{"SdkAppId":1400000000,"RoomId":12345,"UserIds":["anchor01"]}`)).To(Equal(`{}`))
	s.Expect(s.made()[before:]).To(Equal([]string{
		"end " + defaultID + " 21/100", "401 3", "start " + defaultID, "401 2", // dropped
		"end " + defaultID + " 21/101", "401 3", "401 4", "401 0", // forbidden
		"103 anchor01 3", "201 anchor01", "401 1", "401 4", "401 0", "203 anchor01", // still forbidden
		"103 anchor01 3", "201 anchor01", "401 1", "start " + defaultID, "401 2", "203 anchor01", // resumed
		"104 anchor01 3", "401 5", "end " + defaultID + " 1/0", "401 0", "102", // removed
	}))
}

// Who takes the name of a copy keeps it when the anchor leaves.
func TestRelayReplaced(t *testing.T) {
	t.Parallel()
	s := newStage(t, relaying)
	s.in(`12345`, "anchor01", `,"publish":true,"streamID":"show-42"`)
	s.push()
	s.done(http.MethodPost, "trtc/leave", `{"roomID":12345,"userID":"anchor01"}`)
	s.Expect(s.sim.Streaming(stream42)).To(BeTrue())
	s.Expect(s.made()[3:]).To(Equal([]string{
		"401 1", "start show-42", "401 2", "203 anchor01", "end show-42 21/102", "401 3", "401 4", "401 0", "start show-42", "104 anchor01 1", "102",
	}))
}

// Dismissing a room ends its copies.
func TestRelayDismissed(t *testing.T) {
	t.Parallel()
	s := newStage(t, relaying)
	s.in(`"talk"`, "a", `,"publish":true,"streamID":"one"`)
	s.in(`"talk"`, "b", `,"publish":true,"streamID":"two"`)
	before := len(s.made())
	s.Expect(s.ask("trtc", "DismissRoomByStrRoomId", `{"SdkAppId":1400000000,"RoomId":"talk"}`)).To(Equal(`{}`))
	s.Expect(s.made()[before:]).To(Equal([]string{"401 5", "end one 1/0", "401 0", "401 5", "end two 1/0", "401 0", "102"}))
	s.Expect(s.sim.Deliveries(before)[0].Body).To(ContainSubstring(`"RoomType":1`))
	s.Expect(s.sim.Streams()).To(BeEmpty())
}
