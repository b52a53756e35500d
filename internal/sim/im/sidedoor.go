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
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// sideDoorPage is how many items a list of the side door has unless asked
// otherwise.
const sideDoorPage = 1000

// newSideDoor routes what doc.go describes.
func (s *Simulator) newSideDoor() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, serve func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, MaxBodyBytes)
			result, err := serve(r)
			reply(w, result, err)
		})
	}
	route("GET /sim/state", s.doorState)
	route("GET /sim/accounts/{id}", s.doorAccount)
	route("POST /sim/accounts", s.doorSeedAccounts)
	route("DELETE /sim/accounts/{id}", s.doorDeleteAccount)
	route("PUT /sim/accounts/{id}/presence", s.doorPresence)
	route("GET /sim/groups/{id}", s.doorGroup)
	route("POST /sim/groups", s.doorSeedGroup)
	route("PATCH /sim/groups/{id}", s.doorMutateGroup)
	route("DELETE /sim/groups/{id}", s.doorDestroyGroup)
	route("GET /sim/groups/{id}/notices", s.doorNotices)
	route("GET /sim/groups/{id}/messages", s.doorMessages)
	route("POST /sim/groups/{id}/messages", s.doorSend)
	route("POST /sim/groups/{id}/join", s.doorJoin)
	route("POST /sim/groups/{id}/leave", s.doorLeave)
	route("POST /sim/groups/{id}/presence", s.doorHeartbeats)
	route("PUT /sim/accounts/{id}/profile", s.doorProfile)
	route("GET /sim/chats", s.doorChat)
	route("POST /sim/chats/messages", s.doorSendChat)
	route("POST /sim/chats/read", s.doorReadChat)
	route("GET /sim/callback", s.doorCallback)
	route("PUT /sim/callback", s.doorSetCallback)
	route("DELETE /sim/callback", s.doorResetCallback)
	route("GET /sim/load", s.doorLoad)
	route("POST /sim/load", s.doorStartLoad)
	route("DELETE /sim/load", s.doorStopLoad)
	route("GET /sim/calls", s.doorCalls)
	route("DELETE /sim/calls", s.doorResetCalls)
	route("GET /sim/faults", s.doorFaults)
	route("POST /sim/faults", s.doorInject)
	route("DELETE /sim/faults", s.doorClearFaults)
	route("POST /sim/fields", s.doorDefine)
	route("POST /sim/secret-key", s.doorSecretKey)
	route("GET /sim/mangle", s.doorMangles)
	route("POST /sim/mangle", s.doorMangle)
	route("DELETE /sim/mangle", s.doorClearMangles)
	return mux
}

// doorError is a side door's refusal with its HTTP status.
type doorError struct {
	status int
	text   string
}

func (e *doorError) Error() string { return e.text }

func notFound(what, id string) error {
	return &doorError{status: http.StatusNotFound, text: fmt.Sprintf("%s %q does not exist", what, id)}
}

