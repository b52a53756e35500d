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

package webhook

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/media"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
	"github.com/liveroom-io/liveroom-operator/webhook/relay"
	webhookwechat "github.com/liveroom-io/liveroom-operator/webhook/wechat"
)

// relayLog is the name of the relay's log, sharedValues that of what the replicas
// share about accounts.
const (
	relayLog     = "RELAY"
	sharedValues = "WECHAT"
)

// desk is customer service: the accounts, the relay, and what WeChat and agents
// call.
type desk struct {
	log        *journal.Journal
	letters    *journal.Letters
	accounts   *officialaccount.Directory
	clients    *officialaccount.Clients
	shared     *officialaccount.Shared
	reconciler *officialaccount.Reconciler
	relay      *relay.Relay
	fetcher    *media.Fetcher
}

// assembleDesk makes the parts of customer service. Nothing runs yet.
func (s *system) assembleDesk(ctx context.Context) error {
	d := &s.desk
	var err error
	d.log, err = s.journal.Join(ctx, journal.JoinOptions{
		Name: relayLog, About: "Messages between customers in WeChat and agents in IM", AppendTimeout: webhookim.Patience, Registerer: s.Metrics,
		StateMaxBytes: relay.StateBytes,
	})
	if err != nil {
		return err
	}
	if d.letters, err = s.journal.Letters(ctx, journal.LettersOptions{}); err != nil {
		return err
	}
	values, err := s.journal.Values(ctx, sharedValues)
	if err != nil {
		return err
	}
	d.accounts = officialaccount.NewDirectory()
	d.shared = officialaccount.NewShared(values, s.Log.WithName("officialaccount"), s.wake.account)
	metrics, err := wechat.NewMetrics(s.Metrics)
	if err != nil {
		return fmt.Errorf("registering the metrics of the WeChat client: %w", err)
	}
	d.clients = officialaccount.NewClients(1.0/journal.Partitions, d.shared.Tokens, func(options wechat.Options) (*wechat.Client, error) {
		options.Clock, options.Metrics, options.Logger = s.Clock, metrics, s.Log.WithName("wechat")
		return wechat.New(options)
	})
	if err := s.assembleRelay(); err != nil {
		return err
	}
	d.reconciler = officialaccount.New(officialaccount.Config{
		Client: s.mgr.GetClient(), Secrets: s.references, Consent: s.consent(), Directory: d.accounts, Clients: d.clients,
		Handshake: d.shared.Handshake, Traffic: s.traffic, Served: d.relay.Served,
		Clock: s.Clock, Log: s.Log.WithName("officialaccount"), Elected: s.elected,
	})
	return nil
}

func (s *system) assembleRelay() error {
	d := &s.desk
	metrics, err := relay.NewMetrics(s.Metrics)
	if err != nil {
		return fmt.Errorf("registering the metrics of the relay: %w", err)
	}
	d.fetcher = media.NewFetcher(s.LocalMedia)
	d.relay, err = relay.New(relay.Config{
		Log: d.log, Member: s.Member, Letters: d.letters, Accounts: d.accounts,
		Application: func(account *officialaccount.Account) *im.Client {
			if app := s.directory.App(account.App); app != nil {
				return app.Client
			}
			return nil
		},
		Link: func(account *officialaccount.Account, mediaID string, until time.Time) string {
			path := media.Link(account, mediaID, until)
			if s.PublicURL == "" || path == "" {
				return ""
			}
			return s.PublicURL + path
		},
		Files: d.fetcher, Changed: s.wake.tally,
		Doubt: func(uid string) {
			d.reconciler.Doubt(uid)
			s.wake.account(uid)
		},
		OnOwnership: func(_, _ []int) {
			owned := 0
			for partition := range journal.Partitions {
				if d.relay.Owns(partition) {
					owned++
				}
			}
			d.clients.SetShare(float64(max(owned, 1)) / journal.Partitions)
		},
		Clock: s.Clock, Logger: s.Log.WithName("relay"), Metrics: metrics,
	})
	return err
}

// traffic of an account, with the dead letters that are kept.
func (s *system) traffic(ctx context.Context, uid string) (officialaccount.Traffic, error) {
	all := s.desk.relay.Traffic(uid)
	if err := s.desk.log.Ready(); err != nil {
		return all, err
	}
	kept, err := s.desk.letters.Count(ctx, uid)
	if err != nil {
		return all, err
	}
	all.DeadLetters = int32(min(kept, 1<<30))
	return all, nil
}

