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
	"fmt"
	"net/http"
	"strconv"
)

// echoDigits is how long the text is that a webhook has to repeat.
const echoDigits = 19

// Handshake is what came of verifying a webhook URL.
type Handshake struct {
	// Accepted: the answer had status 200 and repeated the text exactly.
	Accepted bool `json:"accepted"`
	// Status is 0 if there was no answer.
	Status int `json:"status"`
	// Echo is what had to be repeated, Answer what came, cut after 2048 bytes.
	Echo   string `json:"echo"`
	Answer string `json:"answer"`
	// Detail says why there was no answer.
	Detail string `json:"detail,omitempty"`
}

// Verify asks a webhook to repeat a text, as the console does when its URL is
// entered. An empty address means the account's own. With a bad signature a
// webhook must not accept.
func (s *Simulator) Verify(ctx context.Context, appID, address string, badSignature bool) (Handshake, error) {
	a, err := s.account(appID)
	if err != nil {
		return Handshake{}, err
	}
	in := a.settings.Load()
	if address == "" {
		address = in.WebhookURL
	}
	if address == "" {
		return Handshake{}, conflict("account %q has no webhook URL", appID)
	}
	if err := checkURL("the webhook URL", address); err != nil {
		return Handshake{}, err
	}
	token := in.Token
	if badSignature {
		token += "x"
	}
	shake := Handshake{Echo: s.randomNumber(echoDigits)}
	query := signedQuery(token, strconv.FormatInt(s.now().Unix(), 10), s.randomNumber(9))
	ctx, cancel := context.WithTimeout(ctx, s.options.PushTimeout)
	defer cancel()
	status, body, err := exchange(ctx, s.pushes.client, http.MethodGet, withQuery(address, append(query, "echostr="+shake.Echo)), "")
	if err != nil {
		shake.Detail = harmless(err)
		return shake, nil
	}
	shake.Status, shake.Answer = status, cut(string(body))
	shake.Accepted = status == http.StatusOK && string(body) == shake.Echo
	return shake, nil
}

// SetWebhook enters a webhook URL in the console, which takes it only when the
// webhook passes Verify. An empty one ends pushes.
func (s *Simulator) SetWebhook(ctx context.Context, appID, address string) error {
	if address != "" {
		shake, err := s.Verify(ctx, appID, address, false)
		switch {
		case err != nil:
			return err
		case shake.Detail != "":
			return conflict("the webhook cannot be verified: %s", shake.Detail)
		case !shake.Accepted:
			return conflict("the webhook cannot be verified: status %d, and %q instead of %q", shake.Status, shake.Answer, shake.Echo)
		}
	}
	if err := s.UpdateAccount(appID, func(a *Account) { a.WebhookURL = address }); err != nil {
		return fmt.Errorf("entering the webhook URL: %w", err)
	}
	return nil
}