// reply writes the result of a side door call: 200 with JSON, 204 without a
// result, or an error with its text and, if the API has one, its code.
func reply(w http.ResponseWriter, result any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if err == nil && result == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status := http.StatusOK
	if err != nil {
		status, result = describeError(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(result)
}

func describeError(err error) (int, any) {
	var refusal *Refusal
	var door *doorError
	switch {
	case errors.As(err, &refusal):
		status := http.StatusConflict
		if refusal.Code == codeGroupMissing || refusal.Code == codeAccountMissing || refusal.Code == codeGroupNoUser {
			status = http.StatusNotFound
		}
		return status, map[string]any{"error": refusal.Info, "code": refusal.Code}
	case errors.As(err, &door):
		return door.status, map[string]any{"error": door.text}
	default:
		return http.StatusBadRequest, map[string]any{"error": err.Error()}
	}
}

// decode reads a body of the side door; unknown fields are refused, so that a
// misspelt one does not go unnoticed.
func decode(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("body: more than one JSON value")
	}
	return nil
}

// page reads ?offset= and ?limit=.
func page(r *http.Request) (offset, limit int, err error) {
	read := func(name string, fallback int) (int, error) {
		text := r.URL.Query().Get(name)
		if text == "" {
			return fallback, nil
		}
		number, err := strconv.Atoi(text)
		if err != nil || number < 0 || number > math.MaxInt32 {
			return 0, fmt.Errorf("%s %q: must be a number from 0", name, text)
		}
		return number, nil
	}
	if offset, err = read("offset", 0); err != nil {
		return 0, 0, err
	}
	limit, err = read("limit", sideDoorPage)
	return offset, limit, err
}

// duration reads an optional duration like "250ms".
func duration(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return parsed, nil
}

// stateReply is the answer of GET /sim/state.
type stateReply struct {
	SDKAppID       int64          `json:"sdkAppID"`
	Time           time.Time      `json:"time"`
	Administrators []string       `json:"administrators"`
	AccountCount   int            `json:"accountCount"`
	GroupCount     int            `json:"groupCount"`
	Accounts       []AccountState `json:"accounts"`
	Groups         []GroupState   `json:"groups"`
	Fields         []FieldState   `json:"fields"`
	Keywords       []KeywordState `json:"keywords"`
	Mangles        []Mangle       `json:"mangles"`
	Faults         []faultWire    `json:"faults"`
}

func (s *Simulator) doorState(r *http.Request) (any, error) {
	offset, limit, err := page(r)
	if err != nil {
		return nil, err
	}
	accounts, groups := s.counts()
	return stateReply{
		SDKAppID: s.options.SDKAppID, Time: s.now(), Administrators: s.options.Administrators,
		AccountCount: accounts, GroupCount: groups,
		Accounts: s.accountPage(offset, limit), Groups: s.groupPage(offset, limit),
		Fields: s.Fields(), Keywords: s.Keywords(), Mangles: s.Mangles(), Faults: s.faultList(),
	}, nil
}

func (s *Simulator) counts() (accounts, groups int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.accounts), len(s.groups)
}

func (s *Simulator) doorAccount(r *http.Request) (any, error) {
	state, ok := s.Account(r.PathValue("id"))
	if !ok {
		return nil, notFound("account", r.PathValue("id"))
	}
	return state, nil
}

func (s *Simulator) doorSeedAccounts(r *http.Request) (any, error) {
	var body struct {
		Accounts []AccountSeed `json:"accounts"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	return nil, s.SeedAccounts(body.Accounts...)
}

func (s *Simulator) doorDeleteAccount(r *http.Request) (any, error) {
	if !s.DeleteAccount(r.PathValue("id")) {
		return nil, notFound("deletable account", r.PathValue("id"))
	}
	return nil, nil
}

func (s *Simulator) doorPresence(r *http.Request) (any, error) {
	var change PresenceChange
	if err := decode(r, &change); err != nil {
		return nil, err
	}
	return nil, s.ChangePresence(r.PathValue("id"), change)
}

func (s *Simulator) doorGroup(r *http.Request) (any, error) {
	state, ok := s.Group(r.PathValue("id"))
	if !ok {
		return nil, notFound("group", r.PathValue("id"))
	}
	return state, nil
}

func (s *Simulator) doorSeedGroup(r *http.Request) (any, error) {
	var seed GroupSeed
	if err := decode(r, &seed); err != nil {
		return nil, err
	}
	return nil, s.SeedGroup(seed)
}

func (s *Simulator) doorMutateGroup(r *http.Request) (any, error) {
	var change GroupChange
	if err := decode(r, &change); err != nil {
		return nil, err
	}
	return nil, s.MutateGroup(r.PathValue("id"), change)
}

func (s *Simulator) doorDestroyGroup(r *http.Request) (any, error) {
	if !s.DestroyGroup(r.PathValue("id")) {
		return nil, notFound("group", r.PathValue("id"))
	}
	return nil, nil
}

func (s *Simulator) doorNotices(r *http.Request) (any, error) {
	id := r.PathValue("id")
	notices := s.Notices(id)
	if _, exists := s.Group(id); !exists && notices == nil {
		return nil, notFound("group", id)
	}
	return map[string]any{"groupID": id, "notices": append([]Notice{}, notices...)}, nil
}

func (s *Simulator) doorMessages(r *http.Request) (any, error) {
	id := r.PathValue("id")
	if _, exists := s.Group(id); !exists {
		return nil, notFound("group", id)
	}
	return map[string]any{"groupID": id, "messages": s.GroupMessages(id)}, nil
}

func (s *Simulator) doorSend(r *http.Request) (any, error) {
	var message ClientMessage
	if err := decode(r, &message); err != nil {
		return nil, err
	}
	return s.SendAsClient(r.PathValue("id"), message)
}
