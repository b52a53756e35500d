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

// Package webhook receives what providers call back, counts it in a journal,
// and reports it in the status of the resources that it is about.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/consent"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
	"github.com/liveroom-io/liveroom-operator/webhook/application"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/level"
	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
	"github.com/liveroom-io/liveroom-operator/webhook/policy"
	"github.com/liveroom-io/liveroom-operator/webhook/projection"
)

// Options of the webhook.
type Options struct {
	// Address to take calls on.
	Address string
	// Member is this pod's name among the replicas; unique.
	Member string
	// Journal says where events are kept. Log, Registerer and Clock are filled in.
	Journal journal.Options
	// Namespaces are those that are watched; none means all.
	Namespaces []string
	// Proxies are the addresses whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// SharePercent is the webhook's part of the commands that it shares with the
	// controllers.
	SharePercent int
	// Drain is how long calls are still taken after readiness has gone.
	Drain time.Duration
	// CountEvery is how often the audience of an active room is counted. 0 means
	// every minute.
	CountEvery time.Duration
	// Metrics receives all metrics. Nil keeps none.
	Metrics prometheus.Registerer
	// PublicURL is where the webhook is reached from outside, without a path: agents
	// open files of customers there. Empty: they cannot.
	PublicURL string
	// AdminAddress is where dead letters are listed, replayed and dropped, on the
	// loopback. Empty for nowhere.
	AdminAddress string
	// LocalMedia fetches files of agents from any address and over plain HTTP, as
	// simulators need it.
	LocalMedia bool
	// SkipNameValidation allows several managers in one process, in tests.
	SkipNameValidation bool
	// Clock of the cluster. Nil means the system's.
	Clock clock.WithTicker
	Log   logr.Logger
}

// system is what the parts share.
type system struct {
	Options
	mgr        ctrl.Manager
	references *reference.Reader
	directory  *directory.Directory
	policies   *policy.Set
	journal    *journal.Journal
	owner      *journal.Owner
	clients    *application.Clients
	projector  *projection.Projector
	writer     *level.Writer
	wake       wakeups
	// turn says that ownership has changed.
	turn chan struct{}

	desk         desk
	streams      streams
	applications *application.Reconciler
	moderation   *policy.ModerationReconciler
	levels       *policy.LevelReconciler
	handler      *webhookim.Handler
	server       *server
	admin        *server
	arrived      []func() bool
}

