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
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
	"github.com/liveroom-io/liveroom-operator/webhook/policy"
)

// Patience with the journal: IM gives up after 2 s, and an answer takes its time too.
const Patience = 1500 * time.Millisecond

const (
	// MaxBodyBytes of a callback. One message has at most 12 KB; lists of members
	// can be longer.
	MaxBodyBytes = 1 << 20
	// maxUnderway bounds the callbacks that are worked on at once.
	maxUnderway = 4096
)

// Journal is where events are written.
type Journal interface {
	// Append returns when the entry is safe, or after Patience.
	Append(context.Context, journal.Entry) (journal.Receipt, error)
	// Offer does not wait; it reports false when the entry was not taken.
	Offer(journal.Entry) bool
}

// Handler takes the callbacks of all applications.
type Handler struct {
	Directory *directory.Directory
	Policies  *policy.Set
	Limiter   *moderation.Limiter
	Journal   Journal
	Clock     clock.PassiveClock
	Metrics   *Metrics
	Log       logr.Logger
	// Proxies are the addresses whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// Relay takes the messages to customers. Nil: there are none.
	Relay Relay

	underway chan struct{}
	// deciding are those that ask: they do not stand behind those that wait for
	// the journal.
	deciding chan struct{}
}

// Route is the pattern that the handler serves.
const Route = "/im/{namespace}/{imapp}/{segment}"

// New completes a handler.
func New(h Handler) *Handler {
	h.underway, h.deciding = make(chan struct{}, maxUnderway), make(chan struct{}, maxUnderway)
	return &h
}

// ServeHTTP bounds, looks up, authenticates, parses, decides, writes down, answers.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := h.Clock.Now()
	places := h.underway
	if named(r) == groupBeforeSend {
		places = h.deciding
	}
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	default:
		h.refuse(w, http.StatusServiceUnavailable, RejectedBusy)
		return
	}
	app, status, reason := h.admit(r, start)
	if reason != "" {
		h.refuse(w, status, reason)
		return
	}
	buffer := buffers.Get().(*[]byte)
	body, status, reason := read(w, r, (*buffer)[:0])
	defer func() { // nothing refers to it any more: decoded texts are copies
		if cap(body) <= pooledBytes {
			*buffer = body
			buffers.Put(buffer)
		}
	}()
	if reason != "" {
		h.refuse(w, status, reason)
		return
	}
	c := callbacks.Get().(*Callback)
	defer func() { // its texts are copies, which outlive it where they are kept
		*c = Callback{MsgBody: c.MsgBody[:0]}
		callbacks.Put(c)
	}()
	err := c.parse(body)
	switch {
	case errors.Is(err, errNested):
		h.refuse(w, http.StatusBadRequest, RejectedDepth)
		return
	case err != nil:
		h.refuse(w, http.StatusBadRequest, RejectedBody)
		return
	case named(r) != "" && named(r) != c.CallbackCommand:
		h.refuse(w, http.StatusBadRequest, RejectedCommand)
		return
	}
	if app.Heard.Hear(start) {
		h.tell(app, start)
	}
	outcome := h.handle(w, r, &call{Callback: c, app: app, body: body, now: start, requestTime: parameter(r, "RequestTime"), platform: parameter(r, "OptPlatform")})
	h.Metrics.answered(c.CallbackCommand, outcome, h.Clock.Since(start))
}

// tell lets the other pods know that callbacks arrive. It is not waited for.
func (h *Handler) tell(app *directory.App, now time.Time) {
	e := event.Event{
		ID: fmt.Sprintf("heard/%d/%d", app.SDKAppID, now.UnixMilli()), Kind: event.Heard, SDKAppID: app.SDKAppID, Time: now.UnixMilli(),
	}
	h.Journal.Offer(e.Entry())
}

// Unknown refuses what goes to no route.
func (h *Handler) Unknown(w http.ResponseWriter, _ *http.Request) {
	h.refuse(w, http.StatusNotFound, RejectedPath)
}

// call is one authentic callback.
type call struct {
	*Callback
	app                   *directory.App
	body                  []byte
	now                   time.Time
	requestTime, platform string
}

