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

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"time"

	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const (
	// answerTimeout bounds a question to the simulator.
	answerTimeout = 10 * time.Second
	// answerBytes bounds what is read of an answer.
	answerBytes = 16 << 20
)

// sideDoor reaches into the simulated IM, beside the API that the operator uses.
type sideDoor struct {
	endpoint string
	client   *http.Client
}

func newSideDoor(endpoint string) sideDoor {
	return sideDoor{endpoint: endpoint, client: &http.Client{Timeout: answerTimeout}}
}

// refusal is what a client of IM is told when something is not done.
type refusal struct {
	Text string `json:"error"`
	Code int    `json:"code"`
}

func (r *refusal) Error() string { return fmt.Sprintf("refused with %d: %s", r.Code, r.Text) }

// call asks for a path under /sim/. body and answer may be nil.
func (s sideDoor) call(ctx context.Context, method, path string, body, answer any) error {
	var sent io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encoding for the simulator: %w", err)
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.endpoint+"/sim/"+path, sent)
	if err != nil {
		return fmt.Errorf("asking the simulator: %w", err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("asking the simulator: %w", err)
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(io.LimitReader(response.Body, answerBytes))
	if response.StatusCode >= http.StatusBadRequest {
		refused := &refusal{}
		if err := decoder.Decode(refused); err != nil {
			return fmt.Errorf("%s %s: %s", method, path, response.Status)
		}
		return fmt.Errorf("%s %s: %w", method, path, refused)
	}
	if answer == nil {
		return nil
	}
	if err := decoder.Decode(answer); err != nil {
		return fmt.Errorf("reading the simulator's answer: %w", err)
	}
	return nil
}

// groups returns those that IM holds, sorted by ID.
func (s sideDoor) groups(ctx context.Context) ([]simim.GroupState, error) {
	var held struct {
		Groups []simim.GroupState `json:"groups"`
	}
	if err := s.call(ctx, http.MethodGet, "state", nil, &held); err != nil {
		return nil, err
	}
	sort.Slice(held.Groups, func(i, j int) bool { return held.Groups[i].GroupID < held.Groups[j].GroupID })
	return held.Groups, nil
}

// message is a message as its readers see it.
type message struct{ from, text, event, ext string }

// messages returns those of a group, oldest first.
func (s sideDoor) messages(ctx context.Context, group string) ([]message, error) {
	var held struct {
		Messages []struct {
			From string `json:"from"`
			Body []struct {
				Content struct{ Text, Data, Ext string } `json:"MsgContent"`
			} `json:"body"`
		} `json:"messages"`
	}
	if err := s.call(ctx, http.MethodGet, "groups/"+url.PathEscape(group)+"/messages", nil, &held); err != nil {
		return nil, err
	}
	var all []message
	for _, m := range held.Messages {
		for _, element := range m.Body {
			all = append(all, message{from: m.From, text: element.Content.Text, event: element.Content.Data, ext: element.Content.Ext})
		}
	}
	return all, nil
}

// conversation returns the texts between two accounts, oldest first.
func (s sideDoor) conversation(ctx context.Context, one, other string) ([]string, error) {
	var held struct {
		Messages []struct {
			Body []struct {
				Content struct{ Text string } `json:"MsgContent"`
			} `json:"body"`
		} `json:"messages"`
	}
	query := url.Values{"between": {one}, "and": {other}}
	if err := s.call(ctx, http.MethodGet, "chats?"+query.Encode(), nil, &held); err != nil {
		return nil, err
	}
	var texts []string
	for _, m := range held.Messages {
		for _, element := range m.Body {
			texts = append(texts, element.Content.Text)
		}
	}
	return texts, nil
}

// answered returns what the webhook has accepted, once IM waits for nothing.
func (s sideDoor) answered(ctx context.Context) (simim.CallbackStatus, simim.CallbackTally, error) {
	var reply struct {
		simim.CallbackStatus
		Answered simim.CallbackTally `json:"answered"`
	}
	err := s.call(ctx, http.MethodGet, "callback?answered=true&wait=5s", nil, &reply)
	if err == nil && reply.Pending > 0 {
		err = fmt.Errorf("%d callbacks are still not answered", reply.Pending)
	}
	return reply.CallbackStatus, reply.Answered, err
}