// Run opens the journal, waits until everything that callbacks are judged by is
// known, and takes callbacks until ctx ends; then it stops in an order that
// loses nothing: no more calls, the last events counted, the journal closed.
// ready is told the address once calls are taken; it may be nil.
func Run(ctx context.Context, mgr ctrl.Manager, options Options, ready func(address string)) (err error) {
	s, err := newSystem(ctx, mgr, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	// Each of these outlives the one that needs it.
	inner, stopInner := context.WithCancel(context.WithoutCancel(ctx))
	defer stopInner()
	group, inner := errgroup.WithContext(inner)
	group.Go(func() error { return s.mgr.Start(inner) })
	if err := s.sync(ctx, inner); err != nil {
		stopInner()
		return errors.Join(err, group.Wait())
	}
	group.Go(func() error { return s.owner.Run(inner) })
	group.Go(func() error { return s.writer.Run(inner) })
	group.Go(func() error { return s.project(inner) })
	group.Go(func() error { return s.runDesk(inner) })
	group.Go(func() error { return s.runStreams(inner) })
	group.Go(func() error { s.wakeAccounts(inner); return nil })
	group.Go(s.server.serve)
	if s.admin != nil {
		group.Go(s.admin.serve)
	}
	if ready != nil {
		ready(s.server.listener.Addr().String())
	}
	select {
	case <-ctx.Done():
	case <-inner.Done(): // something failed
	}
	stopped := errors.Join(s.server.stop(s.Clock.After(s.Drain)), s.stopAdmin())
	stopInner()
	return errors.Join(stopped, group.Wait())
}

// newSystem makes all parts. Nothing of it runs yet, apart from the journal.
func newSystem(ctx context.Context, mgr ctrl.Manager, options Options) (*system, error) {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	if options.Metrics == nil {
		options.Metrics = prometheus.NewRegistry()
	}
	s := &system{Options: options, mgr: mgr, directory: directory.New(), policies: policy.NewSet(), wake: newWakeups(), turn: make(chan struct{}, 1)}
	var err error
	if s.references, err = reference.NewReader(mgr.GetClient(), mgr.GetAPIReader()); err != nil {
		return nil, err
	}
	if err := s.connect(); err != nil {
		return nil, err
	}
	if s.journal, err = journal.Open(ctx, s.Options.journal()); err != nil {
		return nil, err
	}
	if err := s.assemble(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// journal completes the options of the journal.
func (o *Options) journal() journal.Options {
	options := o.Journal
	options.Log, options.Registerer, options.Clock = o.Log.WithName("journal"), o.Metrics, o.Clock
	// Callers wait for it, and give up.
	options.AppendTimeout = webhookim.Patience
	return options
}

// connect prepares the clients of IM.
func (s *system) connect() error {
	metrics, err := im.NewMetrics(s.Metrics)
	if err != nil {
		return fmt.Errorf("registering the metrics of the IM client: %w", err)
	}
	s.clients = application.NewClients(s.references, func(config im.Config) (*im.Client, error) {
		config.Metrics, config.Process, config.WebhookPercent = metrics, im.ProcessWebhook, s.SharePercent
		return im.New(config)
	})
	return nil
}

// assemble makes the parts that work with the journal.
func (s *system) assemble(ctx context.Context) error {
	writerMetrics, err := level.NewMetrics(s.Metrics)
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	s.writer = level.NewWriter(level.WriterConfig{
		Directory: s.directory, Policies: s.policies, Clock: s.Clock, Log: s.Log.WithName("level"), Metrics: writerMetrics,
		Change: s.changeUser, Rescan: s.rescan, OnTrouble: func() { poke(s.wake.levels, &imv1alpha1.UserLevelPolicy{}) },
	})
	machine := fold.New(s.Log.WithName("fold"), s.writer.Review)
	if s.owner, err = journal.NewOwner(s.journal, s.Member, machine, ownerOptions(s.ownership)); err != nil {
		return err
	}
	if err := s.assembleStreams(ctx); err != nil {
		return err
	}
	projectionMetrics, err := projection.NewMetrics(s.Metrics)
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	s.projector = projection.New(projection.Config{
		Client: s.mgr.GetClient(), Directory: s.directory,
		Values: func() projection.Values { return s.references.View() }, Watch: s.journal.Watch, Append: s.journal.Append,
		Streams:    s.streams.log,
		CountEvery: s.CountEvery,
		HeardOf: func(sdkAppID int64) {
			if app := s.directory.BySDKAppID(sdkAppID); app != nil {
				s.wake.app(app.Key)
			}
		},
		Clock: s.Clock, Log: s.Log.WithName("projection"), Metrics: projectionMetrics,
	})
	s.reconcilers()
	if err := s.assembleDesk(ctx); err != nil {
		return err
	}
	if err := s.addControllers(); err != nil {
		return fmt.Errorf("adding controllers: %w", err)
	}
	if s.arrived, err = feed(ctx, s.mgr.GetCache(), s.directory, func() { poke(s.wake.levels, &imv1alpha1.UserLevelPolicy{}) }, s.projector); err != nil {
		return err
	}
	return s.serveCallbacks(ctx)
}

// consent decides by labels only where all namespaces are watched.
func (s *system) consent() consent.Policy {
	if len(s.Namespaces) > 0 {
		return consent.Policy{}
	}
	return consent.Policy{Namespaces: s.mgr.GetClient()}
}

func (s *system) reconcilers() {
	s.applications = application.New(application.Config{
		Client: s.mgr.GetClient(), Secrets: s.references, Directory: s.directory, Clients: s.clients,
		Clock: s.Clock, Log: s.Log.WithName("application"),
		Elected: s.elected, LastHeard: s.projector.LastHeard, StreamsHeard: s.streamsHeard, Heard: s.wake.app,
	})
	config := policy.Config{
		Client: s.mgr.GetClient(), References: s.references, Set: s.policies, Log: s.Log.WithName("policy"),
		Elected: s.elected, Declares: s.directory.Declaring, Trouble: s.writer.Trouble, Consent: s.consent(),
	}
	s.moderation, s.levels = &policy.ModerationReconciler{Config: config}, &policy.LevelReconciler{Config: config}
}

// serveCallbacks opens the port. Nothing is answered before Run serves.
func (s *system) serveCallbacks(ctx context.Context) error {
	metrics, err := webhookim.NewMetrics(s.Metrics)
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	s.handler = webhookim.New(webhookim.Handler{
		Directory: s.directory, Policies: s.policies, Limiter: moderation.NewLimiter(), Journal: s.journal,
		Clock: s.Clock, Metrics: metrics, Log: s.Log.WithName("im"), Proxies: s.Proxies, Relay: s.desk.relay,
	})
	mux := http.NewServeMux()
	mux.Handle(webhookim.Route, s.handler)
	if err := s.serveDesk(mux); err != nil {
		return err
	}
	if err := s.serveUserSigs(mux); err != nil {
		return fmt.Errorf("making the UserSig service: %w", err)
	}
	if err := s.serveStreams(mux); err != nil {
		return err
	}
	mux.HandleFunc("/", s.handler.Unknown)
	if s.server, err = listen(ctx, s.Address, mux); err != nil {
		return err
	}
	if err := s.serveAdmin(ctx); err != nil {
		return fmt.Errorf("opening the port of the administration: %w", err)
	}
	// Trouble with the journal does not end readiness: messages are moderated
	// without it, and IM tries again what it refuses. It shows here.
	err = s.Metrics.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "liveroom_webhook_journal_ready", Help: "1 while the journal takes events and stores states.",
	}, func() float64 {
		if s.journal.Ready() != nil || s.desk.log.Ready() != nil || s.streams.log.Ready() != nil {
			return 0
		}
		return 1
	}))
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	return s.mgr.AddReadyzCheck("serving", s.server.check)
}

