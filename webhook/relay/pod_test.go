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
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
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

// podOptions are what a pod needs to know. They are handed to processes as JSON.
type podOptions struct {
	// Dir of an embedded journal, or URL of the servers of an external one, with so
	// many replicas.
	Dir, URL string
	Replicas int
	// Member names the pod among those who share the journal.
	Member string
	// IM and WeChat are where the providers are.
	IM, WeChat string
	// Customers is how many there may be, 0 for as many as usual.
	Customers int
	// Address to listen at, for a pod that is a process of its own.
	Address string
}

// journal options of the pod.
func (o podOptions) journal() journal.Options {
	options := journal.Options{Events: journal.EventLimits{MaxBytes: 64 << 20}, StateMaxBytes: 64 << 20}
	if o.URL != "" {
		options.External = &journal.External{URL: o.URL, Replicas: o.Replicas}
	} else {
		options.Embedded = &journal.Embedded{Dir: o.Dir}
	}
	return options
}

// logs are the journal with the parts of it that customer service uses.
type logs struct {
	journal, log *journal.Journal
	letters      letters
}

func openLogs(ctx context.Context, options journal.Options) (l logs, err error) {
	l.letters.meddle = &atomic.Pointer[func(string)]{}
	if l.journal, err = journal.Open(ctx, options); err != nil {
		return l, err
	}
	l.log, err = l.journal.Join(ctx, journal.JoinOptions{Name: "RELAY", Events: journal.EventLimits{MaxBytes: 256 << 20}, StateMaxBytes: 256 << 20})
	if err == nil {
		l.letters.Letters, err = l.journal.Letters(ctx, journal.LettersOptions{MaxBytes: 64 << 20})
	}
	if err != nil {
		return l, errors.Join(err, l.close())
	}
	return l, nil
}

// close also closes what was joined.
func (l logs) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return l.journal.Close(ctx)
}

// letters are the dead letters of the account.
type letters struct {
	*journal.Letters
	// meddle, when it is set, is called before something is done, with what that is.
	meddle *atomic.Pointer[func(what string)]
}

const (
	appending = "append"
	deleting  = "delete"
)

// Append implements relay.Letters.
func (l letters) Append(ctx context.Context, id, account, customer string, data []byte) (uint64, error) {
	if meddle := l.meddle.Load(); meddle != nil {
		(*meddle)(appending)
	}
	return l.Letters.Append(ctx, id, account, customer, data)
}

// DeleteCustomer implements relay.Letters.
func (l letters) DeleteCustomer(ctx context.Context, account, customer string) error {
	if meddle := l.meddle.Load(); meddle != nil {
		(*meddle)(deleting)
	}
	return l.Letters.DeleteCustomer(ctx, account, customer)
}

// count is -1 while nobody knows.
func (l letters) count() int {
	n, err := l.Count(context.Background(), accountUID)
	if err != nil {
		return -1
	}
	return int(n)
}

// pod is a webhook, as far as customer service needs it.
type pod struct {
	logs

	relay    *relay.Relay
	accounts *officialaccount.Directory
	handler  http.Handler
	server   *httptest.Server // nil for a pod that is a process of its own
	im       *im.Client
	wechat   *wechat.Client
	fetcher  *media.Fetcher
	registry *prometheus.Registry
	cancel   context.CancelFunc
	ended    chan error
	stop     func() error // once
}

func (p *pod) account() *officialaccount.Account { return p.accounts.Account(accountKey) }

