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

package live

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/fault"
)

func (s *Simulator) doorDeliveries(r *http.Request) (any, error) {
	after := 0
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.Atoi(text); err != nil {
			return nil, errors.New("after is not a number")
		}
	}
	return s.Deliveries(after), nil
}

func (s *Simulator) doorReplay(r *http.Request) (any, error) {
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return nil, errors.New("the delivery has no number")
	}
	return nil, s.Replay(number)
}

func (s *Simulator) doorStats(*http.Request) (any, error) { return s.Stats(), nil }

func (s *Simulator) doorCallbacks(r *http.Request) (any, error) {
	body, err := read[struct {
		CSS, CSSKey, TRTC, TRTCKey string
		CSSURLs                    map[int]string
	}](r)
	if err != nil {
		return nil, err
	}
	s.SetCallbacks(CSSCallback{Callback{body.CSS, body.CSSKey}, body.CSSURLs}, Callback{body.TRTC, body.TRTCKey})
	return nil, nil
}

func (s *Simulator) doorDisorder(r *http.Request) (any, error) {
	body, err := read[Disorder](r)
	if err == nil {
		s.SetDisorder(body)
	}
	return nil, err
}

// faultView is a fault as the side door shows and takes it.
type faultView struct {
	Number int `json:"number,omitempty"`
	Hits   int `json:"hits,omitempty"`

	Action      string      `json:"action"`
	Match       string      `json:"match,omitempty"`
	Times       int         `json:"times,omitempty"`
	Probability float64     `json:"probability,omitempty"`
	Latency     string      `json:"latency,omitempty"`
	Code        string      `json:"code,omitempty"`
	Message     string      `json:"message,omitempty"`
	Commit      bool        `json:"commit,omitempty"`
	HTTPStatus  int         `json:"httpStatus,omitempty"`
	Reset       fault.Reset `json:"reset,omitempty"`
	SlowAnswer  string      `json:"slowAnswer,omitempty"`
}

func (s *Simulator) doorInject(r *http.Request) (any, error) {
	f, err := read[faultView](r)
	if err != nil {
		return nil, err
	}
	latency, err := duration("latency", f.Latency)
	if err != nil {
		return nil, err
	}
	slow, err := duration("slowAnswer", f.SlowAnswer)
	if err != nil {
		return nil, err
	}
	number, err := s.inject(Fault{
		Action: f.Action, Match: f.Match, Times: f.Times, Probability: f.Probability, Latency: latency, Code: f.Code, Message: f.Message,
		Commit: f.Commit, HTTPStatus: f.HTTPStatus, Reset: f.Reset, SlowAnswer: slow,
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"number": number}, nil
}

// duration reads a length of time such as 1.5s; absent is none.
func duration(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s is no length of time such as 1.5s", name)
	}
	return length, nil
}

// lengthOf is what duration reads.
func lengthOf(length time.Duration) string {
	if length == 0 {
		return ""
	}
	return length.String()
}

func (s *Simulator) doorFaults(*http.Request) (any, error) {
	all := []faultView{}
	for _, active := range s.faults.List() {
		e := active.Effect
		view := faultView{
			Number: active.Number, Hits: active.Hits, Action: active.Calls.action, Match: active.Calls.match, Times: active.Times,
			Probability: active.Probability, Latency: lengthOf(e.Latency), Commit: e.Commit, HTTPStatus: e.HTTPStatus, Reset: e.Reset,
			SlowAnswer: lengthOf(e.SlowAnswer),
		}
		if e.Refusal != nil {
			view.Code, view.Message = e.Refusal.code, e.Refusal.message
		}
		all = append(all, view)
	}
	return map[string]any{"faults": all}, nil
}

func (s *Simulator) doorClearFaults(*http.Request) (any, error) {
	s.ClearFaults()
	return nil, nil
}
