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

package relay_test

import (
	"cmp"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

const (
	sdkAppID  = 1400000001
	secretKey = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	imToken   = "shield-im-cb-7Qe2"
	appID     = "wx5823bf96d3bd56c7"
	appSecret = "simulator-only"
	pushToken = "shieldwx2026Token"
	aesKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	prefix    = "wx-"

	accountUID = "0d7a2c61"
)

var (
	appKey     = types.NamespacedName{Namespace: "shop", Name: "live"}
	accountKey = types.NamespacedName{Namespace: "shop", Name: "support"}
)

// world is the outside: IM with two agents, and WeChat with one account.
type world struct {
	t         *testing.T
	im        *simim.Simulator
	imURL     string
	wechat    *simwechat.Simulator
	wechatURL string
}

func newWorld(t *testing.T, change func(*simim.Options, *simwechat.Options)) *world {
	t.Helper()
	imOptions := simim.Options{SDKAppID: sdkAppID, SecretKey: secretKey}
	wechatOptions := simwechat.Options{PushTimeout: 5 * time.Second, RetryGap: 100 * time.Millisecond, Accounts: []simwechat.Account{{
		AppID: appID, Secret: appSecret, Token: pushToken, EncodingAESKey: aesKey, Mode: simwechat.Safe,
	}}}
	if change != nil {
		change(&imOptions, &wechatOptions)
	}
	w := &world{t: t, im: simim.New(imOptions), wechat: simwechat.New(wechatOptions)}
	imServer, wechatServer := httptest.NewServer(w.im), httptest.NewServer(w.wechat)
	t.Cleanup(func() {
		w.im.Close()
		w.wechat.Close()
		imServer.Close()
		wechatServer.Close()
	})
	w.imURL, w.wechatURL = imServer.URL, wechatServer.URL
	NewWithT(t).Expect(w.im.SeedAccounts(simim.AccountSeed{UserID: "lin"}, simim.AccountSeed{UserID: "zhou"})).To(Succeed())
	return w
}

// connect makes the simulators call a pod.
func (w *world) connect(p *pod) {
	w.t.Helper()
	w.connectTo(p.server.URL)
}

func (w *world) connectTo(url string) {
	w.t.Helper()
	g := NewWithT(w.t)
	path := officialaccount.Path(pushToken, accountKey.Namespace, accountKey.Name)
	g.Expect(w.wechat.UpdateAccount(appID, func(a *simwechat.Account) { a.WebhookURL = url + path })).To(Succeed())
	g.Expect(w.im.SetCallback(simim.CallbackOptions{
		URL: url + webhookim.Path([]byte(imToken), appKey.Namespace, appKey.Name), Token: imToken,
	})).To(Succeed())
}

// start runs a pod in this process, with its journal in a directory, until the test ends.
func (w *world) start(dir string, change func(*imv1alpha1.WeChatOfficialAccount)) *pod {
	w.t.Helper()
	p := w.open(podOptions{Dir: dir}, change)
	p.run()
	return p
}

// open makes a pod that listens and is still to be run, at once.
func (w *world) open(options podOptions, change func(*imv1alpha1.WeChatOfficialAccount)) *pod {
	t := w.t
	t.Helper()
	g := NewWithT(t)
	options.Member, options.IM, options.WeChat = cmp.Or(options.Member, "pod-0"), w.imURL, w.wechatURL
	p, err := openPod(t.Context(), options, change)
	g.Expect(err).NotTo(HaveOccurred())
	p.server = httptest.NewServer(p.handler)
	t.Cleanup(func() { g.Expect(p.stop()).To(Succeed()) })
	return p
}

// follower is somebody with a phone.
type follower struct {
	world  *world
	openID string
	seq    atomic.Uint32 // of the agents' messages
}

// follow makes a follower who is known for long.
func (w *world) follow(quiet bool) *follower {
	w.t.Helper()
	openID, err := w.wechat.Follow(appID, simwechat.Follow{Quiet: quiet})
	NewWithT(w.t).Expect(err).NotTo(HaveOccurred())
	return &follower{world: w, openID: openID}
}

func (f *follower) writes(text string) {
	f.world.t.Helper()
	_, err := f.world.wechat.Write(appID, f.openID, simwechat.FollowerMessage{Type: "text", Content: text})
	NewWithT(f.world.t).Expect(err).NotTo(HaveOccurred())
}

// phone is what arrived, by text.
func (f *follower) phone() []string {
	messages, err := f.world.wechat.Phone(appID, f.openID)
	NewWithT(f.world.t).Expect(err).NotTo(HaveOccurred())
	texts := []string{}
	for i := range messages {
		texts = append(texts, messages[i].Text)
	}
	return texts
}

// chat is what an agent reads of a customer: what the customer wrote and what the
// relay says, in the order in which clients show it.
func (f *follower) chat(agent string) []string {
	lines := []string{}
	messages := f.world.im.ChatMessages(prefix+f.openID, agent)
	slices.SortStableFunc(messages, func(a, b simim.MessageState) int {
		if a.Time != b.Time {
			return int(a.Time - b.Time)
		}
		return int(a.Seq) - int(b.Seq)
	})
	for _, m := range messages {
		who := "customer"
		if m.From == agent {
			continue
		}
		if strings.Contains(m.CloudData, `"notice"`) {
			who = "notice"
		}
		lines = append(lines, who+": "+textOf(m.Body))
	}
	return lines
}

func textOf(body any) string {
	data, err := json.Marshal(body)
	if err != nil {
		return err.Error()
	}
	var elements []struct {
		MsgType    string
		MsgContent struct{ Text string }
	}
	if err := json.Unmarshal(data, &elements); err != nil || len(elements) == 0 {
		return string(data)
	}
	if elements[0].MsgType != "TIMTextElem" {
		return elements[0].MsgType
	}
	return elements[0].MsgContent.Text
}

// answers as an agent does in any client.
func (f *follower) isAnswered(agent, text string) {
	f.world.t.Helper()
	_, err := f.world.im.SendChatAsClient(prefix+f.openID, simim.ClientMessage{From: agent, Text: text, Seq: f.seq.Add(1)})
	NewWithT(f.world.t).Expect(err).NotTo(HaveOccurred())
}

// patience with what goes through two networks.
const patience = 15 * time.Second
