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
	"slices"
	"strings"
	"time"

	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// readCommands change nothing in IM. Every other command counts as a write, also
// one that nobody thought of here.
var readCommands = []string{"get_group_info", "account_check", "portrait_get", "getappinfo"}

// frequencyCodes are IM's refusals of calls that come too often.
var frequencyCodes = []string{"10006", "10023", "60007", "60011"}

// imWrites counts the calls that change something in IM.
func imWrites(log []simim.Call) (count int) {
	for _, call := range log {
		if _, command, _ := strings.Cut(call.Command, "/"); !slices.Contains(readCommands, command) {
			count++
		}
	}
	return count
}

// span is when the first and the last call of a command arrived.
func span(log []simim.Call, command string) (first, last time.Time) {
	for _, call := range log {
		if !strings.HasSuffix(call.Command, "/"+command) {
			continue
		}
		if first.IsZero() {
			first = call.Time
		}
		last = call.Time
	}
	return first, last
}

// tooFrequent counts refusals for frequency.
func tooFrequent(refusals map[string]int) (count int) {
	for _, code := range frequencyCodes {
		count += refusals[code]
	}
	return count
}

// timeline tells where the time of a scenario went.
func timeline(log []simim.Call, began, ended time.Time) string {
	first, last := span(log, "create_group")
	return fmt.Sprintf("%.2fs + %.2fs + %.2fs", first.Sub(began).Seconds(), last.Sub(first).Seconds(), ended.Sub(last).Seconds())
}

// readsAround counts the reads of groups before and after the last room was
// ready. The later ones read back what was made.
func readsAround(log []simim.Call, ended time.Time) string {
	var before, after int
	for _, call := range log {
		switch {
		case !strings.HasSuffix(call.Command, "/get_group_info"):
		case call.Time.After(ended):
			after++
		default:
			before++
		}
	}
	return fmt.Sprintf("%d + %d", before, after)
}
