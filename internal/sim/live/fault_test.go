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
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/live/control"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

// over sends a call over HTTP and returns what came back.
func (s *stage) over(action string) (status int, body string, err error) {
	s.t.Helper()
	const forbid = `{"AppName":"live","DomainName":"push.example.com","StreamName":"show-42"}`
	r := s.signed("live", action, forbid, nil)
	r.URL.Scheme, r.URL.Host, r.RequestURI = "http", strings.TrimPrefix(s.url, "http://"), ""
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // a broken connection is not tried again
	response, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// Faults do what they say, and say whether the call took effect.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault   simlive.Fault
		status  int
		body    string
		applied bool
	}{
		"code":               {simlive.Fault{Code: "InternalError"}, 200, `"Code":"InternalError","Message":"injected fault"`, false},
		"code after commit":  {simlive.Fault{Code: "RequestLimitExceeded", Message: "slow down", Commit: true}, 200, `"Message":"slow down"`, true},
		"gateway":            {simlive.Fault{HTTPStatus: 502}, 502, "", false},
		"gateway, committed": {simlive.Fault{HTTPStatus: 504, Commit: true}, 504, "", true},
		"reset before":       {simlive.Fault{Reset: "BeforeCommit"}, 0, "", false},
		"reset after":        {simlive.Fault{Reset: "AfterCommit"}, 0, "", true},
		"slow":               {simlive.Fault{Latency: 10 * time.Millisecond, SlowAnswer: 16 * time.Millisecond}, 200, `"RequestId"`, true},
		"another body":       {simlive.Fault{HTTPStatus: 502, Match: "show-43"}, 200, `"RequestId"`, true},
		"this body":          {simlive.Fault{HTTPStatus: 502, Match: "show-42"}, 502, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil)
			test.fault.Action = "ForbidLiveStream"
			s.Expect(s.sim.InjectFault(test.fault)).To(Succeed())
			before := time.Now()
			status, body, err := s.over("ForbidLiveStream")
			s.Expect(time.Since(before)).To(BeNumerically(">=", test.fault.Latency+test.fault.SlowAnswer))
			s.Expect(err != nil).To(Equal(test.status == 0))
			s.Expect(status).To(Equal(test.status))
			s.Expect(body).To(ContainSubstring(test.body))
			s.Expect(!s.sim.ForbiddenUntil(stream42).IsZero()).To(Equal(test.applied))
			status, _, err = s.over("DescribeLiveStreamState")
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(status).To(Equal(http.StatusOK), "other actions go on")
		})
	}
}

// A client that tries again gets through a fault of one time.
func TestFaultOfOneTime(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.Expect(s.sim.InjectFault(simlive.Fault{Action: "*", Times: 1, Reset: "AfterCommit"})).To(Succeed())
	s.Expect(s.api().Forbid(t.Context(), show, time.Now().Add(time.Hour), "x")).To(Succeed())
	s.Expect(s.sim.Calls("ForbidLiveStream")).To(Equal(2))
	s.Expect(s.sim.InjectFault(simlive.Fault{Action: "*", Code: "InvalidParameter"})).To(Succeed())
	e, _ := control.AsError(s.api().Drop(t.Context(), show))
	s.Expect(e.Code).To(Equal("InvalidParameter"))
	s.sim.ClearFaults()
	s.Expect(s.api().Drop(t.Context(), show)).To(Succeed())
}

func TestFaultDoor(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	status, answer := s.door(http.MethodPost, "faults", `{"action":"DropLiveStream","times":2,"code":"InternalError","latency":"1ms","slowAnswer":"2ms"}`)
	s.Expect(status).To(Equal(http.StatusOK))
	s.Expect(answer).To(MatchJSON(`{"number":1}`))
	s.Expect(s.ask("live", "DropLiveStream", `{}`)).To(Equal("InternalError"))
	_, answer = s.door(http.MethodGet, "faults", "")
	s.Expect(answer).To(MatchJSON(`{"faults":[{"number":1,"hits":1,"action":"DropLiveStream","times":2,"code":"InternalError","message":"injected fault",
		"latency":"1ms","slowAnswer":"2ms"}]}`))
	for _, body := range []string{
		`{"action":"Nothing","httpStatus":502}`, `{"action":"*"}`, `{"action":"*","code":"no code!"}`, `{"action":"*","latency":"soon"}`,
		`{"action":"*","slowAnswer":"1h"}`, `{"action":"*","slowAnswer":"x"}`, `{"action":"*","reset":"Never"}`, `{"action":"*","http":502}`,
	} {
		status, _ := s.door(http.MethodPost, "faults", body)
		s.Expect(status).To(Equal(http.StatusBadRequest), body)
	}
	s.done(http.MethodDelete, "faults", "")
	s.Expect(s.ask("live", "DropLiveStream", `{}`)).To(Equal("MissingParameter"))
}
