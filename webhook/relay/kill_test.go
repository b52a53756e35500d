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

package relay_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

const (
	// killsEnv replaces the number of kills, customersEnv and messagesEnv the size of
	// the storm.
	killsEnv     = "RELAY_TEST_KILLS"
	customersEnv = "RELAY_TEST_CUSTOMERS"
	messagesEnv  = "RELAY_TEST_MESSAGES"
)

func fromEnv(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return n
}

// startPod as a process of its own.
func startPod(t *testing.T, options podOptions) *process {
	t.Helper()
	argument, err := json.Marshal(options)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	p, _ := startProcess(t, podEnv, string(argument))
	return p
}

// TestKilled kills the pod again and again while customers and agents write.
func TestKilled(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	kills := fromEnv(t, killsEnv, 4)
	w := newWorld(t, stormy)
	options := podOptions{
		Dir: filepath.Join(t.TempDir(), "journal"), Member: "pod-0", IM: w.imURL, WeChat: w.wechatURL,
		Address: "127.0.0.1:" + freePorts(t, 1)[0],
	}
	p := startPod(t, options)
	w.connectTo("http://" + options.Address)
	g.Eventually(func() int { return askFigures(options.Address).Owned }).WithTimeout(time.Minute).Should(Equal(journal.Partitions))
	s := newStorm(w, fromEnv(t, customersEnv, 20), fromEnv(t, messagesEnv, 6))
	s.disturb()
	var answered atomic.Int64
	talking := s.talk(&answered)
	all, early := len(s.followers)*s.messages, 0
	for kill := range kills {
		// Somewhere in its share of the storm, or as soon as the process answers.
		moment := int64((float64(kill) + rand.Float64()) * 0.9 * float64(all) / float64(kills))
		if kill > 0 && rand.IntN(4) == 0 {
			early++
			g.Eventually(func() error { return dial(options.Address) }).WithTimeout(time.Minute).WithPolling(time.Millisecond).Should(Succeed())
		} else {
			g.Eventually(answered.Load).WithTimeout(stormPatience).WithPolling(time.Millisecond).Should(BeNumerically(">=", moment))
		}
		// What WeChat gives up after three tries is lost for good reason.
		g.Eventually(w.exhausted).WithTimeout(time.Minute).WithPolling(5 * time.Millisecond).Should(BeFalse())
		g.Expect(p.kill()).To(Equal("signal: killed"))
		p = startPod(t, options)
	}
	talking.Wait()
	letters := s.settleWith(func() figures { return askFigures(options.Address) })
	g.Expect(p.kill()).To(Equal("signal: killed"))
	l, err := openLogs(t.Context(), options.journal())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(l.letters.all(t.Context())).To(ContainElements(letters), "they are there after the last kill")
	g.Expect(l.close()).To(Succeed())
	t.Logf("%d kills, %d of them while it started; %s", kills, early, s.figures(len(letters)))
}
