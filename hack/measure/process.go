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

package measure

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// PeakMemory is the largest resident set of a running process, in bytes, or 0
// where the system does not tell. What the system says at a process's end is no
// use: on Linux that includes the parent as it was before the exec.
func PeakMemory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return kib * 1024
			}
		}
	}
	return 0
}

// TicksPerSecond is the unit of processor time in /proc, the same on every Linux
// that Go runs on.
const TicksPerSecond = 100

// ProcessorTime is what a running process has used, with its children that have
// ended, or 0 where the system does not tell.
func ProcessorTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name before it may contain anything
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0
	}
	var ticks int64
	for _, field := range fields[11:15] { // user and system, its own and its children's
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / TicksPerSecond
}

// Tail is the end of a log, for people.
func Tail(path string) string {
	const length = 4096
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error() + "\n"
	}
	return string(text[max(0, len(text)-length):])
}
