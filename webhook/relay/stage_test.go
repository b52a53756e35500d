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
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/media"
	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
	"github.com/liveroom-io/liveroom-operator/webhook/policy"
	"github.com/liveroom-io/liveroom-operator/webhook/relay"
	webhookwechat "github.com/liveroom-io/liveroom-operator/webhook/wechat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sdkAppID  = 1400000001
	secretKey = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	imToken   = "shield-im-cb-7Qe2"
	appID     = "wx5823bf96d3bd56c7"
	appSecret = "simulator-only"
	pushToken = "shieldwx2026Token"
	aesKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	prefix    = "wx-"
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
	g := NewWithT(w.t)
	g.Expect(w.wechat.UpdateAccount(appID, func(a *simwechat.Account) { a.WebhookURL = p.server.URL + p.account().path() })).To(Succeed())
	g.Expect(w.im.SetCallback(simim.CallbackOptions{
		URL: p.server.URL + webhookim.Path([]byte(imToken), appKey.Namespace, appKey.Name), Token: imToken,
	})).To(Succeed())
}

// declared is the account of the tests, with changes.
type declared struct{ *officialaccount.Account }

func (d declared) path() string {
	return officialaccount.Path(d.Keys[0].Token, accountKey.Namespace, accountKey.Name)
}

// declare makes an account as its reconciler would.
func (w *world) declare(client *wechat.Client, change func(*imv1alpha1.WeChatOfficialAccount)) declared {
	w.t.Helper()
	object := &imv1alpha1.WeChatOfficialAccount{ObjectMeta: metav1.ObjectMeta{Namespace: accountKey.Namespace, Name: accountKey.Name, UID: "0d7a2c61"}}
	object.Spec.AppRef.Name, object.Spec.AppID = appKey.Name, appID
	object.Spec.AccountType, object.Spec.Verification = imv1alpha1.OfficialAccountService, imv1alpha1.VerificationVerified
	object.Spec.MessageMode = imv1alpha1.MessageModeSafe
	object.Spec.Followers = &imv1alpha1.FollowerPolicy{UserIDPrefix: prefix}
	object.Spec.Replies = &imv1alpha1.AutomaticReplies{Welcome: "欢迎关注", Transferring: "正在转接", OutOfHours: "休息中", Unsupported: "看不了"}
	if change != nil {
		change(object)
	}
	key, err := seal.ParseKey(aesKey)
	NewWithT(w.t).Expect(err).NotTo(HaveOccurred())
	account := &officialaccount.Account{
		Key: accountKey, UID: string(object.UID), App: appKey, SDKAppID: sdkAppID, Object: object, WeChat: client,
		Agents: []officialaccount.Agent{{UserID: "lin", Presence: imv1alpha1.PresenceOnline}, {UserID: "zhou"}},
		Keys: []officialaccount.Key{{
			Token: pushToken, Segment: officialaccount.Segment(pushToken, accountKey.Namespace, accountKey.Name),
			Sealers: []seal.Sealer{seal.New(appID, key)},
		}},
	}
	if object.Spec.Verification != imv1alpha1.VerificationVerified {
		account.WeChat = nil
	}
	return declared{account}
}

// pod is a webhook, as far as customer service needs it.
type pod struct {
	world    *world
	relay    *relay.Relay
	journal  *journal.Journal
	log      *journal.Journal
	letters  *letters
	accounts *officialaccount.Directory
	server   *httptest.Server
	im       *im.Client
	wechat   *wechat.Client
	cancel   context.CancelFunc
	ended    chan error
	stopOnce sync.Once
}

func (p *pod) account() declared { return declared{p.accounts.Account(accountKey)} }

// start runs a pod with its journal in a directory.
func (w *world) start(dir string, change func(*imv1alpha1.WeChatOfficialAccount)) *pod {
	w.t.Helper()
	return w.startWith(journal.Options{Embedded: &journal.Embedded{Dir: dir}, Events: journal.EventLimits{MaxBytes: 64 << 20}}, "pod-0", change)
}

