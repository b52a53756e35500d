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

// Package wechat takes what WeChat pushes to the URL of an Official Account: it
// bounds, authenticates, decrypts and parses, has messages accepted, and answers
// in time.
package wechat

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// Route is the pattern that the handler serves, GET and POST. Its paths are those
// of officialaccount.Path.
const Route = "/wechat/{namespace}/{account}/{segment}"

// Patience is how long after its arrival a push is accepted: WeChat gives up
// after 5 s, and an answer takes its time, too.
const Patience = 4 * time.Second

// maxUnderway bounds the calls that are answered at once, and the pushes that are
// accepted at once.
const maxUnderway = 4096

// Directory knows the accounts. It is read on every call.
type Directory interface {
	// Account returns nil if there is none of this name.
	Account(types.NamespacedName) *officialaccount.Account
}

// Acceptor takes authentic pushes.
type Acceptor interface {
	// Accept returns when the push is safe in the journal, with the passive reply to
	// it, or nil if there is none. A push that was accepted before gets the reply
	// that it got then. With an error the push counts as not taken, and WeChat
	// repeats it. ctx ends after Patience, not with the request: a repeat of the
	// push may be waiting for the same result. A repeat is never passed on while
	// the push is being accepted.
	Accept(ctx context.Context, account *officialaccount.Account, m *push.Message, received time.Time) (push.Reply, error)
}

// Observer learns what WeChat shows of an account's settings in the console. It
// is called for each call, and must not wait.
type Observer interface {
	// Authentic is told of a push or, if verification, of a GET that came to the
	// segment with the right signature, and could be decrypted.
	Authentic(account *officialaccount.Account, segment string, verification bool, now time.Time)
	// Mismatch is told of a call to a path of the account with another token, key or
	// AppID, or less protected than declared.
	Mismatch(account *officialaccount.Account, now time.Time)
}

// Options are what a Handler works with. All are required unless they say
// otherwise.
type Options struct {
	Directory Directory
	Acceptor  Acceptor
	Observer  Observer
	Clock     clock.PassiveClock
	Metrics   *Metrics
	// Random is where the random bytes of encrypted answers come from:
	// crypto/rand.Reader.
	Random io.Reader
	Log    logr.Logger
	// Patience is in place of the constant, if not 0.
	Patience time.Duration
}

// Handler takes the pushes of all accounts.
type Handler struct {
	Options
	places  chan struct{}
	flights *flights
}

// New makes a Handler. It fails when something required is missing.
func New(o Options) (*Handler, error) {
	if o.Directory == nil || o.Acceptor == nil || o.Observer == nil || o.Clock == nil || o.Metrics == nil || o.Random == nil {
		return nil, errors.New("webhook for WeChat: directory, acceptor, observer, clock, metrics and random are required")
	}
	if o.Patience == 0 {
		o.Patience = Patience
	}
	return &Handler{Options: o, places: make(chan struct{}, maxUnderway), flights: newFlights(maxUnderway)}, nil
}

// ServeHTTP bounds, looks up, authenticates, decrypts, parses, has the push
// accepted, answers.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := call{Handler: h, w: w, r: r, arrived: h.Clock.Now()}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		c.refuse(RejectedMethod)
		return
	}
	select {
	case h.places <- struct{}{}:
		h.Metrics.underway.Inc()
		defer func() {
			<-h.places
			h.Metrics.underway.Dec()
		}()
	default:
		c.refuse(RejectedBusy)
		return
	}
	if reason := c.lookUp(); reason != "" {
		c.refuse(reason)
		return
	}
	if r.Method == http.MethodGet {
		c.verify()
		return
	}
	c.take()
}

// Unknown refuses what goes to no route.
func (h *Handler) Unknown(w http.ResponseWriter, _ *http.Request) {
	h.Metrics.refused(RejectedPath)
	refuse(w, RejectedPath)
}

// call is one request to an account.
type call struct {
	*Handler
	w       http.ResponseWriter
	r       *http.Request
	arrived time.Time
	account *officialaccount.Account
}

func (c *call) refuse(reason Rejection) {
	c.Metrics.refused(reason)
	if c.account != nil && mismatches[reason] {
		c.Observer.Mismatch(c.account, c.arrived)
	}
	refuse(c.w, reason)
}

// lookUp finds the account of the path.
func (c *call) lookUp() Rejection {
	found := c.Directory.Account(types.NamespacedName{Namespace: c.r.PathValue("namespace"), Name: c.r.PathValue("account")})
	switch {
	case found == nil:
		return RejectedPath
	case len(found.Keys) == 0:
		return RejectedToken
	case !knows(found.Keys, c.segment()):
		return RejectedPath
	}
	c.account = found
	return ""
}

