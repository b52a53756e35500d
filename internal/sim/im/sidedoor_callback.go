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
	"net/http"
	"time"
)

// callbackWire is CallbackOptions in JSON, with durations as text.
type callbackWire struct {
	URL             string   `json:"url"`
	Token           string   `json:"token,omitempty"` // never answered
	Signed          bool     `json:"signed"`          // never read: whether there is a token
	Commands        []string `json:"commands,omitempty"`
	Timeout         string   `json:"timeout,omitempty"`
	BlockOnFailure  bool     `json:"blockOnFailure"`
	RetryAfter      bool     `json:"retryAfter"`
	RetryDelays     []string `json:"retryDelays,omitempty"`
	StringEventTime bool     `json:"stringEventTime"`
	OmitEventCause  bool     `json:"omitEventCause"`
	MessageIDs      bool     `json:"messageIDs"`
	QueueSize       int      `json:"queueSize,omitempty"`
	Workers         int      `json:"workers,omitempty"`
}

func (w callbackWire) options() (CallbackOptions, error) {
	timeout, err := duration("timeout", w.Timeout)
	if err != nil {
		return CallbackOptions{}, err
	}
	var delays []time.Duration
	for _, text := range w.RetryDelays {
		delay, err := duration("retryDelays", text)
		if err != nil {
			return CallbackOptions{}, err
		}
		delays = append(delays, delay)
	}
	return CallbackOptions{
		URL: w.URL, Token: w.Token, Commands: w.Commands, Timeout: timeout, BlockOnFailure: w.BlockOnFailure,
		RetryAfter: w.RetryAfter, RetryDelays: delays, StringEventTime: w.StringEventTime,
		OmitEventCause: w.OmitEventCause, MessageIDs: w.MessageIDs,
	}, nil
}

func showCallback(o CallbackOptions) callbackWire {
	shown := callbackWire{
		URL: o.URL, Signed: o.Token != "", Commands: o.Commands, Timeout: o.Timeout.String(), BlockOnFailure: o.BlockOnFailure,
		RetryAfter: o.RetryAfter, StringEventTime: o.StringEventTime, OmitEventCause: o.OmitEventCause,
		MessageIDs: o.MessageIDs, QueueSize: o.QueueSize, Workers: o.Workers,
	}
	for _, delay := range o.RetryDelays {
		shown.RetryDelays = append(shown.RetryDelays, delay.String())
	}
	return shown
}

// callbackReply is the answer of GET /sim/callback.
type callbackReply struct {
	Settings callbackWire `json:"settings"`
	CallbackStatus
	// Log holds the last attempts, oldest first.
	Log []CallbackRecord `json:"log,omitempty"`
	// Answered is what the receiver has accepted.
	Answered *CallbackTally `json:"answered,omitempty"`
}

// doorCallback answers settings and counters, with ?log=true the logged
// attempts, with ?answered=true the tables, and with ?wait=5s not before the
// after-callbacks are through or the time is up.
func (s *Simulator) doorCallback(r *http.Request) (any, error) {
	query := r.URL.Query()
	patience, err := duration("wait", query.Get("wait"))
	if err != nil {
		return nil, err
	}
	if patience > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), min(patience, maxFaultWait))
		defer cancel()
		_ = s.WaitForCallbacks(ctx) // how many are left is in the answer
	}
	answer := callbackReply{CallbackStatus: s.CallbackStatus(), Settings: showCallback(s.Callback())}
	if query.Get("log") == "true" {
		answer.Log = s.CallbackLog()
	}
	if query.Get("answered") == "true" {
		tally := s.CallbackTally()
		answer.Answered = &tally
	}
	return answer, nil
}

func (s *Simulator) doorSetCallback(r *http.Request) (any, error) {
	var wire callbackWire
	if err := decode(r, &wire); err != nil {
		return nil, err
	}
	options, err := wire.options()
	if err != nil {
		return nil, err
	}
	return nil, s.SetCallback(options)
}

func (s *Simulator) doorResetCallback(*http.Request) (any, error) {
	s.ResetCallbackCounters()
	return nil, nil
}
