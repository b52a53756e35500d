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
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/live"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

// signature of a callback of CSS.
type signature struct {
	T    int64  `json:"t"`
	Sign string `json:"sign"`
}

func (s *stage) signatureOf(body string) signature {
	s.t.Helper()
	var found signature
	s.Expect(json.Unmarshal([]byte(body), &found)).To(Succeed())
	return found
}

// Signatures are those of vectors C1 and C2 of the contract.
func TestCallbackVectors(t *testing.T) {
	t.Parallel()
	for _, want := range []signature{{1767226200, "6d9af29f32348908624449195eb2cfaa"}, {1767229800, "3105551823384de368529e0af2ed9b99"}} {
		s := newStage(t, at(time.Unix(want.T-600, 0)))
		s.Expect(s.sim.Emit(200, stream42, nil)).To(Succeed())
		s.Expect(s.signatureOf(s.sim.Deliveries(0)[0].Body)).To(Equal(want))
	}
}

// The signature of a callback can be wrong, or its time past.
func TestSpoiledSignatures(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	last := func() simlive.Delivery {
		all := s.sim.Deliveries(0)
		return all[len(all)-1]
	}
	emit := func() signature {
		s.Expect(s.sim.Emit(100, stream42, nil)).To(Succeed())
		return s.signatureOf(last().Body)
	}
	s.done(http.MethodPut, "disorder", `{"wrongSign":true}`)
	spoiled := emit()
	s.Expect(spoiled.Sign).To(MatchRegexp(`^[0-9a-f]{32}$`))
	s.Expect(spoiled.Sign).NotTo(Equal(live.CallbackSign(cssKey, spoiled.T)))
	s.in(`7`, "anchor01", ``)
	s.Expect(last().Sign).NotTo(Equal(live.RoomCallbackSign(trtcKey, []byte(last().Body))))

	s.done(http.MethodPut, "disorder", `{"expired":true}`)
	past := emit()
	s.Expect(past.Sign).To(Equal(live.CallbackSign(cssKey, past.T)))
	s.Expect(time.Unix(past.T, 0)).To(BeTemporally("<", time.Now()))
	s.in(`8`, "anchor01", ``)
	s.Expect(last().Sign).To(Equal(live.RoomCallbackSign(trtcKey, []byte(last().Body))))
	var body struct {
		At int64 `json:"CallbackTs"`
	}
	s.Expect(json.Unmarshal([]byte(last().Body), &body)).To(Succeed())
	s.Expect(time.UnixMilli(body.At)).To(BeTemporally("~", time.Now().Add(-time.Hour), time.Minute))

	s.done(http.MethodPut, "disorder", `{}`)
	good := emit()
	s.Expect(good).To(Equal(signature{good.T, live.CallbackSign(cssKey, good.T)}))
	s.Expect(time.Unix(good.T, 0)).To(BeTemporally("~", time.Now().Add(10*time.Minute), time.Minute))
}

// Without keys nothing is signed.
func TestUnsigned(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.done(http.MethodPut, "callbacks", `{"css":"`+s.receiver+`","trtc":"`+s.receiver+`"}`)
	s.Expect(s.sim.Emit(100, stream42, nil)).To(Succeed())
	s.in(`7`, "anchor01", ``)
	s.Expect(s.signatureOf(s.sim.Deliveries(0)[0].Body)).To(Equal(signature{}))
	s.Eventually(s.came).Should(HaveLen(3))
	for _, c := range s.got() {
		s.Expect(c.Sign).To(BeEmpty())
	}
}

// Ends may come before starts, and each callback twice.
func TestOrder(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.done(http.MethodPut, "disorder", `{"holdStarts":true,"duplicate":true}`)
	s.push()
	s.Expect(s.made()).To(BeEmpty(), "the start is held")
	s.Expect(s.sim.Stop(stream42, 1, 0)).To(BeTrue())
	want := []string{"end show-42 1/0", "end show-42 1/0", "start show-42", "start show-42"}
	s.Expect(s.made()).To(Equal(want))
	s.Eventually(s.came).Should(ConsistOf(want))
	all := s.sim.Deliveries(0)
	s.Expect(all[1].Repeats).To(Equal(all[0].Number))
	s.Expect(all[1].Body).To(Equal(all[0].Body))
	s.push()
	s.done(http.MethodPut, "disorder", `{}`)
	s.Expect(s.made()[4:]).To(Equal([]string{"start show-42"}), "what was held goes out")
}

