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

package conversation

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

const (
	account = "0f6e-uid"
	openID  = "oia2TjuEGTNoeX76QEjQNrcURxG8"
)

// start is a moment in a week in which nothing happens to the clocks.
var start = time.UnixMilli(1763848315_000)

// world is everything around one customer: the log, the store, IM, WeChat, and a
// dispatcher that can be killed at any point.
type world struct {
	t        fataler
	chance   *rapid.T // for faults
	now      time.Time
	settings Settings

	log []*Entry

	// The owner: what it has in memory and what is stored.
	live      *Customer
	folded    int
	stored    []byte
	storedAt  int // entries that are in it
	mutations []func(*Customer) bool

	faulty  bool
	im      simIM
	wechat  simWeChat
	letters map[string]*Letter
	// inbound and replies are the ids of what was accepted, in the order of the log.
	inbound, replies []string
	outbound         map[string]*Outbound
	applied          map[string]time.Time
	count            int
}

// simIM is IM: it drops equal repeats within 120 s.
type simIM struct {
	imported bool
	agents   map[string]bool
	seen     map[string]time.Time
	history  map[string]map[Stamp]bool // by agent
	arrived  []string                  // id#part, in order
}

// simWeChat is WeChat: five messages within 48 hours after one of the customer's.
type simWeChat struct {
	opened  time.Time
	left    int
	arrived []string
}

type fataler interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func newWorld(t fataler, verification imv1alpha1.Verification) *world {
	w := &world{
		t: t, now: start, live: New(Key(account, openID)), letters: map[string]*Letter{},
		outbound: map[string]*Outbound{}, applied: map[string]time.Time{},
		im: simIM{agents: map[string]bool{"a": true, "b": true}, seen: map[string]time.Time{}, history: map[string]map[Stamp]bool{}},
		settings: Settings{
			Verification: verification, Agents: []string{"a", "b"}, SessionIdle: 30 * time.Minute,
			WaitingMessages: 100, WaitingAge: 7 * 24 * time.Hour,
			Replies: imv1alpha1.AutomaticReplies{Transferring: "wait"},
		},
	}
	return w
}

