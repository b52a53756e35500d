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
	"net/http"
	"time"
)

// stateReply is the answer of GET /sim/wechat/state.
type stateReply struct {
	Time     time.Time      `json:"time"`
	Accounts []AccountState `json:"accounts"`
	Pushes   PushStatistics `json:"pushes"`
	Delivery Delivery       `json:"delivery"`
	Faults   []faultWire    `json:"faults"`
}

func (s *Simulator) doorState(*http.Request) (any, error) {
	state := stateReply{
		Time: s.now(), Accounts: []AccountState{}, Pushes: s.PushStatistics(), Delivery: s.Delivery(), Faults: s.faultList(),
	}
	for _, id := range s.Accounts() {
		if account, ok := s.Account(id); ok {
			state.Accounts = append(state.Accounts, account)
		}
	}
	return state, nil
}

func (s *Simulator) doorAddAccount(r *http.Request) (any, error) {
	var a Account
	if err := decode(r, &a); err != nil {
		return nil, err
	}
	return nil, s.AddAccount(a)
}

func (s *Simulator) doorAccount(r *http.Request) (any, error) {
	state, ok := s.Account(r.PathValue("app"))
	if !ok {
		return nil, notFound("account", r.PathValue("app"))
	}
	return state, nil
}

// accountPatch holds what of an account can be changed. Absent fields stay.
type accountPatch struct {
	Secret         *string         `json:"secret"`
	Token          *string         `json:"token"`
	EncodingAESKey *string         `json:"encodingAESKey"`
	Type           *AccountType    `json:"type"`
	Verification   *Verification   `json:"verification"`
	Mode           *Mode           `json:"mode"`
	WebhookURL     *string         `json:"webhookURL"`
	AllowedIPs     *[]string       `json:"allowedIPs"`
	DailyQuotas    *map[string]int `json:"dailyQuotas"`
	ServiceAgents  *[]string       `json:"serviceAgents"`
	MiniPrograms   *[]string       `json:"miniPrograms"`
	AllowLinks     *bool           `json:"allowLinks"`
}

func (p accountPatch) apply(a *Account) {
	assign(&a.Secret, p.Secret)
	assign(&a.Token, p.Token)
	assign(&a.EncodingAESKey, p.EncodingAESKey)
	assign(&a.Type, p.Type)
	assign(&a.Verification, p.Verification)
	assign(&a.Mode, p.Mode)
	assign(&a.WebhookURL, p.WebhookURL)
	assign(&a.AllowedIPs, p.AllowedIPs)
	assign(&a.DailyQuotas, p.DailyQuotas)
	assign(&a.ServiceAgents, p.ServiceAgents)
	assign(&a.MiniPrograms, p.MiniPrograms)
	assign(&a.AllowLinks, p.AllowLinks)
}

func assign[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (s *Simulator) doorUpdateAccount(r *http.Request) (any, error) {
	var patch accountPatch
	if err := decode(r, &patch); err != nil {
		return nil, err
	}
	return nil, s.UpdateAccount(r.PathValue("app"), patch.apply)
}

func (s *Simulator) doorSetWebhook(r *http.Request) (any, error) {
	var body struct {
		URL string `json:"url"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	return nil, s.SetWebhook(r.Context(), r.PathValue("app"), body.URL)
}

func (s *Simulator) doorVerify(r *http.Request) (any, error) {
	var body struct {
		URL          string `json:"url"`
		BadSignature bool   `json:"badSignature"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	shake, err := s.Verify(r.Context(), r.PathValue("app"), body.URL, body.BadSignature)
	if err != nil {
		return nil, err
	}
	return shake, nil
}

func (s *Simulator) doorTroubleToken(r *http.Request) (any, error) {
	body := struct {
		Kind    TokenKind    `json:"kind"`
		Trouble TokenTrouble `json:"trouble"`
	}{Kind: StableToken}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	return nil, s.TroubleToken(r.PathValue("app"), body.Kind, body.Trouble)
}

func (s *Simulator) doorResetQuotas(r *http.Request) (any, error) {
	return nil, s.ResetQuotas(r.PathValue("app"))
}

func (s *Simulator) doorRecordVoice(r *http.Request) (any, error) {
	var body struct {
		File []byte `json:"file"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	id, err := s.RecordVoice(r.PathValue("app"), body.File)
	if err != nil {
		return nil, err
	}
	return map[string]any{"mediaID": id}, nil
}

func (s *Simulator) doorMedia(r *http.Request) (any, error) {
	data, contentType, err := s.Media(r.PathValue("app"), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return doorContent{contentType: contentType, data: data}, nil
}

func (s *Simulator) doorExpireMedia(r *http.Request) (any, error) {
	return nil, s.ExpireMedia(r.PathValue("app"), r.PathValue("id"))
}
