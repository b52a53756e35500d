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
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

// state of a delivery with its statuses.
func (s *stage) outcome(number int) func() string {
	return func() string {
		for _, d := range s.sim.Deliveries(number - 1) {
			if d.Number == number {
				return fmt.Sprint(d.State, " ", d.Statuses)
			}
		}
		return "none"
	}
}

func statuses(status, n int) string { return fmt.Sprint(slices.Repeat([]int{status}, n)) }

// A callback is repeated until it is taken: CSS twelve times, screenshots five times,
// TRTC for a minute (sections 3.1 and 7.1).
func TestRepeats(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }
	s.push()
	s.Expect(s.sim.Emit(200, stream42, nil)).To(Succeed())
	s.Expect(s.sim.Emit(332, stream42, nil)).To(Succeed())
	s.in(`7`, "anchor01", ``)
	s.Eventually(s.outcome(1)).Should(Equal("GivenUp "+statuses(202, 13)), "another status than 200 is a failure")
	s.Eventually(s.outcome(2)).Should(Equal("GivenUp " + statuses(202, 6)))
	s.Eventually(s.outcome(3)).Should(Equal("GivenUp " + statuses(202, 13)))
	s.Eventually(s.outcome(4)).Should(Equal("GivenUp "+statuses(202, 8)), "at once, and every ten seconds")
	s.Eventually(s.outcome(5)).Should(Equal("GivenUp " + statuses(202, 8)))
	s.Expect(s.sim.Stats().Callbacks).To(Equal(simlive.CallbackStats{Made: 5, GivenUp: 5}))
	bodies := map[string]int{}
	for _, c := range s.got() {
		bodies[c.Body]++
	}
	s.Expect(bodies).To(HaveLen(5), "it is the same body each time")
}

// What is taken is not sent again.
func TestTaken(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.answer = func(n int, w http.ResponseWriter, _ *http.Request) {
		if n <= 2 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}
	s.push()
	s.Eventually(s.outcome(1)).Should(Equal("Taken [500 500 200]"))
	s.Expect(s.sim.Stats().Callbacks).To(Equal(simlive.CallbackStats{Made: 1, Taken: 1}))
}

// Gaps are as long as the provider's, by the scale.
func TestGaps(t *testing.T) {
	t.Parallel()
	var first, second time.Time
	s := newStage(t, func(o *simlive.Options) { o.TimeScale = 0.002 })
	s.answer = func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			first = time.Now()
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		second = time.Now()
	}
	s.push()
	s.Eventually(s.outcome(1)).Should(Equal("Taken [500 200]"))
	s.Expect(second.Sub(first)).To(BeNumerically(">=", 110*time.Millisecond), "a minute is 120 ms, less what the first answer takes")
}

// No answer in time is a failure; for TRTC the waiting is part of its minute.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *simlive.Options) { o.TimeoutScale = 0.002 })
	s.answer = func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	s.Expect(s.sim.Emit(200, stream42, nil)).To(Succeed())
	s.in(`7`, "anchor01", ``)
	s.Eventually(s.outcome(1)).Should(Equal("GivenUp " + statuses(0, 6)))
	s.Eventually(s.outcome(2)).Should(Equal("GivenUp "+statuses(0, 5)), "at 0, 5, 20, 35 and 50 seconds")
}

// TRTC takes no answer of more than 2000 bytes, CSS takes any, and neither goes where
// it is sent.
func TestAnswers(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.answer = func(_ int, w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 2001))
	}
	s.push()
	s.in(`7`, "anchor01", ``)
	s.Eventually(s.outcome(1)).Should(Equal("Taken [200]"))
	s.Eventually(s.outcome(2)).Should(Equal("GivenUp " + statuses(0, 8)))

	s = newStage(t, nil)
	s.answer = func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1000))
		_, _ = io.WriteString(w, strings.Repeat("x", 1000))
	}
	s.in(`7`, "anchor01", ``)
	s.Eventually(s.outcome(1)).Should(Equal("GivenUp "+statuses(0, 8)), "the head counts, too")

	s = newStage(t, nil)
	s.answer = func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}
	s.Expect(s.sim.Emit(200, stream42, nil)).To(Succeed())
	s.Eventually(s.outcome(1)).Should(Equal("GivenUp " + statuses(302, 6)))
}