func (w *world) startWith(options journal.Options, member string, change func(*imv1alpha1.WeChatOfficialAccount)) *pod {
	t := w.t
	t.Helper()
	g := NewWithT(t)
	p := &pod{world: w, letters: &letters{}, accounts: officialaccount.NewDirectory(), ended: make(chan error, 1)}
	var err error
	p.journal, err = journal.Open(t.Context(), options)
	g.Expect(err).NotTo(HaveOccurred())
	p.log, err = p.journal.Join(t.Context(), journal.JoinOptions{Name: "RELAY", Events: journal.EventLimits{MaxBytes: 256 << 20}, StateMaxBytes: 256 << 20})
	g.Expect(err).NotTo(HaveOccurred())
	p.im, err = im.New(im.Config{
		Endpoint: w.imURL, SDKAppID: sdkAppID, Credentials: im.Credentials{Administrator: "administrator", SecretKey: secretKey}, Process: im.ProcessWebhook,
	})
	g.Expect(err).NotTo(HaveOccurred())
	p.wechat, err = wechat.New(wechat.Options{AppID: appID, Secret: appSecret, Endpoint: w.wechatURL, RequestsPerSecond: 1000})
	g.Expect(err).NotTo(HaveOccurred())
	p.accounts.Put(w.declare(p.wechat, change).Account)
	registry := prometheus.NewRegistry()
	metrics, err := relay.NewMetrics(registry)
	g.Expect(err).NotTo(HaveOccurred())
	fetcher := media.NewFetcher(true)
	p.relay, err = relay.New(relay.Config{
		Log: p.log, Member: member, Letters: p.letters, Accounts: p.accounts,
		Application: func(*officialaccount.Account) *im.Client { return p.im },
		Link: func(account *officialaccount.Account, mediaID string, until time.Time) string {
			return "https://webhook.example" + media.Link(account, mediaID, until)
		},
		Files: fetcher, Changed: func(string) {}, Doubt: func(string) {}, Clock: clock.RealClock{}, Logger: testLog(), Metrics: metrics,
	})
	g.Expect(err).NotTo(HaveOccurred())
	p.serve(registry)
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(t.Context()))
	go func() { p.ended <- p.relay.Run(ctx) }()
	t.Cleanup(func() {
		p.stop()
		fetcher.Close()
	})
	return p
}

func testLog() logr.Logger {
	if os.Getenv("LIVEROOM_TEST_LOG") == "" {
		return logr.Discard()
	}
	return funcr.New(func(prefix, args string) { fmt.Fprintln(os.Stderr, prefix, args) }, funcr.Options{Verbosity: 1})
}

// serve opens the pod's port with both receivers.
func (p *pod) serve(registry *prometheus.Registry) {
	t := p.world.t
	g := NewWithT(t)
	apps := directory.New()
	apps.PutApp(&directory.App{
		Key: appKey, SDKAppID: sdkAppID, Token: []byte(imToken), Segment: webhookim.Segment([]byte(imToken), appKey.Namespace, appKey.Name),
		Heard: directory.NewHeard(func() {}),
	})
	imMetrics, err := webhookim.NewMetrics(registry)
	g.Expect(err).NotTo(HaveOccurred())
	callbacks := webhookim.New(webhookim.Handler{
		Directory: apps, Policies: policy.NewSet(), Limiter: moderation.NewLimiter(), Journal: p.journal,
		Clock: clock.RealClock{}, Metrics: imMetrics, Log: logr.Discard(), Relay: p.relay,
	})
	wechatMetrics, err := webhookwechat.NewMetrics(registry)
	g.Expect(err).NotTo(HaveOccurred())
	pushes, err := webhookwechat.New(webhookwechat.Options{
		Directory: p.accounts, Acceptor: p.relay, Observer: nobody{}, Clock: clock.RealClock{}, Metrics: wechatMetrics, Random: rand.Reader, Log: testLog(),
	})
	g.Expect(err).NotTo(HaveOccurred())
	mux := http.NewServeMux()
	mux.Handle(webhookim.Route, callbacks)
	mux.Handle(webhookwechat.Route, pushes)
	p.server = httptest.NewServer(mux)
}

// stop ends a pod in order.
func (p *pod) stop() {
	p.stopOnce.Do(func() {
		g := NewWithT(p.world.t)
		p.server.CloseClientConnections()
		p.server.Close()
		p.cancel()
		g.Expect(<-p.ended).To(Succeed())
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		g.Expect(p.log.Close(ctx)).To(Succeed())
		g.Expect(p.journal.Close(ctx)).To(Succeed())
		p.im.Close()
		p.wechat.Close()
	})
}

// nobody observes.
type nobody struct{}

func (nobody) Authentic(*officialaccount.Account, string, bool, time.Time) {}
func (nobody) Mismatch(*officialaccount.Account, time.Time)                {}

// letters keeps dead letters in memory.
type letters struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (l *letters) Append(_ context.Context, id, account, customer string, data []byte) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept == nil {
		l.kept = map[string][]byte{}
	}
	l.kept[account+"/"+customer+"/"+id] = data
	return uint64(len(l.kept)), nil
}

func (l *letters) DeleteCustomer(_ context.Context, account, customer string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.kept {
		if strings.HasPrefix(key, account+"/"+customer+"/") {
			delete(l.kept, key)
		}
	}
	return nil
}

func (l *letters) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.kept)
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

func textOf(body []any) string {
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
