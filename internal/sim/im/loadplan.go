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
	"maps"
	"math"
	"slices"
	"time"
)

// Bounds and defaults of a load.
const (
	maxLoadGroups     = maxTalliedGroups
	maxLoadUsers      = maxTalliedSenders
	maxLoadEvents     = 10_000_000
	maxLoadPerSecond  = 100_000
	maxLoadDuration   = time.Hour
	maxLoadKinds      = maxTalliedNames - 1
	maxLoadRetries    = 1000
	maxLoadWeight     = 1_000_000
	maxLoadTexts      = 10_000
	maxLoadWorkers    = 256
	defaultLoadTime   = 10 * time.Minute
	defaultLoadActors = 32
)

// Kinds of a load's mix that are not names of custom events.
const (
	loadText  = "text"
	loadGift  = "gift"
	loadJoin  = "join"
	loadLeave = "leave"
)

// Load is traffic that the simulator makes in itself as if by SDK clients. The
// same load with the same seed has the same events; events of one user stay in
// order, those of different users run side by side.
type Load struct {
	// GroupIDs are existing groups to use. Without them, Groups live groups
	// named GroupPrefix0, GroupPrefix1 and so on are used, and seeded as far as
	// they do not exist. GroupPrefix is "load-" unless set.
	GroupIDs    []string
	Groups      int
	GroupPrefix string
	// Users are accounts named UserPrefix0 and so on, seeded as far as they do
	// not exist. User i belongs to group i modulo the number of groups and is
	// in it at the start, without callbacks, unless he is one of the last
	// Absent users. UserPrefix is "viewer-" unless set.
	Users      int
	Absent     int
	UserPrefix string
	// Events is how many events there are, PerSecond how many in a second of
	// real time; 0 means as fast as they are accepted. Duration is the longest
	// time that the load may take. 0 means ten minutes.
	Events    int
	PerSecond int
	Duration  time.Duration
	// Mix weighs the kinds of events: "text", "join", "leave", "gift" for a
	// custom message with one of GiftEvents as Data, and any other name is a
	// custom message with that name as Data. A kind for which there is no user
	// gives way: without anybody inside to join, without anybody outside to
	// leave. Empty means text alone.
	Mix map[string]int
	// GiftEvents are the names of gifts, equally likely; empty means "gift"
	// alone. GiftExt is the Ext of those that have none in Exts.
	GiftEvents []string
	GiftExt    string
	// Texts are the texts that are sent. Empty means some of the simulator's.
	Texts []string
	// Exts are the Ext of custom messages by name.
	Exts map[string]string
	// Priority is that of all messages; empty means Normal.
	Priority string
	// Platform is where the users are; empty means Web.
	Platform string
	// Before asks the callbacks before the events as well, of which messages
	// may be refused, dropped or replaced. Messages count under the kind and
	// name that they were sent with.
	Before bool
	// Retries is how often the callback after an event is repeated while it
	// fails, at the pace of CallbackOptions.RetryDelays, of which the last one
	// stays. It adds nothing to what RetryAfter causes already.
	Retries int
	// Seed chooses the events.
	Seed uint64
	// Workers is how many users act at once. 0 means 32.
	Workers int
	// MaxPending holds the load while more after-callbacks than this are
	// waiting, so that it does not make the queue drop them. 0 means half of
	// the queue.
	MaxPending int
}

