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
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/live"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

// The gate takes the vectors of the contract (section 1.2), with the text of the time
// as it was received.
func TestPushVectors(t *testing.T) {
	t.Parallel()
	const official, sample = "e12c46f2612d5106e2034781ab261ca3", "somestring"
	for name, v := range map[string]struct{ master, backup, stream, secret, at string }{
		"P1": {official, "", "test", "f85a2ab363fe4deaffef9754d79da6fe", "5C271099"},
		"P2": {sample, "", "test", "b77e812107e1d8b8f247885a46e1bd34", "5c2acacc"},
		"P3": {sample, "", "test_900", "4beae959b16c77da6a65c7edda1dfefe", "5c2acacc"},
		"P4": {masterKey, backupKey, "show42_main", "44f826f9988eee52f27700c6d9c739e4", "6955B900"},
		"P5": {masterKey, backupKey, "show42_main", "c811bba6db37f288f2ed1f82689c5df2", "6955b900"},
		"P6": {masterKey, backupKey, "show42_main", "337a50f23fe5dca317ec4fe18f332ba7", "6955B900"},
		"P7": {masterKey, "", "1400000000_room-7_anchor01_main", "b1cd1c9cb09255840b0d74f6d27a18a6", "6955B900"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, func(o *simlive.Options) {
				at(time.Unix(1546000000, 0))(o)
				o.MasterKey, o.BackupKey, o.CSS.URL = v.master, v.backup, ""
			})
			query := "?txSecret=" + v.secret + "&txTime=" + v.at
			_, err := s.sim.Push("rtmp://push.example.com/live/" + v.stream + query)
			s.Expect(err).NotTo(HaveOccurred())
			_, err = s.sim.Push("rtmp://push.example.com/live/" + v.stream + swapCase(query))
			s.Expect(err).To(MatchError(&simlive.Refusal{Code: 18, Sub: 503}), "the text of the time is signed")
		})
	}
}

// swapCase of the digits of the time.
func swapCase(query string) string {
	i := strings.Index(query, "txTime=") + len("txTime=")
	if lower := strings.ToLower(query[i:]); lower != query[i:] {
		return query[:i] + lower
	}
	return query[:i] + strings.ToUpper(query[i:])
}

// All forms of a URL are taken, with either key.
func TestPushForms(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	later := time.Now().Add(time.Hour)
	links := []string{}
	for _, p := range []live.Push{pushTo(masterKey, later), pushTo(backupKey, later)} {
		links = append(links, p.RTMP(), p.WebRTC(), p.SRT())
	}
	want := []string{"start show-42"}
	for i, link := range links {
		body, err := json.Marshal(map[string]string{"url": link})
		s.Expect(err).NotTo(HaveOccurred())
		status, answer := s.door(http.MethodPost, "push", string(body))
		s.Expect(status).To(Equal(http.StatusOK), answer)
		var pushed struct{ StreamName, Sequence string }
		s.Expect(json.Unmarshal([]byte(answer), &pushed)).To(Succeed())
		s.Expect(pushed.StreamName).To(Equal(stream42))
		s.Expect(pushed.Sequence).To(Equal(s.sim.Streams()[0].Sequence))
		if i > 0 { // it takes the place of the one before
			want = append(want, "end show-42 21/102", "start show-42")
		}
	}
	s.Expect(s.made()).To(Equal(want))
	s.Eventually(s.came).Should(ConsistOf(want))
	s.Expect(s.sim.Stats().Pushes).To(Equal(6))
}

// Everything else is refused with the reason of section 3.3, and nothing begins.
func TestPushRefusals(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	later := time.Now().Add(time.Hour)
	at, badName := live.Time(later), pushTo(masterKey, later)
	badName.StreamName = "a*b"
	s.done(http.MethodPut, "callbacks", `{}`)
	status, _ := s.door(http.MethodPost, "push", `{"url":"push.example.com"}`)
	s.Expect(status).To(Equal(http.StatusBadRequest))
	want := map[string]int{}
	for link, sub := range map[string]string{
		"rtmp://198.51.100.7/live/show-42":                                  "300",
		"rtmp://elsewhere.example.com/live/show-42":                         "302",
		"http://push.example.com/live/show-42":                              "302",
		"rtmp://push.example.com/vod/show-42":                               "304",
		"rtmp://push.example.com/li*ve/show-42":                             "309",
		badName.RTMP():                                                      "308",
		"rtmp://push.example.com/live/show-42":                              "500",
		"rtmp://push.example.com/live/show-42?txSecret=0&txTime=tomorrow":   "500",
		"rtmp://push.example.com/live/show-42?txTime=" + at:                 "502",
		pushTo("wrong", later).RTMP():                                       "503",
		pushTo("wrong", later).SRT():                                        "503",
		pushTo(masterKey, time.Now().Add(-time.Minute)).RTMP():              "501",
		strings.Replace(pushTo(masterKey, later).RTMP(), "-42?", "-43?", 1): "503",
	} {
		status, answer := s.door(http.MethodPost, "push", `{"url":"`+link+`"}`)
		s.Expect(status).To(Equal(http.StatusConflict), link)
		s.Expect(answer).To(MatchJSON(`{"errcode":18,"sub":`+sub+`,"error":"refused: 18/`+sub+`"}`), link)
		want["push 18/"+sub]++
	}
	s.Expect(s.sim.Stats().Refusals).To(Equal(want))
	s.Expect(s.sim.Streams()).To(BeEmpty())
}

