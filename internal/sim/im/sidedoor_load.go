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
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// defaultLoadRetries is how often a load that repeats callbacks does so.
const defaultLoadRetries = 3

// loadGroups is the number of a load's groups, or their IDs.
type loadGroups struct {
	count int
	ids   []string
}

func (g *loadGroups) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, &g.ids)
	}
	if json.Unmarshal(text, &g.count) != nil {
		return fmt.Errorf("groups: give a number of groups or a list of their IDs")
	}
	return nil
}

// loadWire is Load in JSON.
type loadWire struct {
	Groups      loadGroups        `json:"groups"`
	GroupPrefix string            `json:"groupPrefix"`
	Users       int               `json:"users"`
	Absent      int               `json:"absent"`
	UserPrefix  string            `json:"userPrefix"`
	Events      int               `json:"events"`
	PerSecond   int               `json:"perSecond"`
	Duration    string            `json:"duration"`
	Mix         map[string]int    `json:"mix"`
	GiftEvents  []string          `json:"giftEvents"`
	GiftExt     string            `json:"giftExt"`
	Texts       []string          `json:"texts"`
	Exts        map[string]string `json:"exts"`
	Priority    string            `json:"priority"`
	Platform    string            `json:"platform"`
	Before      bool              `json:"before"`
	Retry       bool              `json:"retry"`
	Retries     int               `json:"retries"` // with retry; 0 means 3
	Seed        uint64            `json:"seed"`
	Workers     int               `json:"workers"`
	MaxPending  int               `json:"maxPending"`
}

func (s *Simulator) doorStartLoad(r *http.Request) (any, error) {
	var wire loadWire
	if err := decode(r, &wire); err != nil {
		return nil, err
	}
	longest, err := duration("duration", wire.Duration)
	if err != nil {
		return nil, err
	}
	switch {
	case wire.Retry:
		wire.Retries = orDefault(wire.Retries, defaultLoadRetries)
	case wire.Retries != 0:
		return nil, errors.New("load: retries need retry")
	}
	err = s.StartLoad(Load{
		GroupIDs: wire.Groups.ids, Groups: wire.Groups.count, GroupPrefix: wire.GroupPrefix,
		Users: wire.Users, Absent: wire.Absent, UserPrefix: wire.UserPrefix,
		Events: wire.Events, PerSecond: wire.PerSecond, Duration: longest,
		Before: wire.Before, Retries: wire.Retries, GiftEvents: wire.GiftEvents, GiftExt: wire.GiftExt,
		Mix: wire.Mix, Texts: wire.Texts, Exts: wire.Exts, Priority: wire.Priority, Platform: wire.Platform,
		Seed: wire.Seed, Workers: wire.Workers, MaxPending: wire.MaxPending,
	})
	if errors.Is(err, errLoadRuns) {
		return nil, &doorError{status: http.StatusConflict, text: err.Error()}
	}
	return nil, err
}

// loadReply is the answer of GET /sim/load.
type loadReply struct {
	LoadReport
	Callbacks CallbackStatus `json:"callbacks"`
}

// doorLoad answers what the last load has done and what became of callbacks,
// with ?wait=5s not before both are through or the time is up.
func (s *Simulator) doorLoad(r *http.Request) (any, error) {
	patience, err := duration("wait", r.URL.Query().Get("wait"))
	if err != nil {
		return nil, err
	}
	if patience > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), min(patience, maxFaultWait))
		defer cancel()
		if s.WaitForLoad(ctx) == nil {
			_ = s.WaitForCallbacks(ctx) // how many are left is in the answer
		}
	}
	report, ran := s.LoadReport()
	if !ran {
		return nil, notFound("load", "last")
	}
	return loadReply{LoadReport: report, Callbacks: s.CallbackStatus()}, nil
}

func (s *Simulator) doorStopLoad(*http.Request) (any, error) {
	s.StopLoad()
	return nil, nil
}
