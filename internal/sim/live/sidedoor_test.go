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
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

// The side door tells what there is, and what has happened.
func TestViews(t *testing.T) {
	t.Parallel()
	s := newStage(t, at(newYear))
	link := pushTo(masterKey, newYear.Add(time.Hour)).RTMP()
	_, pushed := s.door(http.MethodPost, "push", `{"url":"`+link+`"}`)
	s.Expect(pushed).To(MatchJSON(`{"streamName":"show-42","sequence":"6674468118806626494"}`))
	s.Expect(s.ask("live", "ForbidLiveStream", `{"AppName":"live","DomainName":"d","StreamName":"other"}`)).To(Equal(`{}`))
	_, streams := s.door(http.MethodGet, "streams", "")
	var got []simlive.Stream
	s.Expect(json.Unmarshal([]byte(streams), &got)).To(Succeed())
	since, until := newYear, newYear.Add(7*24*time.Hour)
	s.Expect(got).To(HaveLen(2))
	s.Expect(*got[0].ForbiddenUntil).To(BeTemporally("==", until))
	s.Expect(*got[1].Since).To(BeTemporally("==", since))
	got[0].ForbiddenUntil, got[1].Since = nil, nil
	s.Expect(got).To(Equal([]simlive.Stream{{Name: "other"}, {Name: stream42, Sequence: "6674468118806626494", Domain: "push.example.com", AppName: "live"}}))
	s.Expect(s.play("webrtc://play.example.com/live/show-42")).To(Equal(http.StatusForbidden))
	s.Eventually(s.outcome(1)).Should(Equal("Taken [200]"))
	_, stats := s.door(http.MethodGet, "stats", "")
	s.Expect(stats).To(MatchJSON(`{"pushes":1,"plays":0,"calls":{"ForbidLiveStream":1},"refusals":{"play 403":1},
		"callbacks":{"made":1,"pending":0,"taken":1,"givenUp":0,"dropped":0}}`))
	for path, body := range map[string]string{
		"push": `{"url":1}`, "stop": `{`, "trtc/enter": `{"room":1}`, "trtc/role": `[]`, "trtc/media": `{"roomID":1,"media":"smell","userID":"a"}`,
		"trtc/leave": `{"roomID":-1}`,
	} {
		status, _ := s.door(http.MethodPost, path, body)
		s.Expect(status).To(Equal(http.StatusBadRequest), path)
	}
	for _, path := range []string{"disorder", "callbacks"} {
		status, _ := s.door(http.MethodPut, path, `{"unknown":1}`)
		s.Expect(status).To(Equal(http.StatusBadRequest), path)
	}
	status, _ := s.door(http.MethodGet, "deliveries?after=x", "")
	s.Expect(status).To(Equal(http.StatusBadRequest))
	status, _ = s.door(http.MethodPost, "event", `{"type":100,"fields":{"x":"`+strings.Repeat("x", 128<<10)+`"}}`)
	s.Expect(status).To(Equal(http.StatusRequestEntityTooLarge))
}
