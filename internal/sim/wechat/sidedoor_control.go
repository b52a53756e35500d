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

package wechat

import (
	"context"
	"net/http"
)

// pushesReply is the answer of GET /sim/wechat/pushes.
type pushesReply struct {
	PushStatistics
	// Log holds the last tries, oldest first.
	Log []PushRecord `json:"log,omitempty"`
}

// doorPushes answers the counters, with ?log=true the logged tries, and with
// ?wait=5s not before all pushes are finished or the time is up.
func (s *Simulator) doorPushes(r *http.Request) (any, error) {
	wanted, err := patience(r)
	if err != nil {
		return nil, err
	}
	if wanted > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), wanted)
		defer cancel()
		_ = s.WaitForPushes(ctx) // how many are left is in the answer
	}
	answer := pushesReply{PushStatistics: s.PushStatistics()}
	if r.URL.Query().Get("log") == "true" {
		answer.Log = s.PushLog()
	}
	return answer, nil
}

func (s *Simulator) doorResetPushes(*http.Request) (any, error) {
	s.ResetPushes()
	return nil, nil
}

func (s *Simulator) doorDelivery(*http.Request) (any, error) { return s.Delivery(), nil }

func (s *Simulator) doorSetDelivery(r *http.Request) (any, error) {
	var delivery Delivery
	if err := decode(r, &delivery); err != nil {
		return nil, err
	}
	return nil, s.SetDelivery(delivery)
}

// callsReply is the answer of GET /sim/wechat/calls.
type callsReply struct {
	// Commands counts per command.
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
	AppID       string  `json:"appID,omitempty"`
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
		Command: w.Command, AppID: w.AppID, Match: w.Match, Times: w.Times, Probability: w.Probability, Latency: latency,
		Code: w.Code, Info: w.Info, Commit: w.Commit, HTTPStatus: w.HTTPStatus, Reset: w.Reset, SlowAnswer: slow,
	}, nil
}

func (s *Simulator) faultList() []faultWire {
	list := []faultWire{}
	for _, active := range s.faults.List() {
		fault := active.Calls
		shown := faultWire{
			Number: active.Number, Command: fault.Command, AppID: fault.AppID, Match: fault.Match, Times: fault.Times,
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