// validate reports the first setting that a load cannot work with.
func (l Load) validate() error {
	within := func(name string, value, least, most int) error {
		if value < least || value > most {
			return fmt.Errorf("load: %s must be from %d to %d", name, least, most)
		}
		return nil
	}
	for _, err := range []error{
		within("groups", l.groupCount(), 1, maxLoadGroups),
		within("users", l.Users, 1, maxLoadUsers),
		within("absent", l.Absent, 0, l.Users),
		within("events", l.Events, 1, maxLoadEvents),
		within("perSecond", l.PerSecond, 0, maxLoadPerSecond),
		within("kinds in mix and giftEvents", len(l.Mix)+len(l.GiftEvents), 0, maxLoadKinds),
		within("retries", l.Retries, 0, maxLoadRetries),
		within("texts", len(l.Texts), 0, maxLoadTexts),
		within("workers", l.Workers, 0, maxLoadWorkers),
		within("maxPending", l.MaxPending, 0, maxCallbackQueue),
	} {
		if err != nil {
			return err
		}
	}
	total := 0
	for kind, weight := range l.Mix {
		if err := within("weight of "+kind, weight, 0, maxLoadWeight); err != nil {
			return err
		}
		if kind == "" || len(kind) > maxTalliedName {
			return fmt.Errorf("load: a kind in mix has 1 to %d bytes", maxTalliedName)
		}
		total += weight
	}
	resolved := l.withDefaults(1)
	for _, name := range l.GiftEvents {
		if name == "" || len(name) > maxTalliedName {
			return fmt.Errorf("load: a name in giftEvents has 1 to %d bytes", maxTalliedName)
		}
	}
	switch {
	case len(l.Mix) > 0 && total == 0:
		return fmt.Errorf("load: mix has no weight")
	case len(l.GroupIDs) > 0 && l.Groups > 0:
		return fmt.Errorf("load: give groups or groupIDs")
	case l.Duration < 0 || l.Duration > maxLoadDuration:
		return fmt.Errorf("load: duration must be from 0 to %s", maxLoadDuration)
	case slices.Contains(l.Texts, ""):
		return fmt.Errorf("load: a text must not be empty")
	case l.Priority != "" && priorities[l.Priority] == 0:
		return fmt.Errorf("load: priority %q: must be High, Normal, Low or Lowest", l.Priority)
	case l.Platform != "" && !slices.Contains(platforms, l.Platform):
		return fmt.Errorf("load: platform %q: must be one of %v", l.Platform, platforms)
	case !validUserID(resolved.userID(l.Users - 1)):
		return fmt.Errorf("load: userPrefix makes no user IDs")
	}
	for i := range l.groupCount() {
		if !groupIDForm(resolved.groupID(i)) {
			return fmt.Errorf("load: group %q is no group ID", resolved.groupID(i))
		}
	}
	return nil
}

// withDefaults returns the load with every zero value resolved, for a queue of
// callbacks of the given size.
func (l Load) withDefaults(queue int) Load {
	l.GroupPrefix = orDefault(l.GroupPrefix, "load-")
	l.UserPrefix = orDefault(l.UserPrefix, "viewer-")
	l.Duration = orDefault(l.Duration, defaultLoadTime)
	l.Workers = min(orDefault(l.Workers, defaultLoadActors), max(l.Users, 1))
	l.MaxPending = orDefault(l.MaxPending, max(queue/2, 1))
	l.GroupIDs, l.Exts, l.Texts, l.Mix = slices.Clone(l.GroupIDs), maps.Clone(l.Exts), slices.Clone(l.Texts), maps.Clone(l.Mix)
	if len(l.Texts) == 0 {
		l.Texts = []string{"hello", "how much is it?", "666", "这个多少钱", "主播好"}
	}
	l.GiftEvents = slices.Clone(l.GiftEvents)
	if len(l.GiftEvents) == 0 {
		l.GiftEvents = []string{loadGift}
	}
	if len(l.Mix) == 0 {
		l.Mix = map[string]int{loadText: 1}
	}
	return l
}

func (l Load) groupCount() int {
	if len(l.GroupIDs) > 0 {
		return len(l.GroupIDs)
	}
	return l.Groups
}

func (l Load) groupID(i int) string {
	if len(l.GroupIDs) > 0 {
		return l.GroupIDs[i]
	}
	return fmt.Sprint(l.GroupPrefix, i)
}

