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
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/live/control"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

var show = control.Stream{Domain: "push.example.com", AppName: "live", Name: stream42}

// state that the API tells.
func (s *stage) state() control.StreamState {
	s.t.Helper()
	found, err := s.api().StreamState(s.t.Context(), show)
	s.Expect(err).NotTo(HaveOccurred())
	return found
}

// ask calls an action as a service of the provider, past the client.
func (s *stage) ask(service, action, body string) string {
	s.t.Helper()
	r := s.signed(service, action, body, nil)
	w := httptest.NewRecorder()
	s.sim.ServeHTTP(w, r)
	s.Expect(w.Code).To(Equal(http.StatusOK))
	var envelope struct {
		Response map[string]any
	}
	s.Expect(json.Unmarshal(w.Body.Bytes(), &envelope)).To(Succeed())
	s.Expect(envelope.Response).To(HaveKeyWithValue("RequestId", MatchRegexp(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)))
	delete(envelope.Response, "RequestId")
	if refused, ok := envelope.Response["Error"].(map[string]any); ok {
		return fmt.Sprint(refused["Code"])
	}
	text, err := json.Marshal(envelope.Response)
	s.Expect(err).NotTo(HaveOccurred())
	return string(text)
}

// A drop cuts, and the host comes back at once.
func TestDrop(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.Expect(s.state()).To(Equal(control.StreamInactive))
	s.Expect(s.api().Drop(t.Context(), show)).To(Succeed(), "nobody pushes, and that is fine")
	s.Expect(s.made()).To(BeEmpty())
	s.push()
	s.Expect(s.state()).To(Equal(control.StreamActive))
	s.Expect(s.api().Drop(t.Context(), show)).To(Succeed())
	s.Expect(s.state()).To(Equal(control.StreamInactive))
	s.push()
	s.Expect(s.made()).To(Equal([]string{"start show-42", "end show-42 21/100", "start show-42"}))
}

// A forbidden stream is cut and stays out, whatever the domain, until it is resumed or
// its time comes.
func TestForbid(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.push()
	until := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	elsewhere := show
	elsewhere.Domain = "other.example.com"
	s.Expect(s.api().Forbid(t.Context(), elsewhere, until, "paused")).To(Succeed())
	s.Expect(s.sim.ForbiddenUntil(stream42)).To(BeTemporally("==", until))
	s.Expect(s.state()).To(Equal(control.StreamForbidden))
	link := pushTo(masterKey, until.Add(30*24*time.Hour)).RTMP()
	refused := &simlive.Refusal{Code: 18, Sub: 305}
	_, err := s.sim.Push(link)
	s.Expect(err).To(MatchError(refused))
	s.Expect(s.api().Resume(t.Context(), show)).To(Succeed())
	s.push()
	s.Expect(s.made()).To(Equal([]string{"start show-42", "end show-42 21/101", "start show-42"}))

	s.Expect(s.ask("live", "ForbidLiveStream", `{"AppName":"live","DomainName":"push.example.com","StreamName":"show-42"}`)).To(Equal(`{}`))
	s.Expect(s.sim.ForbiddenUntil(stream42)).To(BeTemporally("~", time.Now().Add(7*24*time.Hour), time.Minute), "seven days if nothing is said")
	s.pass(7*24*time.Hour - time.Minute)
	_, err = s.sim.Push(link)
	s.Expect(err).To(MatchError(refused))
	s.pass(2 * time.Minute)
	_, err = s.sim.Push(link)
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(s.sim.Calls("ForbidLiveStream")).To(Equal(2))
}

// A stream may be forbidden before anybody pushes it, and one that is not may be resumed.
func TestForbidUnknownStream(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.Expect(s.api().Resume(t.Context(), show)).To(Succeed())
	s.Expect(s.api().Forbid(t.Context(), show, time.Now().Add(time.Hour), "x")).To(Succeed())
	s.Expect(s.state()).To(Equal(control.StreamForbidden))
	s.Expect(s.sim.Streams()).To(HaveLen(1))
	s.Expect(s.api().Resume(t.Context(), show)).To(Succeed())
	s.Expect(s.sim.Streams()).To(BeEmpty())
	s.Expect(s.made()).To(BeEmpty())
}

func TestOnlineList(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *simlive.Options) {
		at(newYear)(o)
		o.MasterKey, o.BackupKey, o.CSS.URL = "", "", ""
	})
	for i := range 12 {
		_, err := s.sim.Push(fmt.Sprintf("rtmp://push.example.com/live/s%02d", i))
		s.Expect(err).NotTo(HaveOccurred())
	}
	entry := func(i int) string {
		return fmt.Sprintf(`{"StreamName":"s%02d","AppName":"live","DomainName":"push.example.com","PushToDelay":0,"PublishTimeList":[{"PublishTime":"2026-01-01T00:00:00Z"}]}`, i)
	}
	list := func(body string) string { return s.ask("live", "DescribeLiveStreamOnlineList", body) }
	s.Expect(list(`{"PageNum":2}`)).To(MatchJSON(`{"TotalNum":12,"TotalPage":2,"PageNum":2,"PageSize":10,"OnlineInfo":[` + entry(10) + `,` + entry(11) + `]}`))
	s.Expect(list(`{"PageSize":300000,"StreamName":"s03"}`)).To(MatchJSON(`{"TotalNum":1,"TotalPage":1,"PageNum":1,"PageSize":300000,"OnlineInfo":[` + entry(3) + `]}`))
	s.Expect(list(`{"PageNum":1000000000000000000}`)).To(MatchJSON(`{"TotalNum":12,"TotalPage":2,"PageNum":1000000000000000000,"PageSize":10,"OnlineInfo":[]}`))
	s.Expect(list(`{"DomainName":"other.example.com"}`)).To(MatchJSON(`{"TotalNum":0,"TotalPage":0,"PageNum":1,"PageSize":10,"OnlineInfo":[]}`))
	for _, body := range []string{`{"PageSize":9}`, `{"PageSize":300001}`, `{"PageNum":-1}`} {
		s.Expect(list(body)).To(Equal("InvalidParameter"), body)
	}
}

