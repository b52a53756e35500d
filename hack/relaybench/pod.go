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
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
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

const (
	// journalBytes is the room of the embedded journal.
	journalBytes = 10 << 30
	// wechatPerSecond is above what agents write here: the bars are about IM's limit.
	wechatPerSecond = 1000
	podMember       = "bench"
)

// pod is the webhook as far as customer service needs it, without Kubernetes: what
// reconcilers would tell it stands in account.go.
type pod struct {
	journal  *journal.Journal
	log      *journal.Journal
	letters  *journal.Letters
	shared   *officialaccount.Shared
	accounts *officialaccount.Directory
	im       *im.Client
	wechat   *wechat.Client
	fetcher  *media.Fetcher
	relay    *relay.Relay
	registry *prometheus.Registry
	logger   logr.Logger

	cancel  context.CancelFunc
	running sync.WaitGroup
	err     error // of the relay, once it has ended
}

// servePod is the process of a pod.
func servePod(argument string) int {
	return child(argument, func(ctx context.Context, settings podSettings) (http.Handler, http.Handler, func() error, error) {
		p := &pod{
			registry: prometheus.NewRegistry(), accounts: officialaccount.NewDirectory(), fetcher: media.NewFetcher(true),
			logger: funcr.New(func(prefix, args string) { fmt.Fprintln(os.Stderr, prefix, args) }, funcr.Options{}),
		}
		err := p.open(ctx, settings)
		if err == nil {
			err = p.assemble(settings)
		}
		if err != nil {
			return nil, nil, nil, err
		}
		measured, err := p.receivers()
		if err != nil {
			return nil, nil, nil, err
		}
		p.run()
		return measured, p.probes(), p.end, nil
	})
}

// open the journal and what is in it.
func (p *pod) open(ctx context.Context, settings podSettings) (err error) {
	p.journal, err = journal.Open(ctx, journal.Options{Embedded: &journal.Embedded{Dir: settings.Directory, MaxStoreBytes: journalBytes}})
	if err != nil {
		return err
	}
	if p.log, err = p.journal.Join(ctx, journal.JoinOptions{Name: "RELAY", AppendTimeout: webhookim.Patience}); err != nil {
		return err
	}
	if p.letters, err = p.journal.Letters(ctx, journal.LettersOptions{}); err != nil {
		return err
	}
	values, err := p.journal.Values(ctx, "WECHAT")
	if err != nil {
		return err
	}
	p.shared = officialaccount.NewShared(values, p.logger, func(string) {})
	return nil
}

// assemble the clients and the relay.
func (p *pod) assemble(settings podSettings) (err error) {
	p.im, err = im.New(im.Config{
		Endpoint: settings.IM, SDKAppID: sdkAppID, Process: im.ProcessWebhook, Unlimited: settings.Unlimited,
		Credentials: im.Credentials{Administrator: "administrator", SecretKey: secretKey},
	})
	if err != nil {
		return err
	}
	p.wechat, err = wechat.New(wechat.Options{AppID: appID, Secret: appSecret, Endpoint: settings.WeChat, RequestsPerSecond: wechatPerSecond})
	if err != nil {
		return err
	}
	account, err := newAccount(p.wechat, settings.Transferring)
	if err != nil {
		return err
	}
	p.accounts.Put(account)
	metrics, err := relay.NewMetrics(p.registry)
	if err != nil {
		return err
	}
	p.relay, err = relay.New(relay.Config{
		Log: p.log, Member: podMember, Letters: p.letters, Accounts: p.accounts,
		Application: func(*officialaccount.Account) *im.Client { return p.im },
		Link:        func(*officialaccount.Account, string, time.Time) string { return "" },
		Files:       p.fetcher, Changed: func(string) {}, Doubt: func(string) {},
		Clock: clock.RealClock{}, Logger: p.logger, Metrics: metrics,
	})
	return err
}

// receivers take what WeChat and IM call.
func (p *pod) receivers() (http.Handler, error) {
	apps := directory.New()
	apps.PutApp(&directory.App{
		Key: appKey, SDKAppID: sdkAppID, Token: []byte(imToken), Segment: webhookim.Segment([]byte(imToken), appKey.Namespace, appKey.Name),
		Heard: directory.NewHeard(func() {}),
	})
	imMetrics, err := webhookim.NewMetrics(p.registry)
	if err != nil {
		return nil, err
	}
	callbacks := webhookim.New(webhookim.Handler{
		Directory: apps, Policies: policy.NewSet(), Limiter: moderation.NewLimiter(), Journal: p.journal,
		Clock: clock.RealClock{}, Metrics: imMetrics, Log: p.logger, Relay: p.relay,
	})
	wechatMetrics, err := webhookwechat.NewMetrics(p.registry)
	if err != nil {
		return nil, err
	}
	pushes, err := webhookwechat.New(webhookwechat.Options{
		Directory: p.accounts, Acceptor: p.relay, Observer: p.shared, Clock: clock.RealClock{}, Metrics: wechatMetrics, Random: rand.Reader, Log: p.logger,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(webhookim.Route, callbacks)
	mux.Handle(webhookwechat.Route, pushes)
	return mux, nil
}

// run until end.
func (p *pod) run() {
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	p.running.Go(func() { p.err = p.relay.Run(ctx) })
	p.running.Go(func() { p.shared.Run(ctx) })
}

// end everything in order: what is under way is finished, then the journal closed.
func (p *pod) end() error {
	p.cancel()
	p.running.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	err := errors.Join(p.err, p.log.Close(ctx), p.journal.Close(ctx))
	p.im.Close()
	p.wechat.Close()
	p.fetcher.Close()
	return err
}

// podFigures are what a pod knows about its work.
type podFigures struct {
	// ToAgents and ToCustomers were taken by the provider, Unknown have an outcome that
	// nobody knows, Letters are kept.
	ToAgents, ToCustomers, Unknown, Letters int64
}

// probes tell whether the pod is ready, and its figures.
func (p *pod) probes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		for partition := range journal.Partitions {
			if !p.relay.Owns(partition) {
				http.Error(w, "partitions are not taken over yet", http.StatusServiceUnavailable)
				return
			}
		}
	})
	mux.HandleFunc("/figures", func(w http.ResponseWriter, r *http.Request) {
		kept, err := p.letters.Count(r.Context(), accountUID)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		traffic := p.relay.Traffic(accountUID)
		_ = json.NewEncoder(w).Encode(podFigures{
			ToAgents: traffic.RelayedToAgents, ToCustomers: traffic.RelayedToCustomers, Unknown: traffic.UnknownOutcomes, Letters: kept,
		})
	})
	return mux
}

// figures of the pod of a process.
func (p *process) figures(ctx context.Context) (podFigures, error) {
	var figures podFigures
	data, err := download(ctx, p.probes+"/figures")
	if err == nil {
		err = json.Unmarshal(data, &figures)
	}
	if err != nil {
		return figures, fmt.Errorf("asking the pod for its figures: %w", err)
	}
	return figures, nil
}
