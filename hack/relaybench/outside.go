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
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// outside is IM with its agents, and WeChat with one account.
type outside struct {
	im         *simim.Simulator
	wechat     *simwechat.Simulator
	imDoor     *door
	wechatDoor *door
}

// loggedCalls are kept by IM: those of every measurement that looks at them.
const loggedCalls = 1 << 16

// newOutside starts the simulators. Answers of both take a while, as they do over
// a real network.
func newOutside(ctx context.Context, change func(*simim.Options, *simwechat.Options)) (*outside, error) {
	imOptions := simim.Options{SDKAppID: sdkAppID, SecretKey: secretKey, Latency: upstream, CallLogSize: loggedCalls}
	wechatOptions := simwechat.Options{
		PushTimeout: 5 * time.Second, RetryGap: 100 * time.Millisecond, Latency: upstream, PushQueue: 1 << 17,
		Accounts: []simwechat.Account{{AppID: appID, Secret: appSecret, Token: pushToken, EncodingAESKey: encodingAESKey, Mode: simwechat.Safe}},
	}
	if change != nil {
		change(&imOptions, &wechatOptions)
	}
	o := &outside{im: simim.New(imOptions), wechat: simwechat.New(wechatOptions)}
	var err error
	if o.imDoor, err = openDoor(ctx, o.im); err != nil {
		return nil, err
	}
	if o.wechatDoor, err = openDoor(ctx, o.wechat); err != nil {
		o.imDoor.shut()
		return nil, err
	}
	for _, agent := range agents {
		if err := o.im.SeedAccounts(simim.AccountSeed{UserID: agent}); err != nil {
			o.close()
			return nil, fmt.Errorf("making an agent: %w", err)
		}
	}
	return o, nil
}

func (o *outside) close() {
	o.im.Close()
	o.wechat.Close()
	o.imDoor.shut()
	o.wechatDoor.shut()
}

// pod starts a pod that works with these providers.
func (b *bench) pod(ctx context.Context, o *outside, settings podSettings) (*process, error) {
	settings.IM, settings.WeChat = "http://"+o.imDoor.address, "http://"+o.wechatDoor.address
	return b.spawn(ctx, podCommand, settings)
}

// connect makes the providers call a pod.
func (o *outside) connect(p *process) error {
	if err := o.wechat.UpdateAccount(appID, func(a *simwechat.Account) {
		a.WebhookURL = p.url + officialaccount.Path(pushToken, accountKey.Namespace, accountKey.Name)
	}); err != nil {
		return fmt.Errorf("telling WeChat the URL: %w", err)
	}
	if err := o.im.SetCallback(simim.CallbackOptions{URL: p.url + webhookim.Path([]byte(imToken), appKey.Namespace, appKey.Name), Token: imToken}); err != nil {
		return fmt.Errorf("telling IM the URL: %w", err)
	}
	return nil
}

// refusedForFrequency is how often IM refused a call for its rate.
func (o *outside) refusedForFrequency() int {
	refusals := o.im.Refusals()
	return refusals["60011"] + refusals["60007"]
}

// busiestSecond is how many calls of sendmsg began within one second, wherever that
// begins.
func (o *outside) busiestSecond() int {
	var times []time.Time
	for _, call := range o.im.CallLog() {
		if strings.HasSuffix(call.Command, "/sendmsg") {
			times = append(times, call.Time)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	busiest, from := 0, 0
	for i, end := range times {
		for end.Sub(times[from]) >= time.Second {
			from++
		}
		busiest = max(busiest, i-from+1)
	}
	return busiest
}

// line is a message in the chat of a customer with an agent.
type line struct {
	notice bool
	text   string
}

// chat is what an agent reads of a customer, in the order in which clients show it.
func (o *outside) chat(openID, agent string) []line {
	messages := o.im.ChatMessages(prefix+openID, agent)
	slices.SortStableFunc(messages, func(a, b simim.MessageState) int {
		if a.Time != b.Time {
			return int(a.Time - b.Time)
		}
		return int(a.Seq) - int(b.Seq)
	})
	lines := []line{}
	for _, m := range messages {
		if m.From != agent {
			lines = append(lines, line{notice: strings.Contains(m.CloudData, `"notice"`), text: textOf(m.Body)})
		}
	}
	return lines
}

// questions of a customer are what the agents have of him.
func (o *outside) questions(openID string) []string {
	var texts []string
	for _, agent := range agents {
		for _, line := range o.chat(openID, agent) {
			if !line.notice {
				texts = append(texts, line.text)
			}
		}
	}
	return texts
}

func textOf(body []any) string {
	data, err := json.Marshal(body)
	if err != nil {
		return err.Error()
	}
	var elements []struct{ MsgContent struct{ Text string } }
	if err := json.Unmarshal(data, &elements); err != nil || len(elements) != 1 {
		return string(data)
	}
	return elements[0].MsgContent.Text
}

// door is the address of a simulator, which can be shut and opened again.
type door struct {
	handler http.Handler
	address string
	server  *http.Server
}

func openDoor(ctx context.Context, handler http.Handler) (*door, error) {
	d := &door{handler: handler, address: "127.0.0.1:0"}
	return d, d.open(ctx)
}

// open takes calls, after shut at the same address.
func (d *door) open(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", d.address)
	if err != nil {
		return fmt.Errorf("opening a simulator: %w", err)
	}
	d.address = listener.Addr().String()
	d.server = &http.Server{Handler: d.handler, ReadHeaderTimeout: 10 * time.Second}
	go func(server *http.Server) { _ = server.Serve(listener) }(d.server)
	return nil
}

// shut lets calls under way finish and refuses connections from then on.
func (d *door) shut() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if d.server.Shutdown(ctx) != nil {
		_ = d.server.Close()
	}
}