// serveDesk adds what WeChat and agents call.
func (s *system) serveDesk(mux *http.ServeMux) error {
	d := &s.desk
	metrics, err := webhookwechat.NewMetrics(s.Metrics)
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	pushes, err := webhookwechat.New(webhookwechat.Options{
		Directory: d.accounts, Acceptor: d.relay, Observer: d.shared, Clock: s.Clock, Metrics: metrics, Random: rand.Reader, Log: s.Log.WithName("wechat"),
	})
	if err != nil {
		return err
	}
	files, err := media.NewHandler(d.accounts, s.Clock, s.Log.WithName("media"), s.Metrics)
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	mux.Handle(webhookwechat.Route, pushes)
	mux.Handle(media.Route, files)
	return nil
}

// runDesk passes messages on until ctx ends.
func (s *system) runDesk(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { s.desk.shared.Run(ctx) })
	defer running.Wait()
	return s.desk.relay.Run(ctx)
}

// closeDesk takes down what runs outside of runDesk.
func (s *system) closeDesk() {
	if s.desk.clients != nil {
		s.desk.clients.Close()
	}
	if s.desk.fetcher != nil {
		s.desk.fetcher.Close()
	}
}

// addDeskController adds the reconciler of WeChatOfficialAccounts.
func (s *system) addDeskController() error {
	accounts := func() client.ObjectList { return &imv1alpha1.WeChatOfficialAccountList{} }
	b := ctrl.NewControllerManagedBy(s.mgr).Named("liveroom-webhook-wechatofficialaccount").
		For(&imv1alpha1.WeChatOfficialAccount{}, builder.WithPredicates(wishes())).
		WatchesMetadata(metadataOf("Secret"), s.all(accounts, usesSecret)).
		Watches(&imv1alpha1.ImApp{}, s.all(accounts, nil), builder.WithPredicates(appNews())).
		Watches(&imv1alpha1.ImAccount{}, s.all(accounts, nil), builder.WithPredicates(agentNews())).
		Watches(&imv1alpha1.WeChatOfficialAccount{}, s.all(accounts, nil), builder.WithPredicates(arrivals())).
		WatchesRawSource(source.Channel(s.wake.accounts, s.oneOrAll(accounts))).
		WithOptions(s.single())
	return s.watchNamespaces(b, accounts).Complete(s.desk.reconciler)
}

// account wakes the WeChatOfficialAccount with a UID at once, tally when its
// numbers may be written again.
func (w wakeups) account(uid string) { tell(w.uids, uid) }
func (w wakeups) tally(uid string)   { tell(w.tallies, uid) }

// tell does not block: what finds no room comes again with the next news.
func tell(channel chan string, uid string) {
	select {
	case channel <- uid:
	default:
	}
}

// numbersPause is how often numbers alone make an account be looked at.
const numbersPause = 5 * time.Second

// wakeAccounts finds the names of the accounts that are to be looked at.
func (s *system) wakeAccounts(ctx context.Context) {
	slow := map[string]bool{}
	ticker := s.Clock.NewTicker(numbersPause)
	defer ticker.Stop()
	wake := func(uid string) {
		if account := s.desk.accounts.ByUID(uid); account != nil {
			named := &imv1alpha1.WeChatOfficialAccount{ObjectMeta: metav1.ObjectMeta{Namespace: account.Key.Namespace, Name: account.Key.Name}}
			select {
			case s.wake.accounts <- event.GenericEvent{Object: named}:
			case <-ctx.Done():
			}
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case uid := <-s.wake.uids:
			wake(uid)
		case uid := <-s.wake.tallies:
			slow[uid] = true
		case <-ticker.C():
			for uid := range slow {
				wake(uid)
			}
			clear(slow)
		}
	}
}

func usesSecret(obj, secret client.Object) bool {
	account, ok := obj.(*imv1alpha1.WeChatOfficialAccount)
	return ok && account.Namespace == secret.GetNamespace() && account.Spec.CredentialsSecretRef.Name == secret.GetName()
}

// agentNews passes what makes an agent: that IM has the account, its labels, and
// whether somebody is there.
func agentNews() predicate.Predicate {
	standing := func(obj client.Object) (known bool, presence imv1alpha1.PresenceState) {
		account, ok := obj.(*imv1alpha1.ImAccount)
		if !ok {
			return false, ""
		}
		if account.Status.Presence != nil {
			presence = account.Status.Presence.State
		}
		return account.Known(), presence
	}
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}, predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		known, presence := standing(e.ObjectOld)
		knownNow, presenceNow := standing(e.ObjectNew)
		return known != knownNow || presence != presenceNow
	}})
}

// arrivals passes accounts that come and go: of several for one appID the oldest is
// served.
func arrivals() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }}
}