// openPod makes a pod with the account of the tests, with changes. It neither
// listens nor runs.
func openPod(ctx context.Context, options podOptions, change func(*imv1alpha1.WeChatOfficialAccount)) (p *pod, err error) {
	p = &pod{accounts: officialaccount.NewDirectory(), ended: make(chan error, 1), fetcher: media.NewFetcher(true)}
	p.stop = sync.OnceValue(p.end)
	if p.logs, err = openLogs(ctx, options.journal()); err != nil {
		return nil, err
	}
	p.im, err = im.New(im.Config{
		Endpoint: options.IM, SDKAppID: sdkAppID, Credentials: im.Credentials{Administrator: "administrator", SecretKey: secretKey}, Process: im.ProcessWebhook,
	})
	if err != nil {
		return nil, err
	}
	p.wechat, err = wechat.New(wechat.Options{AppID: appID, Secret: appSecret, Endpoint: options.WeChat, RequestsPerSecond: 1000})
	if err != nil {
		return nil, err
	}
	account, err := declare(p.wechat, change)
	if err != nil {
		return nil, err
	}
	p.accounts.Put(account)
	p.registry = prometheus.NewRegistry()
	metrics, err := relay.NewMetrics(p.registry)
	if err != nil {
		return nil, err
	}
	p.relay, err = relay.New(relay.Config{
		Log: p.log, Member: options.Member, Customers: options.Customers, Letters: p.letters, Accounts: p.accounts,
		Application: func(*officialaccount.Account) *im.Client { return p.im },
		Link: func(account *officialaccount.Account, mediaID string, until time.Time) string {
			return "https://webhook.example" + media.Link(account, mediaID, until)
		},
		Files: p.fetcher, Changed: func(string) {}, Doubt: func(string) {}, Clock: clock.RealClock{}, Logger: testLog(), Metrics: metrics,
	})
	if err != nil {
		return nil, err
	}
	p.handler, err = p.receivers(p.registry)
	return p, err
}

// declare makes an account as its reconciler would.
func declare(client *wechat.Client, change func(*imv1alpha1.WeChatOfficialAccount)) (*officialaccount.Account, error) {
	object := &imv1alpha1.WeChatOfficialAccount{ObjectMeta: metav1.ObjectMeta{Namespace: accountKey.Namespace, Name: accountKey.Name, UID: accountUID}}
	object.Spec.AppRef.Name, object.Spec.AppID = appKey.Name, appID
	object.Spec.AccountType, object.Spec.Verification = imv1alpha1.OfficialAccountService, imv1alpha1.VerificationVerified
	object.Spec.MessageMode = imv1alpha1.MessageModeSafe
	object.Spec.Followers = &imv1alpha1.FollowerPolicy{UserIDPrefix: prefix}
	object.Spec.Replies = &imv1alpha1.AutomaticReplies{Welcome: "欢迎关注", Transferring: "正在转接", OutOfHours: "休息中", Unsupported: "看不了"}
	if change != nil {
		change(object)
	}
	key, err := seal.ParseKey(aesKey)
	if err != nil {
		return nil, err
	}
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
	return account, nil
}

func testLog() logr.Logger {
	if os.Getenv("LIVEROOM_TEST_LOG") == "" {
		return logr.Discard()
	}
	return funcr.New(func(prefix, args string) { fmt.Fprintln(os.Stderr, prefix, args) }, funcr.Options{Verbosity: 1})
}

// receivers of what WeChat and IM send.
func (p *pod) receivers(registry *prometheus.Registry) (http.Handler, error) {
	apps := directory.New()
	apps.PutApp(&directory.App{
		Key: appKey, SDKAppID: sdkAppID, Token: []byte(imToken), Segment: webhookim.Segment([]byte(imToken), appKey.Namespace, appKey.Name),
		Heard: directory.NewHeard(func() {}),
	})
	imMetrics, err := webhookim.NewMetrics(registry)
	if err != nil {
		return nil, err
	}
	callbacks := webhookim.New(webhookim.Handler{
		Directory: apps, Policies: policy.NewSet(), Limiter: moderation.NewLimiter(), Journal: p.journal,
		Clock: clock.RealClock{}, Metrics: imMetrics, Log: logr.Discard(), Relay: p.relay,
	})
	wechatMetrics, err := webhookwechat.NewMetrics(registry)
	if err != nil {
		return nil, err
	}
	pushes, err := webhookwechat.New(webhookwechat.Options{
		Directory: p.accounts, Acceptor: p.relay, Observer: nobody{}, Clock: clock.RealClock{}, Metrics: wechatMetrics, Random: rand.Reader, Log: testLog(),
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(webhookim.Route, callbacks)
	mux.Handle(webhookwechat.Route, pushes)
	return mux, nil
}

// run the relay until stop.
func (p *pod) run() {
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	go func() { p.ended <- p.relay.Run(ctx) }()
}

// end a pod in order.
func (p *pod) end() error {
	if p.server != nil {
		p.server.CloseClientConnections()
		p.server.Close()
	}
	p.cancel()
	err := errors.Join(<-p.ended, p.close())
	p.im.Close()
	p.wechat.Close()
	p.fetcher.Close()
	return err
}

// nobody observes.
type nobody struct{}

func (nobody) Authentic(*officialaccount.Account, string, bool, time.Time) {}
func (nobody) Mismatch(*officialaccount.Account, time.Time)                {}