func (l Load) userID(i int) string { return fmt.Sprint(l.UserPrefix, i) }

// seedLoad makes the accounts and groups of a load and lets its users in.
func (s *Simulator) seedLoad(l Load) error {
	accounts := make([]AccountSeed, 0, l.Users)
	for i := range l.Users {
		accounts = append(accounts, AccountSeed{UserID: l.userID(i)})
	}
	if err := s.SeedAccounts(accounts...); err != nil {
		return err
	}
	if len(l.GroupIDs) == 0 {
		for i := range l.Groups {
			if _, exists := s.Group(l.groupID(i)); exists {
				continue
			}
			if err := s.SeedGroup(GroupSeed{GroupID: l.groupID(i), Type: string(typeLive), Name: l.groupID(i)}); err != nil {
				return err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range l.Users {
		g, err := s.groupByID(l.groupID(i % l.groupCount()))
		if err != nil {
			return err
		}
		inside := g.members.get(l.userID(i)) != nil
		switch wanted := i < l.Users-l.Absent; {
		case wanted && !inside:
			s.enroll(g, &member{id: l.userID(i), joined: s.now().Unix()})
		case !wanted && inside:
			s.expel(g, l.userID(i))
		}
	}
	return nil
}

// loadEvent is one event of a load.
type loadEvent struct {
	kind   string
	user   int
	text   string // of a text message
	name   string // of a custom one
	ext    string
	random uint32
}

// loadPlan chooses the events of a load one after the other.
type loadPlan struct {
	load    Load
	kinds   []string
	sums    []int // cumulative weights
	random  interface{ IntN(int) int }
	inside  []int
	outside []int
	next    uint32
}

func newLoadPlan(l Load, first uint32) *loadPlan {
	p := &loadPlan{load: l, random: repeatable(l.Seed), next: first}
	sum := 0
	for _, kind := range slices.Sorted(maps.Keys(l.Mix)) {
		sum += l.Mix[kind]
		p.kinds, p.sums = append(p.kinds, kind), append(p.sums, sum)
	}
	for i := range l.Users {
		if i < l.Users-l.Absent {
			p.inside = append(p.inside, i)
		} else {
			p.outside = append(p.outside, i)
		}
	}
	return p
}

// draw returns the next event.
func (p *loadPlan) draw() loadEvent {
	weight := p.random.IntN(p.sums[len(p.sums)-1])
	at, _ := slices.BinarySearch(p.sums, weight+1)
	event := loadEvent{kind: p.kinds[at]}
	switch {
	case len(p.inside) == 0:
		event.kind = loadJoin
	case event.kind == loadJoin && len(p.outside) == 0:
		event.kind = loadLeave
	}
	switch event.kind {
	case loadJoin:
		event.user = p.move(&p.outside, &p.inside)
	case loadLeave:
		event.user = p.move(&p.inside, &p.outside)
	default:
		event.user = p.inside[p.random.IntN(len(p.inside))]
		p.fill(&event)
		if p.next++; p.next == math.MaxUint32 {
			p.next = 1
		}
		event.random = p.next
	}
	return event
}

// fill chooses what a message says.
func (p *loadPlan) fill(event *loadEvent) {
	l := &p.load
	switch event.kind {
	case loadText:
		event.text = l.Texts[p.random.IntN(len(l.Texts))]
		return
	case loadGift:
		event.name, event.ext = l.GiftEvents[p.random.IntN(len(l.GiftEvents))], l.GiftExt
	default:
		event.name = event.kind
	}
	if ext, own := l.Exts[event.name]; own {
		event.ext = ext
	}
}

// move takes somebody from one list to the other.
func (p *loadPlan) move(from, to *[]int) int {
	i, last := p.random.IntN(len(*from)), len(*from)-1
	user := (*from)[i]
	(*from)[i] = (*from)[last]
	*from = (*from)[:last]
	*to = append(*to, user)
	return user
}