// A receiver that is away is tried, too.
func TestNoReceiver(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	s := newStage(t, nil)
	for _, target := range []string{away.URL, "::"} {
		s.sim.SetCallbacks(simlive.CSSCallback{Callback: simlive.Callback{URL: target}}, simlive.Callback{})
		s.Expect(s.sim.Emit(200, stream42, nil)).To(Succeed())
	}
	s.Eventually(s.outcome(1)).Should(Equal("GivenUp " + statuses(0, 6)))
	s.Eventually(s.outcome(2)).Should(Equal("GivenUp " + statuses(0, 6)))
}

// What was sent can be read and sent again, byte by byte.
func TestReplay(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.push()
	s.in(`7`, "anchor01", ``)
	s.Eventually(s.outcome(3)).Should(Equal("Taken [200]"))
	s.Eventually(s.outcome(1)).Should(Equal("Taken [200]"))
	s.Eventually(s.outcome(2)).Should(Equal("Taken [200]"))
	before := s.got()
	s.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }
	s.done(http.MethodPost, "deliveries/3", "")
	s.Eventually(s.outcome(4)).Should(Equal("GivenUp [403]"), "once and no more")
	_, text := s.door(http.MethodGet, "deliveries?after=2", "")
	var all []simlive.Delivery
	s.Expect(json.Unmarshal([]byte(text), &all)).To(Succeed())
	s.Expect(all).To(HaveLen(2))
	s.Expect(all[1]).To(Equal(simlive.Delivery{
		Number: 4, Repeats: 3, Kind: all[0].Kind, URL: all[0].URL, Sign: all[0].Sign, Body: all[0].Body, Time: all[1].Time,
		Statuses: []int{403}, State: simlive.GivenUp,
	}))
	s.Expect(before).To(ContainElement(s.got()[3]))
	for _, number := range []string{"0", "99", "x"} {
		status, _ := s.door(http.MethodPost, "deliveries/"+number, "")
		s.Expect(status).To(Equal(http.StatusBadRequest), number)
	}
}

// Callbacks are kept and under way up to a bound. It runs alone, as it keeps the machine
// busy.
func TestDeliveryBounds(t *testing.T) {
	release := make(chan struct{})
	s := newStage(t, nil)
	s.answer = func(int, http.ResponseWriter, *http.Request) { <-release }
	for range 2100 {
		s.Expect(s.sim.Emit(200, stream42, nil)).To(Succeed())
	}
	s.Expect(s.sim.Stats().Callbacks).To(Equal(simlive.CallbackStats{Made: 2048, Pending: 2048, Dropped: 52}))
	close(release)
	s.Eventually(func() int { return s.sim.Stats().Callbacks.Taken }).Should(Equal(2048))
	for i := range 3 {
		for range 1000 {
			s.Expect(s.sim.Emit(200, stream42, nil)).To(Succeed())
		}
		s.Eventually(func() int { return s.sim.Stats().Callbacks.Taken }).Should(Equal(2048 + 1000*(i+1)))
	}
	all := s.sim.Deliveries(0)
	s.Expect(all).To(HaveLen(4096))
	s.Expect(all[0].Number).To(Equal(953))
	s.Expect(s.sim.Replay(952)).NotTo(Succeed())
	s.Expect(s.sim.Replay(953)).To(Succeed())
}

// A simulator that is closed ends its tries, and makes no more.
func TestClose(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	begun := make(chan struct{}, 1)
	s.answer = func(_ int, _ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
	}
	s.push()
	<-begun
	s.sim.Close()
	s.Expect(s.sim.Deliveries(0)[0].State).To(Equal(simlive.GivenUp))
	s.Expect(s.sim.Stop(stream42, 1, 0)).To(BeTrue())
	s.Expect(s.made()).To(Equal([]string{"start show-42"}))
}