// Bodies of TRTC may be printed with tabs; the signature is over them.
func TestPrintedBodies(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.done(http.MethodPut, "disorder", `{"tabs":true}`)
	s.in(`7`, "anchor01", ``)
	s.Eventually(s.got).Should(HaveLen(2))
	for _, c := range s.got() {
		s.Expect(c.Body).To(ContainSubstring("\n\t\"EventInfo\":\t{\n\t\t\"EventMsTs\":\t"))
		s.Expect(c.Sign).To(Equal(live.RoomCallbackSign(trtcKey, []byte(c.Body))))
	}
}

// Each event type may have a URL of its own, or none.
func TestURLs(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.done(http.MethodPut, "callbacks", `{"css":"`+s.receiver+`/css","cssKey":"`+cssKey+`","cssURLs":{"0":"`+s.receiver+`/ends","100":""}}`)
	s.push()
	s.Expect(s.sim.Emit(100, stream42, nil)).To(Succeed())
	s.Expect(s.sim.Stop(stream42, 1, 0)).To(BeTrue())
	s.in(`7`, "anchor01", ``)
	s.Expect(s.made()).To(Equal([]string{"start show-42", "end show-42 1/0"}))
	s.Eventually(s.got).Should(HaveLen(2))
	paths := map[string]string{}
	for _, c := range s.got() {
		paths[short(c.Body)] = c.Path
	}
	s.Expect(paths).To(Equal(map[string]string{"start show-42": "/css", "end show-42 1/0": "/ends"}))
}

// Events on demand have the names of the provider's documents, of which no two types
// have the same.
func TestEvents(t *testing.T) {
	t.Parallel()
	s := newStage(t, at(newYear))
	link := pushTo(masterKey, newYear.Add(time.Hour)).RTMP()
	_, err := s.sim.Push(link)
	s.Expect(err).NotTo(HaveOccurred())
	param := link[len("rtmp://push.example.com/live/show-42?"):]
	for kind, want := range map[int]map[string]any{
		100: {"appid": 1250000000.0, "app": "push.example.com", "appname": "live", "stream_id": stream42, "channel_id": stream42, "stream_param": param, "end_time": 1767225600.0},
		200: {"app": "push.example.com", "appname": "live", "stream_id": stream42, "channel_id": stream42, "stream_param": param, "create_time": 1767225600.0},
		314: {"appid": 1250000000.0, "stream_id": stream42, "event_time": "1767225600", "product_name": "pullpush"},
		315: {"appid": 1250000000.0, "domain": "push.example.com", "path": "live", "stream_id": stream42, "channel_id": stream42, "suggestion": "Block"},
		317: {"appid": 1250000000.0, "app": "push.example.com", "appname": "live", "streamId": stream42, "channelId": stream42, "stream_param": param, "sendTime": 1767225600.0},
		321: {"appid": 1250000000.0, "domain": "push.example.com", "path": "live", "stream_id": stream42, "stream_param": param, "data_time": 1767225600000.0},
		332: {"appid": 1250000000.0, "domain": "push.example.com", "appname": "live", "stream_id": stream42, "event_time": 1767225600.0},
		341: {"appid": 1250000000.0, "domain": "push.example.com", "path": "live", "stream_id": stream42, "timestamp": 1767225600.0},
	} {
		s.Expect(s.sim.Emit(kind, stream42, map[string]any{"own": "field", "appid_": nil})).To(Succeed())
		all := s.sim.Deliveries(0)
		var body map[string]any
		s.Expect(json.Unmarshal([]byte(all[len(all)-1].Body), &body)).To(Succeed())
		want["event_type"], want["own"], want["t"], want["sign"] = float64(kind), "field", 1767226200.0, "6d9af29f32348908624449195eb2cfaa"
		for name, value := range want {
			s.Expect(body).To(HaveKeyWithValue(name, value), "%d", kind)
		}
		for _, name := range []string{"appid", "app", "appname", "domain", "path", "stream_id", "streamId", "channel_id", "channelId", "stream_param"} {
			if _, has := want[name]; !has {
				s.Expect(body).NotTo(HaveKey(name), "%d", kind)
			}
		}
	}
	s.done(http.MethodPost, "event", `{"type":321,"streamName":"show-42","fields":{"t":null,"user_ip":"192.0.2.1","sequence":null}}`)
	all := s.sim.Deliveries(0)
	s.Expect(all[len(all)-1].Body).To(And(ContainSubstring(`"user_ip":"192.0.2.1"`), Not(ContainSubstring(`"sequence"`))))
	for _, body := range []string{`{"type":1,"streamName":"show-42"}`, `{"type":347,"streamName":"show-42"}`, `{"type":"100"}`} {
		status, _ := s.door(http.MethodPost, "event", body)
		s.Expect(status).To(Equal(http.StatusBadRequest), body)
	}
}
