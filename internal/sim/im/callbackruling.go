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
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// answerDrop is the code that loses a message without its sender being told.
const answerDrop = 2

// Values of ForbidCallbackControl.
const (
	forbidBefore = "ForbidBeforeSendMsgCallback"
	forbidAfter  = "ForbidAfterSendMsgCallback"
)

// dropCallback is why a client's message was lost without its being told.
const dropCallback = "Callback"

// question is one before-callback.
type question struct {
	command string
	origin  origin
	fields  answer
	// message is set when the answer may replace the message.
	message bool
}

// ruling is what the receiver decided, or what follows from its failure. The
// zero ruling lets the action go on.
type ruling struct {
	failed  bool // and that blocks
	code    int64
	info    string
	body    []any // replaces MsgBody unless nil
	cloud   *string
	refused []string
}

// rulingCodes is how a ruling reads for one kind of action.
type rulingCodes struct {
	rejected, failed int
	ownFrom, ownTo   int64
	drops            bool
}

var (
	groupRulings        = rulingCodes{rejected: codeGroupRejected, failed: codeGroupRejected, ownFrom: 10100, ownTo: 10200}
	groupMessageRulings = rulingCodes{rejected: codeGroupRejected, failed: codeCallbackFailed, ownFrom: 10100, ownTo: 10200, drops: true}
	chatRulings         = rulingCodes{rejected: codeChatRejected, failed: codeCallbackFailed, ownFrom: 120001, ownTo: 130000, drops: true}
)

// refusal returns how the ruling refuses the action, or nil. A code outside
// the documented ones refuses as 1 does.
func (r *ruling) refusal(codes rulingCodes) *Refusal {
	switch {
	case r == nil || (!r.failed && r.code == 0) || r.drops(codes):
		return nil
	case r.failed:
		return refuse(codes.failed, "the callback before the action failed or timed out")
	case r.code >= codes.ownFrom && r.code <= codes.ownTo:
		return refuse(int(r.code), "%s", r.info)
	}
	return refuse(codes.rejected, "%s", orDefault(r.info, "rejected by the callback of the application"))
}

// drops reports whether a message is to be lost with its sender being told of
// success.
func (r *ruling) drops(codes rulingCodes) bool {
	return r != nil && !r.failed && codes.drops && r.code == answerDrop
}

// refuses reports whether the receiver refused one of several members.
func (r *ruling) refuses(id string) bool { return r != nil && slices.Contains(r.refused, id) }

// rewrite replaces the message as the receiver wants it. The checksum stays
// that of what was sent, so that a repeat is still recognised.
func (r *ruling) rewrite(body *messageBody) {
	if r == nil {
		return
	}
	if r.body != nil {
		body.elements = r.body
	}
	if r.cloud != nil {
		body.cloud = *r.cloud
	}
}

// ask sends a before-callback and waits for its answer. It must not be called
// under the simulator's lock.
func (c *callbacks) ask(q *question) *ruling {
	settings := c.settings.Load()
	if settings == nil {
		return nil
	}
	c.book.asked(q.command)
	fields, err := c.send(settings, outgoing{command: q.command, origin: q.origin, at: c.clock(), fields: q.fields, try: 1})
	var decided *ruling
	if err == nil {
		decided, err = readRuling(fields, q)
	}
	c.book.ruled(q.command, err == nil)
	if err != nil {
		return &ruling{failed: settings.BlockOnFailure}
	}
	return decided
}

// readRuling reads an answer. One that does not keep to the documents is a
// failed callback, and so is ActionStatus FAIL with ErrorCode 0, of which they
// say nothing.
func readRuling(fields map[string]any, q *question) (*ruling, error) {
	p := newParams(fields, groupService)
	status := p.requiredText("ActionStatus")
	code, coded := p.integer(math.MinInt32, math.MaxInt32, "ErrorCode")
	info, _ := p.text("ErrorInfo")
	r := &ruling{code: code, info: info}
	r.refused, _ = p.accounts("RefusedMembers_Account")
	cloud, hasCloud := p.text(fieldCloud)
	if err := p.err(); err != nil {
		return nil, err
	}
	if !coded || (status != "OK" && code == 0) {
		return nil, errors.New("the answer has no verdict")
	}
	if !q.message || code != 0 {
		return r, nil
	}
	if hasCloud {
		r.cloud = &cloud
	}
	if _, replaced, has := p.value(fieldMsgBody); has {
		elements, _ := replaced.([]any)
		if len(elements) == 0 || !wellFormedElements(elements) {
			return nil, errors.New("MsgBody of the answer is not in message format")
		}
		r.body = elements
	}
	encoded, err := json.Marshal(r.body)
	if err != nil || len(encoded)+len(cloud) > maxMessageBytes {
		return nil, fmt.Errorf("a message has at most %d bytes", maxMessageBytes)
	}
	return r, nil
}

// act runs an action as one atomic step, after its before-callback if there is
// one. ask makes the callback's question after every check that comes before
// it, or returns nil when there is nothing to ask. Both run under the lock, but
// the callback does not, and the world may have changed when it is answered: so
// run repeats the checks, and then reads c.ruling.
func (s *Simulator) act(c *call, command string, ask func() (*question, error), run func() (answer, error)) (answer, error) {
	if ask != nil && (c.load == nil || c.load.before) && s.callbacks.wants(command) {
		q, err := s.prepare(ask)
		if err != nil {
			return nil, err
		}
		if q != nil {
			c.ruling = s.callbacks.ask(q)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.now()
	if c.load != nil {
		c.now = c.load.moment(c.now)
	}
	return run()
}

func (s *Simulator) prepare(ask func() (*question, error)) (*question, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ask()
}

// forbids reports whether a REST call wants to do without a callback.
func (c *call) forbids(name string) bool {
	controls, _ := c.texts("ForbidCallbackControl")
	return slices.Contains(controls, name)
}
