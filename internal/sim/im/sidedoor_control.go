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
	"net/http"
)

// callsReply is the answer of GET /sim/calls.
type callsReply struct {
	// Commands counts per service/command.
	Commands map[string]CallStatistics `json:"commands"`
	// Refusals counts per code over all commands.
	Refusals map[string]int `json:"refusals"`
	// Log holds the last calls, oldest first.
	Log []Call `json:"log,omitempty"`
}

// doorCalls answers the counters, and with ?log=true the logged calls.
func (s *Simulator) doorCalls(r *http.Request) (any, error) {
	answer := callsReply{Commands: s.calls.all(), Refusals: s.Refusals()}
	if r.URL.Query().Get("log") == "true" {
		answer.Log = s.CallLog()
	}
	return answer, nil
}

func (s *Simulator) doorResetCalls(*http.Request) (any, error) {
	s.ResetCounters()
	return nil, nil
}

// faultWire is a Fault in JSON, with durations as text.
type faultWire struct {
	Number      int     `json:"number,omitempty"`
	Command     string  `json:"command"`
	Match       string  `json:"match,omitempty"`
	Times       int     `json:"times,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	Latency     string  `json:"latency,omitempty"`
	Code        int     `json:"code,omitempty"`
	Info        string  `json:"info,omitempty"`
	Commit      bool    `json:"commit,omitempty"`
	HTTPStatus  int     `json:"httpStatus,omitempty"`
	Reset       Reset   `json:"reset,omitempty"`
	SlowAnswer  string  `json:"slowAnswer,omitempty"`
	// Hits is how many calls it has disturbed so far.
	Hits int `json:"hits,omitempty"`
}

func (w faultWire) fault() (Fault, error) {
	latency, err := duration("latency", w.Latency)
	if err != nil {
		return Fault{}, err
	}
	slow, err := duration("slowAnswer", w.SlowAnswer)
	if err != nil {
		return Fault{}, err
	}
	return Fault{
		Command: w.Command, Match: w.Match, Times: w.Times, Probability: w.Probability, Latency: latency,
		Code: w.Code, Info: w.Info, Commit: w.Commit, HTTPStatus: w.HTTPStatus, Reset: w.Reset, SlowAnswer: slow,
	}, nil
}

func (s *Simulator) faultList() []faultWire {
	list := []faultWire{}
	for _, active := range s.faults.List() {
		fault := active.Calls
		shown := faultWire{
			Number: active.Number, Command: fault.Command, Match: fault.Match, Times: fault.Times,
			Probability: fault.Probability, Code: fault.Code, Info: fault.Info, Commit: fault.Commit,
			HTTPStatus: fault.HTTPStatus, Reset: fault.Reset, Hits: active.Hits,
		}
		if fault.Latency > 0 {
			shown.Latency = fault.Latency.String()
		}
		if fault.SlowAnswer > 0 {
			shown.SlowAnswer = fault.SlowAnswer.String()
		}
		list = append(list, shown)
	}
	return list
}

func (s *Simulator) doorFaults(*http.Request) (any, error) {
	return map[string]any{"faults": s.faultList()}, nil
}

func (s *Simulator) doorInject(r *http.Request) (any, error) {
	var wire faultWire
	if err := decode(r, &wire); err != nil {
		return nil, err
	}
	fault, err := wire.fault()
	if err != nil {
		return nil, err
	}
	number, err := s.InjectFault(fault)
	if err != nil {
		return nil, err
	}
	return map[string]any{"number": number}, nil
}

func (s *Simulator) doorClearFaults(*http.Request) (any, error) {
	s.ClearFaults()
	return nil, nil
}

func (s *Simulator) doorDefine(r *http.Request) (any, error) {
	var body struct {
		Scope      fieldScope `json:"scope"`
		Name       string     `json:"name"`
		GroupTypes []string   `json:"groupTypes"`
		After      string     `json:"after"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	after, err := duration("after", body.After)
	if err != nil {
		return nil, err
	}
	switch body.Scope {
	case scopeGroup, scopeMember, scopeProfile:
		return nil, s.define(body.Scope, FieldDefinition{Name: body.Name, GroupTypes: body.GroupTypes, After: after})
	}
	return nil, fmt.Errorf("scope %q: must be Group, Member or Profile", body.Scope)
}

func (s *Simulator) doorSecretKey(r *http.Request) (any, error) {
	var body struct {
		SecretKey string `json:"secretKey"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if body.SecretKey == "" {
		return nil, fmt.Errorf("secretKey must not be empty")
	}
	s.SetSecretKey(body.SecretKey)
	return nil, nil
}

// Mangles returns the rules in force.
func (s *Simulator) Mangles() []Mangle {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mangle{}, s.mangles...)
}

func (s *Simulator) doorMangles(*http.Request) (any, error) {
	return map[string]any{"mangles": s.Mangles()}, nil
}

func (s *Simulator) doorMangle(r *http.Request) (any, error) {
	var rule Mangle
	if err := decode(r, &rule); err != nil {
		return nil, err
	}
	return nil, s.SetMangle(rule)
}

func (s *Simulator) doorClearMangles(*http.Request) (any, error) {
	s.ClearMangles()
	return nil, nil
}