// A push goes on when its URL has ended; a reconnect does not.
func TestPushOutlastsItsURL(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	link := pushTo(masterKey, time.Now().Add(time.Minute)).RTMP()
	_, err := s.sim.Push(link)
	s.Expect(err).NotTo(HaveOccurred())
	s.pass(2 * time.Minute)
	s.Expect(s.sim.Streaming(stream42)).To(BeTrue())
	_, err = s.sim.Push(link)
	s.Expect(err).To(MatchError(&simlive.Refusal{Code: 18, Sub: 501}))
	s.Expect(s.sim.Streaming(stream42)).To(BeTrue(), "who is refused replaces nobody")
}

// Start and end of a push have one sequence, and the fields of section 3.3.
func TestPushCallbacks(t *testing.T) {
	t.Parallel()
	now := newYear.Add(-time.Hour)
	s := newStage(t, func(o *simlive.Options) { o.Clock = func() time.Time { return now } })
	sequence, err := s.sim.Push(pushTo(masterKey, newYear).RTMP())
	s.Expect(err).NotTo(HaveOccurred())
	s.Eventually(s.came).Should(Equal([]string{"start show-42"}))
	param := strings.SplitN(pushTo(masterKey, newYear).RTMP(), "?", 2)[1]
	common := `"app":"push.example.com","appid":1250000000,"appname":"live","channel_id":"show-42","stream_id":"show-42","node":"198.51.100.92",
		"set_id":2,"user_ip":"203.0.113.45","sequence":"` + sequence + `","stream_param":"` + param + `",`
	s.Expect(s.got()[0].Body).To(MatchJSON(`{` + common + `"event_type":1,"event_time":1767222000,"errcode":0,"errmsg":"ok","width":0,"height":0,
		"t":1767222600,"sign":"` + live.CallbackSign(cssKey, 1767222600) + `"}`))
	s.done(http.MethodPost, "stop", `{"streamName":"show-42"}`)
	status, _ := s.door(http.MethodPost, "stop", `{"streamName":"show-42"}`)
	s.Expect(status).To(Equal(http.StatusConflict))
	s.Eventually(s.came).Should(HaveLen(2))
	s.Expect(s.got()[1].Body).To(MatchJSON(`{` + common + `"event_type":0,"event_time":1767222000,"errcode":1,
		"errmsg":"The push client actively stopped the push","push_duration":"0","t":1767222600,"sign":"` + live.CallbackSign(cssKey, 1767222600) + `"}`))
}

// A push may end for any reason, after any time.
func TestStop(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.push()
	s.pass(90 * time.Second)
	s.done(http.MethodPost, "stop", `{"streamName":"show-42","errcode":8}`)
	s.push()
	s.done(http.MethodPost, "stop", `{"streamName":"show-42","errcode":18,"sub":202}`)
	s.push()
	s.done(http.MethodPost, "stop", `{"streamName":"show-42","errcode":12}`)
	s.Expect(s.made()).To(Equal([]string{
		"start show-42", "end show-42 8/0", "start show-42", "end show-42 18/202", "start show-42", "end show-42 12/0",
	}))
	var end struct {
		Duration string `json:"push_duration"`
	}
	s.Expect(json.Unmarshal([]byte(s.sim.Deliveries(0)[1].Body), &end)).To(Succeed())
	s.Expect(end.Duration).To(MatchRegexp(`^9\d{4}$`), "milliseconds, as text")
	s.Expect(s.sim.Streams()).To(BeEmpty())
}

// Whether a refused push is told of as one that ended is left open by the documents.
func TestRefusalsMayCallBack(t *testing.T) {
	t.Parallel()
	for tells, want := range map[bool]int{false: 0, true: 1} {
		s := newStage(t, func(o *simlive.Options) { o.RefusalsCallBack = tells })
		_, err := s.sim.Push(pushTo("a wrong key", s.clock().Add(time.Hour)).RTMP())
		var refusal *simlive.Refusal
		s.Expect(errors.As(err, &refusal)).To(BeTrue())
		s.Expect(*refusal).To(Equal(simlive.Refusal{Code: 18, Sub: 503}))
		all := s.sim.Deliveries(0)
		s.Expect(all).To(HaveLen(want))
		if tells {
			s.Expect(all[0].Body).To(And(ContainSubstring(`"event_type":0`), ContainSubstring(`"errcode":18`), ContainSubstring(`"sub_errcode":503`)))
		}
	}
}
