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
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// wechatFlags are the flags of the WeChat simulator.
type wechatFlags struct {
	address string
	account wechat.Account
	options wechat.Options
	kind    string
	grade   string
	mode    string
}

// newWeChatFlags binds the flags of the WeChat simulator.
func newWeChatFlags(command *cobra.Command) *wechatFlags {
	f, flags := &wechatFlags{}, command.Flags()
	a, o := &f.account, &f.options
	flags.StringVar(&f.address, "wechat-addr", "", "address of the WeChat simulator, such as 127.0.0.1:18091; empty for none")
	flags.StringVar(&a.AppID, "wechat-app-id", "wx0123456789abcdef", "AppID of an Official Account; more can be added by the side door")
	flags.StringVar(&a.Secret, "wechat-secret", "", "its AppSecret (required)")
	flags.StringVar(&a.Token, "wechat-token", "", "token that signs its pushes: 3 to 32 letters or digits (required)")
	flags.StringVar(&a.EncodingAESKey, "wechat-encoding-aes-key", "", "43 letters or digits; required unless the mode is Plaintext")
	flags.StringVar(&f.mode, "wechat-mode", string(wechat.Safe), "how pushes are protected: Plaintext, Compatible or Safe")
	flags.StringVar(&f.kind, "wechat-type", string(wechat.Service), "Service or Subscription")
	flags.StringVar(&f.grade, "wechat-verification", string(wechat.Verified), "Verified, Unverified or Personal")
	flags.StringVar(&a.WebhookURL, "wechat-webhook-url", "", "URL that pushes go to; empty for none")
	flags.DurationVar(&o.PushTimeout, "wechat-push-timeout", 5*time.Second, "how long a push waits for its answer")
	flags.DurationVar(&o.RetryGap, "wechat-retry-gap", 0, "time from one try of a push to the next; 0 for the timeout")
	flags.DurationVar(&o.Latency, "wechat-latency", 0, "delay of every answer of the API")
	return f
}

func (f *wechatFlags) listener() (*listener, error) {
	if f.address == "" {
		return nil, nil
	}
	account, options := f.account, f.options
	account.Type, account.Verification, account.Mode = wechat.AccountType(f.kind), wechat.Verification(f.grade), wechat.Mode(f.mode)
	options.Accounts = []wechat.Account{account}
	if err := options.Validate(); err != nil {
		return nil, fmt.Errorf("the Official Account: %w", err)
	}
	simulator := wechat.New(options)
	return &listener{name: "wechat", address: f.address, handler: simulator, close: simulator.Close}, nil
}