// handle acts upon a callback and answers it.
func (h *Handler) handle(w http.ResponseWriter, r *http.Request, c *call) outcome {
	switch c.CallbackCommand {
	case groupBeforeSend:
		return h.beforeSend(w, c)
	case stateChange, profileChanged:
		account := h.Directory.Account(c.app.Key, c.account())
		if account == nil {
			accept(w)
			return outcomeUndeclared
		}
		e, ok := translateAccount(c.Callback, c.now)
		e.User = account.UserID
		return h.write(w, r, c, e, ok)
	case peerAfterSend:
		return h.relay(w, r, c)
	}
	if !acted[c.CallbackCommand] {
		accept(w)
		return outcomeIgnored
	}
	room := h.Directory.Room(c.app.Key, c.GroupID)
	if room == nil {
		accept(w)
		return outcomeUndeclared
	}
	e, ok := translateRoom(c.Callback, room, c.now)
	if c.CallbackCommand == groupAfterSend {
		h.examine(c, room, &e)
	}
	return h.write(w, r, c, e, ok)
}

// write puts an event into the journal before success is answered.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, c *call, e event.Event, ok bool) outcome {
	if !ok {
		accept(w)
		return outcomeIgnored
	}
	e.ID, e.SDKAppID = c.identity(c.app.SDKAppID, c.body, c.requestTime), c.app.SDKAppID
	receipt, err := h.Journal.Append(r.Context(), e.Entry())
	return h.conclude(w, c, receipt.Duplicate, err)
}

// conclude answers what went to the journal.
func (h *Handler) conclude(w http.ResponseWriter, c *call, duplicate bool, err error) outcome {
	if err != nil {
		h.Log.V(1).Info("The journal did not take an event", "app", c.app.Key.String(), "error", err.Error())
		h.refuse(w, http.StatusServiceUnavailable, RejectedJournal)
		return outcomeFailed
	}
	accept(w)
	if duplicate {
		return outcomeDuplicate
	}
	return outcomeWritten
}

// admit finds the application of a request and proves that IM sent it.
func (h *Handler) admit(r *http.Request, now time.Time) (*directory.App, int, Rejection) {
	if r.Method != http.MethodPost {
		return nil, http.StatusMethodNotAllowed, RejectedMethod
	}
	var token []byte
	app := h.Directory.App(types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("imapp")})
	if app != nil {
		token = app.TokenFor(r.PathValue("segment"))
	}
	switch {
	case app == nil:
		return nil, http.StatusNotFound, RejectedPath
	case len(app.Token) == 0:
		return nil, http.StatusNotFound, RejectedToken
	case token == nil:
		return nil, http.StatusNotFound, RejectedPath
	case app.Sources != nil && !app.Admits(h.source(r)):
		return nil, http.StatusForbidden, RejectedAddress
	case parameter(r, "SdkAppid") != strconv.FormatInt(app.SDKAppID, 10):
		return nil, http.StatusForbidden, RejectedApp
	}
	if reason := verify(token, parameter(r, "Sign"), parameter(r, "RequestTime"), now); reason != "" {
		return nil, http.StatusForbidden, reason
	}
	return app, 0, ""
}

// pooledBytes is how large a buffer is worth keeping: bodies of messages.
const pooledBytes = 16 << 10

var buffers = sync.Pool{New: func() any { buffer := make([]byte, 0, 1024); return &buffer }}

var callbacks = sync.Pool{New: func() any { return &Callback{} }}

// read appends the whole body, which may not be longer than MaxBodyBytes.
func read(w http.ResponseWriter, r *http.Request, body []byte) ([]byte, int, Rejection) {
	if r.ContentLength > MaxBodyBytes {
		return body, http.StatusRequestEntityTooLarge, RejectedSize
	}
	limited := http.MaxBytesReader(w, r.Body, MaxBodyBytes)
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := limited.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return body, 0, ""
		case isTooLong(err):
			return body, http.StatusRequestEntityTooLarge, RejectedSize
		default:
			return body, http.StatusBadRequest, RejectedRead
		}
	}
}

func isTooLong(err error) bool {
	var tooLong *http.MaxBytesError
	return errors.As(err, &tooLong)
}

// named is the command in the URL.
func named(r *http.Request) string { return parameter(r, "CallbackCommand") }

// source is the address that a request came from, through proxies that are
// trusted to tell.
func (h *Handler) source(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && h.trusts(address); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap()
	}
	return address
}

func (h *Handler) trusts(address netip.Addr) bool {
	for _, prefix := range h.Proxies {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

func (h *Handler) refuse(w http.ResponseWriter, status int, reason Rejection) {
	h.Metrics.refused(reason)
	refuse(w, status, reason)
}
