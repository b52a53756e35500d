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

package im

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRingKeepsTheLast(t *testing.T) {
	kept := newRing[int](3)
	for i, want := range [][]int{{}, {1}, {1, 2}, {1, 2, 3}, {2, 3, 4}, {3, 4, 5}, {4, 5, 6}, {5, 6, 7}} {
		if i > 0 {
			kept.push(i)
		}
		if got := kept.all(); !reflect.DeepEqual(got, want) {
			t.Errorf("after %d: got %v, want %v", i, got, want)
		}
		var backwards []int
		kept.each(func(item *int) bool {
			backwards = append(backwards, *item)
			return len(backwards) < 2
		})
		for j, got := range backwards {
			if want := want[len(want)-1-j]; got != want {
				t.Errorf("after %d: newest but %d is %d, want %d", i, j, got, want)
			}
		}
	}
	if kept.total != 7 {
		t.Errorf("%d items were counted, want 7", kept.total)
	}
}

func TestBoundedSetForgetsTheOldest(t *testing.T) {
	at := time.Unix(0, 0)
	set := newBoundedSet[string](2)
	var evicted []string
	set.evicted = func(key string) { evicted = append(evicted, key) }
	set.put("a", at)
	set.put("b", at)
	set.put("a", at.Add(time.Second)) // younger again
	set.put("c", at)
	set.remove("c")
	set.remove("none")
	set.put("d", at)
	if renewed, ok := set.get("a"); !ok || !renewed.Equal(at.Add(time.Second)) {
		t.Errorf("a is %v, %v", renewed, ok)
	}
	if _, ok := set.get("c"); ok || !reflect.DeepEqual(evicted, []string{"b"}) || !reflect.DeepEqual(set.order, []string{"a", "d"}) {
		t.Errorf("evicted %v, kept %v", evicted, set.order)
	}
}

func TestDedupWindowIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	window := newDedupWindow[int, int](time.Minute)
	for i := range maxDedupEntries + 10 {
		window.remember(i, i, now)
	}
	if _, seen := window.seen(9, now); seen || len(window.entries) != maxDedupEntries {
		t.Errorf("%d keys are remembered, want %d", len(window.entries), maxDedupEntries)
	}
	if value, seen := window.seen(10, now.Add(time.Minute-1)); !seen || value != 10 {
		t.Errorf("key 10 is %d, %v", value, seen)
	}
	if _, seen := window.seen(10, now.Add(time.Minute)); seen || len(window.entries) != 0 {
		t.Errorf("%d keys outlived the window", len(window.entries))
	}
}

func TestNoticesOfDestroyedGroupsAreBounded(t *testing.T) {
	s := New(Options{SDKAppID: vectorApp, SecretKey: vectorKey})
	for i := range maxBuriedGroups + 5 {
		id := fmt.Sprint("g", i)
		if err := s.SeedGroup(GroupSeed{GroupID: id, Type: "AVChatRoom"}); err != nil {
			t.Fatal(err)
		}
		s.DestroyGroup(id)
	}
	if len(s.notices) != maxBuriedGroups || s.Notices("g4") != nil || s.Notices("g5") == nil {
		t.Errorf("%d logs are kept, want the last %d", len(s.notices), maxBuriedGroups)
	}
}

func TestConversationsAreBounded(t *testing.T) {
	store := newChatStore()
	for i := range maxConversations + 1 {
		store.add(chatMessage{from: "a", to: fmt.Sprint(i), key: "1_1_1"})
	}
	for i := range maxConversationMessages + 1 {
		store.add(chatMessage{from: "b", to: "a", seq: uint32(i)})
	}
	store.forget("none", "nobody")
	if store.find("a", "0", "1_1_1") != nil || store.find("a", "2", "1_1_1") == nil || len(store.between("a", "b")) != maxConversationMessages {
		t.Errorf("%d conversations, %d messages of b", len(store.conversations), len(store.between("a", "b")))
	}
}

func TestCallbackTablesAreBounded(t *testing.T) {
	book := newCallbackBook(10)
	finish := func(key tallyKey) {
		book.finished(&callbackEvent{command: afterSendToGroup, tally: key, tries: 1}, true)
	}
	for i := range maxTalliedNames + 5 {
		finish(tallyKey{group: "g", sender: "s", name: strconv.Itoa(i)})
	}
	finish(tallyKey{group: "g", sender: "s", name: strings.Repeat("x", maxTalliedName+1)})
	if names := book.tally().Groups["g"].Messages; len(names) != maxTalliedNames+1 || names[talliedOthers] != 6 {
		t.Errorf("%d names, %d others", len(names), names[talliedOthers])
	}
	for i := range max(maxTalliedGroups, maxTalliedSenders) + 3 {
		finish(tallyKey{group: fmt.Sprint("group", i), sender: fmt.Sprint("sender", i), name: "n"})
	}
	tally := book.tally()
	groups, senders := tally.Groups[talliedOthers].Messages["n"], tally.Senders[talliedOthers]["n"]
	// One place of each table is that of g and s.
	if len(tally.Groups) != maxTalliedGroups+1 || groups != maxTalliedSenders+3-maxTalliedGroups+1 {
		t.Errorf("%d groups, %d others", len(tally.Groups), groups)
	}
	if len(tally.Senders) != maxTalliedSenders+1 || senders != 4 {
		t.Errorf("%d senders, %d others", len(tally.Senders), senders)
	}
	book.reset()
	if tally := book.tally(); len(tally.Groups)+len(tally.Senders) != 0 {
		t.Error("the tables were not reset")
	}
}