// sync waits until the caches, the directory and the policies are complete: a
// message that comes before its policy would pass.
func (s *system) sync(ctx, inner context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(inner, cancel)()
	if !s.mgr.GetCache().WaitForCacheSync(ctx) {
		return errors.New("the caches did not fill")
	}
	for _, arrived := range s.arrived {
		for !arrived() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-s.Clock.After(10 * time.Millisecond):
			}
		}
	}
	for _, kind := range []struct {
		list       client.ObjectList
		reconciler reconcile.Reconciler
	}{
		{&imv1alpha1.ImAppList{}, s.applications},
		{&imv1alpha1.ModerationPolicyList{}, s.moderation},
		{&imv1alpha1.UserLevelPolicyList{}, s.levels},
		{&imv1alpha1.WeChatOfficialAccountList{}, s.desk.reconciler},
	} {
		for _, request := range s.requests(ctx, kind.list, func(client.Object) bool { return true }) {
			if err := s.first(ctx, kind.reconciler, request); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// first looks at an object until that works.
func (s *system) first(ctx context.Context, reconciler reconcile.Reconciler, request reconcile.Request) error {
	for {
		_, err := reconciler.Reconcile(ctx, request)
		if err == nil {
			return nil
		}
		s.Log.Error(err, "A first look failed; nothing is taken before it works", "object", request.String())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Clock.After(firstRetry):
		}
	}
}

// firstRetry is the pause before another first look.
const firstRetry = time.Second

// close takes down what runs outside of Run.
func (s *system) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if s.clients != nil {
		s.clients.Close()
	}
	s.closeDesk()
	for _, server := range []*server{s.server, s.admin} {
		if server != nil {
			_ = server.listener.Close()
		}
	}
	if s.journal == nil {
		return nil
	}
	return s.journal.Close(ctx)
}
