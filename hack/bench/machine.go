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

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/hack/measure"
)

// ticksPerSecond is the unit of processor time in /proc.
const ticksPerSecond = measure.TicksPerSecond

// machine is the processor time that was used up to a moment, in ticks. Times
// are compared with floors, and a floor that comes from IM's limit does not know
// that something else was busy on the same cores: this is how a reader sees it.
type machine struct {
	at        time.Time
	all, ours int64
	known     bool
}

// lookAtMachine reads /proc, and knows nothing where there is none.
func lookAtMachine() machine {
	m := machine{at: time.Now()}
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return m
	}
	total, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(total) // cpu user nice system idle iowait irq softirq steal guest guest_nice
	if len(fields) < 9 || fields[0] != "cpu" {
		return m
	}
	for _, i := range []int{1, 2, 3, 6, 7} {
		m.all += number(fields[i])
	}
	self := os.Getpid()
	m.ours = processorTicks(self)
	children, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", self))
	if err != nil {
		return m
	}
	for _, path := range children {
		text, err := os.ReadFile(path)
		if err != nil {
			return m
		}
		for _, child := range strings.Fields(string(text)) {
			m.ours += processorTicks(int(number(child)))
		}
	}
	m.known = true
	return m
}

// processorTicks is what a process has used.
func processorTicks(pid int) int64 {
	return int64(measure.ProcessorTime(pid) * ticksPerSecond / time.Second)
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return value
}

// since tells how many cores were busy on average after an earlier moment, with
// what belongs to the bench and with everything else.
func (m machine) since(earlier machine) string {
	if !m.known || !earlier.known {
		return "unknown"
	}
	length := m.at.Sub(earlier.at).Seconds() * ticksPerSecond
	ours := float64(m.ours - earlier.ours)
	return fmt.Sprintf("%.2f + %.2f", ours/length, max(0, float64(m.all-earlier.all)-ours)/length)
}