// accept puts an entry into the log, as it is after encoding and decoding.
func (w *world) accept(e *Entry) *Entry {
	data, err := e.AppendTo(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	decoded, err := DecodeEntry(data)
	if err != nil {
		w.t.Fatal(err)
	}
	w.log = append(w.log, decoded)
	return decoded
}

// customerWrites a message of about so many bytes; the receiver answers it.
func (w *world) customerWrites(bytes int) {
	w.count++
	m := push.Message{
		Kind: push.Text, To: "gh_7f083739789a", From: openID, CreateTime: w.now.Unix(), MsgID: fmt.Sprint(1000 + w.count),
		Content: strings.Repeat("x", bytes),
	}
	told := Answer(w.snapshot(), &m, &w.settings, w.now, true)
	if told.Kind == ToldReplies {
		for _, claim := range told.Claims {
			w.wechat.arrived = append(w.wechat.arrived, claim.ID+"#0")
		}
	}
	w.wechat.opened, w.wechat.left = w.now, 5
	e := w.accept(&Entry{
		Account: account, OpenID: openID, Inbound: &Inbound{Push: m, Received: w.now.UnixMilli(), Told: told},
	})
	w.inbound = append(w.inbound, e.id())
}

// snapshot is what the receiver reads, with what it has accepted itself since.
func (w *world) snapshot() *Customer {
	if !w.settings.textOnly() {
		return w.live
	}
	if len(w.log) > w.storedAt+10 {
		w.foldAll()
		w.store()
	}
	c, err := Load(Key(account, openID), w.stored)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, e := range w.log[w.storedAt:] {
		c.Apply(uint64(w.storedAt+i+1), e)
	}
	return c
}

// agentWrites a message, which is known after a delay. It returns its entry.
func (w *world) agentWrites(agent string, bytes int) *Entry {
	w.count++
	out := &Outbound{
		Agent: agent, MsgKey: fmt.Sprintf("%d_%d_%d", w.count, 7*w.count, w.now.Unix()), MsgSeq: uint32(w.count),
		MsgTime: w.now.Unix(), Body: json.RawMessage(`[ "` + strings.Repeat("<", bytes) + `" ]`), Source: Callback,
		Received: w.now.UnixMilli(),
	}
	e := &Entry{Account: account, OpenID: openID, Outbound: out}
	w.outbound[e.id()] = out
	w.replies = append(w.replies, e.id())
	return e
}

func (w *world) fold() {
	if w.folded < len(w.log) {
		e := w.log[w.folded]
		w.folded++
		w.live.Apply(uint64(w.folded), e)
		if _, before := w.applied[e.id()]; !before {
			w.applied[e.id()] = w.now
		}
	}
}

func (w *world) foldAll() {
	for w.folded < len(w.log) {
		w.fold()
	}
}

func (w *world) mutate(fn func(*Customer) bool) {
	if fn(w.live) {
		w.mutations = append(w.mutations, fn)
	}
}

func (w *world) store() {
	data, err := w.live.AppendState(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.live.MarkStored()
	w.stored, w.storedAt, w.mutations = data, w.folded, nil
}

// kill the owner: what was not stored is lost. The next one folds from there.
func (w *world) kill() {
	w.load()
	w.mutations = nil
}

// conflict: another had stored the value that the owner had read, and the owner's
// mutations are repeated on it.
func (w *world) conflict() {
	w.load()
	again := w.mutations
	w.mutations = nil
	for _, fn := range again {
		w.mutate(fn)
	}
}

func (w *world) load() {
	until := w.folded
	c, err := Load(Key(account, openID), w.stored)
	if err != nil {
		w.t.Fatal(err)
	}
	w.live, w.folded = c, w.storedAt
	for w.folded < until {
		w.fold()
	}
}

// step does what a lane asks for. It returns what that was.
func (w *world) step(lane Lane) Step {
	next := w.live.Next(lane, w.now, &w.settings)
	switch step := next.(type) {
	case Idle, Wait:
	case Store:
		w.store()
	case Import:
		w.importAccount()
	case Assign:
		agent := ""
		for _, a := range w.settings.Agents {
			if !contains(step.Avoid, a) && (agent == "" || w.faulty && rapid.Bool().Draw(w.chance, "agent")) {
				agent = a
			}
		}
		w.mutate(func(c *Customer) bool { return c.RecordAssigned(step, agent) })
	case Prepare:
		now := w.now
		w.mutate(func(c *Customer) bool { return c.RecordPrepared(step, now, render) })
	case Deliver:
		w.deliver(step)
	case LookUp:
		found := map[Stamp]bool{}
		for _, p := range step.Parts {
			found[p.Stamp] = w.im.history[step.Agent][p.Stamp]
		}
		if w.fails("look up") {
			w.mutate(func(c *Customer) bool { return c.RecordLookUpFailed(step, Failure{Class: im.Unavailable}, w.now) })
			break
		}
		now := w.now
		w.mutate(func(c *Customer) bool { return c.RecordLookedUp(step, found, now) })
	case PrepareReply:
		w.prepareReply(step)
	case Commit:
		now := w.now
		w.mutate(func(c *Customer) bool { return c.RecordCommitted(step, now) })
	case Send:
		w.send(step)
	case GiveUp:
		now := w.now
		w.mutate(func(c *Customer) bool { return c.RecordGivenUp(step, now) })
	case Bury:
		if w.fails("bury") {
			w.mutate(func(c *Customer) bool { return c.RecordFailed(lane, 0, w.now) })
			break
		}
		w.bury(step.Letter)
		w.mutate(func(c *Customer) bool { return c.RecordBuried(step) })
	case Erase:
		if w.fails("erase") {
			w.mutate(func(c *Customer) bool { return c.RecordFailed(lane, 0, w.now) })
			break
		}
		w.im.imported, w.letters = false, map[string]*Letter{}
		w.mutate(func(c *Customer) bool { return c.RecordErased(step) })
	case Drop:
		w.mutate(func(c *Customer) bool { return c.RecordDropped(step) })
	case Fetch:
		entries := map[uint64]*Entry{}
		for _, sequence := range step.Sequences {
			entries[sequence] = w.log[sequence-1]
			if w.fails("fetch") {
				break
			}
		}
		w.mutate(func(c *Customer) bool { return c.RecordFetched(step, entries) })
	default:
		w.t.Fatalf("%T", step)
	}
	return next
}

// fails now and then, while there are faults.
func (w *world) fails(what string) bool {
	return w.faulty && rapid.IntRange(0, 5).Draw(w.chance, what) == 0
}

func (w *world) bury(letter *Letter) {
	data, err := letter.AppendTo(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if letter, err = DecodeLetter(data); err != nil {
		w.t.Fatal(err)
	}
	w.letters[letter.ID] = letter
}

func (w *world) importAccount() {
	if w.fails("import") {
		f := Failure{Class: rapid.SampledFrom([]im.Class{im.Unavailable, im.UnknownOutcome, im.Unauthorized}).Draw(w.chance, "class")}
		w.mutate(func(c *Customer) bool { return c.RecordImportFailed(f, w.now) })
		return
	}
	w.im.imported = true
	w.mutate((*Customer).RecordImported)
}

// render makes one or two messages of a push, by its id.
func render(content Content) []Rendered {
	id := content.ID
	parts := 1
	if content.Inbound != nil && strings.HasSuffix(id, "0") {
		parts = 2
	}
	rendered := make([]Rendered, parts)
	for i := range rendered {
		rendered[i] = Rendered{Body: json.RawMessage(fmt.Sprintf(`[ "%s#%d<" ]`, id, i)), CloudCustomData: "<ours>"}
	}
	return rendered
}

// deliver one part to IM, with whatever outcome.
func (w *world) deliver(step Deliver) {
	outcome := "ok"
	if w.faulty {
		outcome = rapid.SampledFrom([]string{
			"ok", "ok", "ok", "ok", "unavailable", "limited", "lost request", "lost answer", "kill before", "kill after", "absent", "refused",
		}).Draw(w.chance, "delivery")
	}
	failure := Failure{Class: im.Unavailable}
	switch {
	case outcome == "kill before":
		w.kill()
		return
	case outcome == "limited":
		failure.Class = im.RateLimited
	case outcome == "lost request":
		failure.Class = im.UnknownOutcome
	case outcome == "refused":
		failure.Class = im.Invalid
	case outcome == "absent", !w.im.imported, !w.im.agents[step.Agent]:
		failure.Class = im.NotFound
	case outcome != "unavailable":
		w.im.take(step, w.now)
		switch outcome {
		case "kill after":
			w.kill()
			return
		case "lost answer":
			failure.Class = im.UnknownOutcome
		default:
			w.mutate(func(c *Customer) bool { return c.RecordDelivered(step) })
			return
		}
	}
	now := w.now
	w.mutate(func(c *Customer) bool { return c.RecordDeliverFailed(step, failure, now) })
}

func (i *simIM) take(step Deliver, now time.Time) {
	if i.history[step.Agent] == nil {
		i.history[step.Agent] = map[Stamp]bool{}
	}
	i.history[step.Agent][step.Stamp] = true
	key := fmt.Sprint(step.Agent, step.Stamp, string(step.Body), step.CloudCustomData)
	if at, seen := i.seen[key]; seen && now.Sub(at) < 120*time.Second {
		return
	}
	i.seen[key] = now
	if !step.Notice {
		i.arrived = append(i.arrived, strings.TrimSuffix(strings.TrimPrefix(string(step.Body), `["`), `<"]`))
	}
}

func (w *world) prepareReply(step PrepareReply) {
	if w.fails("prepare") {
		w.mutate(func(c *Customer) bool { return c.RecordFailed(ToCustomer, 0, w.now) })
		return
	}
	now := w.now
	if step.TextOnly {
		w.mutate(func(c *Customer) bool { return c.RecordReplyText(step, "text of "+step.ID, now) })
		return
	}
	requests := []json.RawMessage{json.RawMessage(`{"id": "` + step.ID + `#0"}`)}
	if step.Outbound.MsgSeq%7 == 0 {
		requests = append(requests, json.RawMessage(`{"id":"`+step.ID+`#1"}`))
	}
	w.mutate(func(c *Customer) bool {
		return c.RecordReplyPrepared(step, append([]json.RawMessage(nil), requests...), now)
	})
}

// send one part to WeChat, with whatever outcome.
func (w *world) send(step Send) {
	outcome := "ok"
	if w.faulty {
		outcome = rapid.SampledFrom([]string{
			"ok", "ok", "ok", "ok", "unavailable", "lost request", "lost answer", "kill before", "kill after", "expired", "quota", "refused",
		}).Draw(w.chance, "sending")
	}
	refusal := Refusal{Kind: wechat.Unavailable}
	switch {
	case outcome == "kill before":
		w.kill()
		return
	case outcome == "lost request":
		refusal.Kind = wechat.UnknownOutcome
	case outcome == "expired":
		refusal.Kind = wechat.MediaExpired
	case outcome == "quota":
		refusal.Kind = wechat.DailyQuota
	case outcome == "refused":
		refusal.Kind = wechat.Invalid
	case outcome == "unavailable":
	case w.now.Sub(w.wechat.opened) > 48*time.Hour:
		refusal.Kind, refusal.Code = wechat.WindowClosed, 45015
	case w.wechat.left == 0:
		refusal.Kind, refusal.Code = wechat.CountExhausted, 45047
	default:
		w.wechat.left--
		var request struct{ ID string }
		if err := json.Unmarshal(step.Request, &request); err != nil {
			w.t.Fatal(err)
		}
		w.wechat.arrived = append(w.wechat.arrived, request.ID)
		switch outcome {
		case "kill after":
			w.kill()
			return
		case "lost answer":
			refusal.Kind = wechat.UnknownOutcome
		default:
			w.mutate(func(c *Customer) bool { return c.RecordSent(step) })
			return
		}
	}
	now := w.now
	w.mutate(func(c *Customer) bool { return c.RecordSendFailed(step, refusal, now) })
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}