// Calls that are wrong are refused in the envelope.
func TestActionRefusals(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	forbid := func(more string) string {
		return `{"AppName":"live","DomainName":"push.example.com","StreamName":"show-42"` + more + `}`
	}
	for _, test := range []struct{ service, action, body, want string }{
		{"live", "DescribeLiveForbidStreamList", `{}`, "InvalidAction"},
		{"live", "DismissRoom", `{}`, "InvalidAction"},
		{"trtc", "DropLiveStream", `{}`, "InvalidAction"},
		{"live", "DropLiveStream", `{`, "InvalidParameter"},
		{"live", "DropLiveStream", `{"Stream":"a"}`, "InvalidParameter"},
		{"live", "DropLiveStream", `{"AppName":"live","DomainName":"push.example.com"}`, "MissingParameter"},
		{"live", "DescribeLiveStreamState", `{}`, "MissingParameter"},
		{"live", "ResumeLiveStream", `{}`, "MissingParameter"},
		{"live", "ForbidLiveStream", `{}`, "MissingParameter"},
		{"live", "ForbidLiveStream", forbid(`,"ResumeTime":"tomorrow"`), "InvalidParameter"},
		{"live", "ForbidLiveStream", forbid(`,"ResumeTime":"2020-01-01T00:00:00Z"`), "InvalidParameter"},
		{"live", "ForbidLiveStream", forbid(`,"ResumeTime":"` + time.Now().AddDate(0, 0, 91).UTC().Format(time.RFC3339) + `"`), "InvalidParameter"},
		{"live", "ForbidLiveStream", forbid(`,"ResumeTime":"` + time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05+00:00") + `"`), "InvalidParameter"},
		{"live", "ForbidLiveStream", forbid(`,"Reason":"` + strings.Repeat("x", 2049) + `"`), "InvalidParameter"},
		{"trtc", "DismissRoom", `{"RoomId":1}`, "MissingParameter.SdkAppId"},
		{"trtc", "DismissRoom", `{"SdkAppId":1,"RoomId":1}`, "UnauthorizedOperation.SdkAppId"},
		{"trtc", "DismissRoom", `{"SdkAppId":1400000000}`, "MissingParameter.RoomId"},
		{"trtc", "DismissRoom", `{"SdkAppId":1400000000,"RoomId":"1"}`, "InvalidParameter.RoomId"},
		{"trtc", "DismissRoom", `{"SdkAppId":1400000000,"RoomId":0}`, "InvalidParameter.RoomId"},
		{"trtc", "DismissRoom", `{"SdkAppId":1400000000,"RoomId":4294967295}`, "InvalidParameter.RoomId"},
		{"trtc", "DismissRoom", `{"SdkAppId":1400000000,"RoomId":1}`, "FailedOperation.RoomNotExist"},
		{"trtc", "DismissRoomByStrRoomId", `{"SdkAppId":1400000000,"RoomId":1}`, "InvalidParameter.RoomId"},
		{"trtc", "DismissRoomByStrRoomId", `{"SdkAppId":1400000000,"RoomId":"1"}`, "FailedOperation.RoomNotExist"},
		{"trtc", "RemoveUser", `{"SdkAppId":1400000000,"RoomId":1}`, "MissingParameter.UserIds"},
		{"trtc", "RemoveUser", `{"SdkAppId":1400000000,"RoomId":1,"UserIds":[]}`, "InvalidParameter.UserIds"},
		{"trtc", "RemoveUser", `{"SdkAppId":1400000000,"RoomId":1,"UserIds":["1","2","3","4","5","6","7","8","9","10","11"]}`, "InvalidParameter.UserIds"},
		{"trtc", "RemoveUser", `{"SdkAppId":1400000000,"RoomId":1,"UserIds":["a"]}`, "FailedOperation.RoomNotExist"},
		{"trtc", "RemoveUserByStrRoomId", `{"SdkAppId":1400000000,"RoomId":"1","UserIds":["a"]}`, "FailedOperation.RoomNotExist"},
	} {
		s.Expect(s.ask(test.service, test.action, test.body)).To(Equal(test.want), test.action+" "+test.body)
	}
	s.Expect(s.sim.Calls("unknown")).To(Equal(1))
	s.Expect(s.sim.Stats().Refusals).To(HaveKeyWithValue("RemoveUser InvalidParameter.UserIds", 2))
	s.Expect(s.sim.Streams()).To(BeEmpty())
}