func (c *call) segment() string { return c.r.PathValue("segment") }

// verify repeats the text with which the console checks a URL. It is never
// encrypted.
func (c *call) verify() {
	if reason := authenticate(c.account.Keys, stampOf(c.r), c.arrived); reason != "" {
		c.refuse(reason)
		return
	}
	echo := parameter(c.r, "echostr")
	if echo == "" || len(echo) > maxEchoBytes {
		c.refuse(RejectedEcho)
		return
	}
	c.Observer.Authentic(c.account, c.segment(), true, c.arrived)
	answer{textType, []byte(echo)}.write(c.w)
	c.Metrics.answered(verification, outcomeVerified, c.Clock.Since(c.arrived))
}

// take takes a push.
func (c *call) take() {
	buffer := buffers.Get().(*[]byte)
	body, reason := c.read((*buffer)[:0])
	defer func() { // nothing refers to it any more: parsed texts are copies
		if cap(body) <= pooledBytes {
			*buffer = body
			buffers.Put(buffer)
		}
	}()
	if reason != "" {
		c.refuse(reason)
		return
	}
	o, reason := open(c.account, stampOf(c.r), body, c.arrived)
	if reason != "" {
		c.refuse(reason)
		return
	}
	c.Observer.Authentic(c.account, c.segment(), false, c.arrived)
	m, err := push.Parse(o.text)
	if err != nil {
		c.refuse(illegible(err))
		return
	}
	c.Metrics.answered(string(m.Kind), c.accept(&o, m), c.Clock.Since(c.arrived))
}

// read reads the body, which has to be there while there is time to answer.
func (c *call) read(buffer []byte) ([]byte, Rejection) {
	controller := http.NewResponseController(c.w)
	// Not every writer has deadlines; the server's own holds then.
	_ = controller.SetReadDeadline(time.Now().Add(c.Patience))
	body, reason := read(c.w, c.r, buffer)
	if reason == "" {
		// The server goes on reading to see whether the caller waits, and would take a
		// deadline for its end.
		_ = controller.SetReadDeadline(time.Time{})
	}
	return body, reason
}

// accept has a push accepted and answers it. Success is never answered before
// the push is safe: a status that is not 200 lets WeChat repeat it. The status is
// written even if nobody seems to wait, because no status at all becomes a 200
// without a body, which means success.
func (c *call) accept(o *opened, m *push.Message) outcome {
	left := c.Patience - c.Clock.Since(c.arrived)
	if left <= 0 {
		c.refuse(RejectedLate)
		return outcomeLate
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), left)
	defer cancel()
	// Accepting may outlive the request, of which it keeps nothing.
	acceptor, account, arrived, detached := c.Acceptor, c.account, c.arrived, context.WithoutCancel(ctx)
	joined, first := c.flights.join(identity{account.UID, m.ID()}, func() (push.Reply, error) {
		ctx, cancel := context.WithTimeout(detached, left)
		defer cancel()
		return acceptor.Accept(ctx, account, m, arrived)
	})
	if joined == nil {
		c.refuse(RejectedBusy)
		return outcomeBusy
	}
	reply, err := joined.wait(ctx)
	if err == nil {
		c.reply(o, m, reply)
		if first {
			return outcomeAccepted
		}
		return outcomeJoined
	}
	return c.fail(m, err)
}

// fail lets WeChat repeat a push that was not accepted.
func (c *call) fail(m *push.Message, err error) outcome {
	log := c.Log.WithValues("account", c.account.Key.String(), "kind", m.Kind)
	switch {
	case errors.Is(err, errPanic):
		log.Error(err, "A push was not accepted")
	default:
		log.V(1).Info("A push was not accepted", "error", without(err, m.From))
	}
	switch {
	case c.r.Context().Err() != nil:
		c.refuse(RejectedLate)
		return outcomeAbandoned
	case errors.Is(err, context.DeadlineExceeded):
		c.refuse(RejectedLate)
		return outcomeLate
	default:
		c.refuse(RejectedJournal)
		return outcomeFailed
	}
}

// reply answers a push that was accepted. What cannot be sent as a reply is
// left out: the push is safe and must not come again.
func (c *call) reply(o *opened, m *push.Message, reply push.Reply) {
	a, err := render(o, m, reply, c.Clock.Now(), c.Random)
	kind := replyType(reply)
	if err != nil {
		c.Log.Info("A passive reply cannot be sent", "account", c.account.Key.String(), "type", kind, "error", err.Error())
		a, kind = success, replyUnsendable
	}
	c.Metrics.replied(kind)
	a.write(c.w)
}

// without is the text of an error that may name a follower, without the name.
func without(err error, openID string) string {
	return strings.ReplaceAll(err.Error(), openID, "[follower]")
}
