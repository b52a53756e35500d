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
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

const (
	// The Official Account of the samples.
	wechatAppID  = "wx0123456789abcdef"
	wechatSecret = "simulator-only-not-a-real-secret"
	wechatToken  = "simulatorOnlyNotARealToken"
	wechatKey    = "simulatorOnlyNotARealKey0000000000000000000"
	// prefix of the UserIDs of followers, and the agents of the samples.
	prefix = "wx-"
)

var deskAgents = []string{"agent-lin", "agent-zhou"}

// question and answer of the demo.
const (
	question = "童装啥时候上新？"
	answer   = "5月份会上新，敬请关注！"
)

// serve shows customer service: a follower of an Official Account asks, an agent
// answers in IM, and the follower reads it.
func (d *demo) serve(ctx context.Context) error {
	heading("kubectl apply --server-side -n " + namespace + " -k " + service)
	output, err := d.plane.run(ctx, "apply", "--server-side", "-n", namespace, "-k", d.service)
	if err != nil {
		return err
	}
	fmt.Println(output)
	account := &imv1alpha1.WeChatOfficialAccount{}
	if _, err := d.await(ctx, "the webhook tells its path for WeChat", readyTimeout, func(ctx context.Context) (string, error) {
		if err := d.read(ctx, application, account); err != nil {
			return "", err
		}
		if account.Status.CallbackPath == "" {
			return "status.callbackPath is empty", nil
		}
		return condition(account, imv1alpha1.ConditionVerified, imv1alpha1.ReasonAwaitingHandshake), nil
	}); err != nil {
		return err
	}
	if _, err := d.await(ctx, "the agents are in IM", readyTimeout, func(ctx context.Context) (string, error) {
		err := d.read(ctx, application, account)
		if int(account.Status.Agents) < len(deskAgents) {
			return fmt.Sprintf("%d agents", account.Status.Agents), err
		}
		return "", err
	}); err != nil {
		return err
	}
	if err := d.wechat.call(ctx, http.MethodPut, "wechat/accounts/"+wechatAppID+"/webhook",
		map[string]any{"url": "http://" + d.webhook.address + account.Status.CallbackPath}, nil); err != nil {
		return err
	}
	fmt.Println("The URL is entered in WeChat's console, and WeChat has been answered.")
	if err := d.converse(ctx); err != nil {
		return err
	}
	return d.showService(ctx, account)
}

// converse plays the conversation, and prints what each side has in hand.
func (d *demo) converse(ctx context.Context) error {
	var made struct {
		OpenIDs []string `json:"openIDs"`
	}
	const followers = "wechat/accounts/" + wechatAppID + "/followers"
	if err := d.wechat.call(ctx, http.MethodPost, followers, map[string]any{"count": 1}, &made); err != nil {
		return err
	}
	if len(made.OpenIDs) != 1 {
		return errors.New("the simulated WeChat has no follower")
	}
	follower := made.OpenIDs[0]
	phone := followers + "/" + follower
	if err := d.wechat.call(ctx, http.MethodPost, phone+"/messages", map[string]any{"type": "text", "content": question}, nil); err != nil {
		return err
	}
	fmt.Printf("  follower   %s\n", question)
	agent := ""
	took, err := d.await(ctx, "an agent sees the question", soon, func(ctx context.Context) (string, error) {
		for _, one := range deskAgents {
			texts, err := d.im.conversation(ctx, prefix+follower, one)
			if err != nil {
				return "", err
			}
			if len(texts) > 0 {
				agent = one
				return "", nil
			}
		}
		return "no agent has it", nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("  in IM      %s sees it in a conversation with %s%s… after %s\n", agent, prefix, follower[:6], took.Round(time.Millisecond))
	if err := d.im.call(ctx, http.MethodPost, "chats/messages", map[string]any{"to": prefix + follower, "from": agent, "text": answer}, nil); err != nil {
		return err
	}
	fmt.Printf("  %s  %s\n", agent, answer)
	took, err = d.await(ctx, "the follower reads the answer", soon, func(ctx context.Context) (string, error) {
		var held struct {
			Messages []struct {
				Text string `json:"text"`
			} `json:"messages"`
		}
		err := d.wechat.call(ctx, http.MethodGet, phone+"/phone", nil, &held)
		for _, m := range held.Messages {
			if m.Text == answer {
				return "", err
			}
		}
		return fmt.Sprintf("%d messages on the phone", len(held.Messages)), err
	})
	if err == nil {
		fmt.Printf("  in WeChat  the follower reads it after %s\n", took.Round(time.Millisecond))
	}
	return err
}

// showService waits until status has what happened.
func (d *demo) showService(ctx context.Context, account *imv1alpha1.WeChatOfficialAccount) error {
	if _, err := d.await(ctx, "status has what was relayed", readyTimeout, func(ctx context.Context) (string, error) {
		if err := d.read(ctx, application, account); err != nil {
			return "", err
		}
		if account.Status.RelayedToAgents != 1 || account.Status.RelayedToCustomers != 1 {
			return fmt.Sprintf("%d to agents, %d to customers", account.Status.RelayedToAgents, account.Status.RelayedToCustomers), nil
		}
		return condition(account, imv1alpha1.ConditionReady, imv1alpha1.ReasonRelaying), nil
	}); err != nil {
		return err
	}
	text, err := d.plane.run(ctx, "get", "wechatofficialaccounts", "-n", namespace)
	if err != nil {
		return err
	}
	letters, err := d.webhook.letters(ctx)
	if err != nil {
		return err
	}
	if letters != "No dead letters." {
		return fmt.Errorf("messages were given up: %s", letters)
	}
	fmt.Printf("%s\n$ liveroom-operator deadletters list\n%s\n", text, letters)
	return nil
}
