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

package deadletter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/go-logr/logr"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

const (
	// Path of the API.
	Path = "/deadletters"
	// MaxPage is how many letters an answer lists at most.
	MaxPage     = 200
	defaultPage = 100
)

// Store is the dead letters. journal.Letters is one.
type Store interface {
	Get(ctx context.Context, sequence uint64) (journal.StoredLetter, error)
	List(ctx context.Context, filter journal.LetterFilter, from uint64, limit int) (letters []journal.StoredLetter, next uint64, err error)
	Delete(ctx context.Context, sequence uint64) error
}

// Replayer puts a letter into its conversation again. relay.Relay does.
type Replayer interface {
	Replay(ctx context.Context, name string, letter *conversation.Letter) error
}

// Config of the API.
type Config struct {
	Letters  Store
	Replayer Replayer
	// Name is the namespace/name of the account with a UID, "" if there is none. UID is
	// the way back.
	Name func(uid string) string
	UID  func(name string) string
	Log  logr.Logger
}

// Page is a part of the list of letters.
type Page struct {
	Items []Letter `json:"items"`
	// Next is where the list goes on, 0 at its end.
	Next uint64 `json:"next,omitempty"`
}

// Failure is the body of an answer that is an error.
type Failure struct {
	Message string `json:"message"`
}

type handler struct{ Config }

// New returns the API:
//
//	GET    /deadletters?account=namespace/name&customer=OPENID&from=SEQUENCE&limit=N
//	POST   /deadletters/{sequence}/replay
//	DELETE /deadletters/{sequence}
//
// It has no authentication: serve it on the loopback only. Calls that come from
// web pages, or by a name that is not the loopback's, are refused.
func New(config Config) http.Handler {
	h := &handler{config}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, h.list)
	mux.HandleFunc("POST "+Path+"/{sequence}/replay", h.replay)
	mux.HandleFunc("DELETE "+Path+"/{sequence}", h.drop)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" || !loopback(r.Host) {
			fail(w, http.StatusForbidden, "only for callers on the loopback")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// loopback: the name that the caller used is of the machine itself. A foreign name
// that a resolver leads here is not.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

func (h *handler) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	filter := journal.LetterFilter{Customer: query.Get("customer")}
	if name := query.Get("account"); name != "" {
		if filter.Account = h.UID(name); filter.Account == "" {
			fail(w, http.StatusNotFound, fmt.Sprintf("there is no WeChatOfficialAccount %s: name it as namespace/name", name))
			return
		}
	}
	from, limit, err := position(query.Get("from"), query.Get("limit"))
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	stored, next, err := h.Letters.List(r.Context(), filter, from, limit)
	if err != nil {
		h.trouble(w, "reading the dead letters", err)
		return
	}
	page := Page{Items: make([]Letter, len(stored)), Next: next}
	for i := range stored {
		page.Items[i], _ = describe(&stored[i], h.account(stored[i].Account))
	}
	answer(w, http.StatusOK, page)
}

func position(from, limit string) (sequence uint64, size int, err error) {
	if from != "" {
		if sequence, err = strconv.ParseUint(from, 10, 64); err != nil {
			return 0, 0, fmt.Errorf("from is %q: it must be the sequence of a letter", from)
		}
	}
	if limit == "" {
		return sequence, defaultPage, nil
	}
	if size, err = strconv.Atoi(limit); err != nil || size < 1 || size > MaxPage {
		return 0, 0, fmt.Errorf("limit is %q: it must be 1 to %d", limit, MaxPage)
	}
	return sequence, size, nil
}

// account is how people know an account.
func (h *handler) account(uid string) string {
	if name := h.Name(uid); name != "" {
		return name
	}
	return uid
}

// replay writes the letter's message into the log again, and removes the letter
// then. When the process ends in between, the letter is still there; replayed once
// more, it has the same name and is not sent twice.
func (h *handler) replay(w http.ResponseWriter, r *http.Request) {
	stored, ok := h.find(w, r)
	if !ok {
		return
	}
	described, letter := describe(&stored, h.account(stored.Account))
	if letter == nil {
		fail(w, http.StatusUnprocessableEntity, "this version cannot read the letter: drop it")
		return
	}
	name := fmt.Sprintf("letter-%d-%d", stored.Sequence, stored.Time.UnixNano())
	switch err := h.Replayer.Replay(r.Context(), name, letter); {
	case errors.Is(err, relay.ErrNotServed):
		fail(w, http.StatusConflict, fmt.Sprintf("WeChatOfficialAccount %s is not served: create it again, or drop the letter", described.Account))
	case errors.Is(err, conversation.ErrEntry), errors.Is(err, conversation.ErrEntrySize):
		fail(w, http.StatusUnprocessableEntity, "the letter cannot be replayed: drop it")
	case err != nil:
		h.trouble(w, "replaying a dead letter", err)
	default:
		h.remove(w, r, "Replayed a dead letter", described)
	}
}

func (h *handler) drop(w http.ResponseWriter, r *http.Request) {
	if stored, ok := h.find(w, r); ok {
		described, _ := describe(&stored, h.account(stored.Account))
		h.remove(w, r, "Dropped a dead letter", described)
	}
}

// find the letter that a path names.
func (h *handler) find(w http.ResponseWriter, r *http.Request) (stored journal.StoredLetter, found bool) {
	sequence, err := strconv.ParseUint(r.PathValue("sequence"), 10, 64)
	if err != nil {
		fail(w, http.StatusBadRequest, fmt.Sprintf("%q is no sequence of a letter", r.PathValue("sequence")))
		return stored, false
	}
	switch stored, err = h.Letters.Get(r.Context(), sequence); {
	case errors.Is(err, journal.ErrNotFound):
		fail(w, http.StatusNotFound, fmt.Sprintf("there is no letter %d: it may have been replayed or dropped", sequence))
	case err != nil:
		h.trouble(w, "reading a dead letter", err)
	default:
		return stored, true
	}
	return stored, false
}

func (h *handler) remove(w http.ResponseWriter, r *http.Request, what string, letter Letter) {
	if err := h.Letters.Delete(r.Context(), letter.Sequence); err != nil {
		h.trouble(w, "removing a dead letter", err)
		return
	}
	h.Log.Info(what, "sequence", letter.Sequence, "account", letter.Account, "direction", letter.Direction, "cause", letter.Cause)
	w.WriteHeader(http.StatusNoContent)
}

func (h *handler) trouble(w http.ResponseWriter, what string, err error) {
	h.Log.Error(err, "Trouble with dead letters", "while", what)
	w.Header().Set("Retry-After", "5")
	fail(w, http.StatusServiceUnavailable, what+" failed: try again; the log of the webhook says more")
}

func fail(w http.ResponseWriter, status int, message string) {
	answer(w, status, Failure{Message: message})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller is gone
}
