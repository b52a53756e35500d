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
	"flag"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // for the time zones of business hours: the image has no files of its own

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/webhook"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

const (
	// defaultMaxBytes of entries, as --journal-max-bytes says.
	defaultMaxBytes = 4 << 30
	// storeMargin is for the states, which may have 2 GiB, for the relay with 3.3, for streams with 0.5, and the rest.
	storeMargin = 6 << 30
)

type webhookFlags struct {
	address        string
	metricsAddress string
	probeAddress   string
	profileAddress string
	adminAddress   string
	namespaces     []string
	member         string
	proxies        []string
	sharePercent   int
	drain          time.Duration
	logLevel       int
	publicURL      string
	localMedia     bool

	directory string
	maxBytes  int64
	external  journal.External
}

func webhookCommand() *cobra.Command {
	var flags webhookFlags
	command := &cobra.Command{
		Use:   "webhook",
		Short: "Take IM's callbacks, moderate, count, and report in status",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return runWebhook(flags) },
	}
	set := command.Flags()
	set.StringVar(&flags.address, "webhook-bind-address", ":8082", "address of the callbacks, as plain HTTP; TLS ends before it")
	set.StringVar(&flags.metricsAddress, "metrics-bind-address", ":8080", "address of the metrics endpoint; 0 for none")
	set.StringVar(&flags.probeAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 for none")
	set.StringVar(&flags.profileAddress, "pprof-bind-address", "", "address of /debug/pprof, for the loopback only: it shows what is in memory; absent for none")
	set.StringVar(&flags.adminAddress, "admin-bind-address", defaultAdminAddress, "address where the command deadletters finds this process, on the loopback only; 0 for none")
	set.StringSliceVar(&flags.namespaces, "namespaces", nil, "namespaces to watch; absent means all")
	set.StringVar(&flags.member, "member", "", "this replica's name, unique among them; absent means the host name")
	set.StringSliceVar(&flags.proxies, "trusted-proxies", nil, "addresses (CIDR) whose X-Forwarded-For is believed; only needed with sourceAddresses: Provider")
	set.IntVar(&flags.sharePercent, "webhook-share-percent", im.DefaultWebhookPercent,
		"part of the rate limits of IM calls that both processes make which is left to the webhook, 1 to 99; give both the same")
	set.DurationVar(&flags.drain, "drain", 5*time.Second, "how long callbacks are still taken after readiness has gone, when the process ends")
	set.StringVar(&flags.publicURL, "public-url", "", "where the webhook is reached from outside, such as https://live.example.com: agents open pictures of WeChat customers there; absent means that they cannot")
	set.BoolVar(&flags.localMedia, "allow-local-media", false, "fetch what agents send from any address, also over plain HTTP; for simulators only")
	set.IntVar(&flags.logLevel, "log-level", 0, "0 logs changes only; higher levels say more")
	set.StringVar(&flags.directory, "journal-dir", "", "directory of the embedded journal; one process at a time")
	set.Int64Var(&flags.maxBytes, "journal-max-bytes", 0, "bytes of events that the journal keeps until they are counted; 0 for the default of 4 GiB")
	set.StringVar(&flags.external.URL, "nats-url", "", "use the NATS servers at these URLs in place of the embedded journal")
	set.StringVar(&flags.external.CredentialsFile, "nats-credentials", "", "file with credentials for them")
	set.StringVar(&flags.external.CAFile, "nats-ca", "", "file with the certificates that verify theirs")
	set.StringVar(&flags.external.CertFile, "nats-cert", "", "file with the client certificate")
	set.StringVar(&flags.external.KeyFile, "nats-key", "", "file with its key")
	set.IntVar(&flags.external.Replicas, "nats-replicas", 0, "copies of everything that they keep; 0 for the default of 3")
	command.MarkFlagsMutuallyExclusive("journal-dir", "nats-url")
	command.MarkFlagsOneRequired("journal-dir", "nats-url")
	set.AddGoFlagSet(flag.CommandLine) // --kubeconfig
	return command
}

func runWebhook(flags webhookFlags) error {
	logger := newLogger(flags.logLevel)
	restConfig, err := clusterConfig()
	if err != nil {
		return err
	}
	options, err := flags.options()
	if err != nil {
		return err
	}
	options.Log = logger
	managerOptions := webhook.ManagerOptions(newScheme(), flags.namespaces...)
	managerOptions.Metrics = metricsserver.Options{BindAddress: flags.metricsAddress}
	managerOptions.HealthProbeBindAddress, managerOptions.PprofBindAddress = flags.probeAddress, flags.profileAddress
	mgr, err := ctrl.NewManager(restConfig, managerOptions)
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	ctx := ctrl.SetupSignalHandler()
	go boundMemory(ctx, clock.RealClock{})
	err = webhook.Run(ctx, mgr, options, func(address string) {
		logger.Info("Taking callbacks", "address", address)
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// options checks the flags and turns them into options.
func (f webhookFlags) options() (webhook.Options, error) {
	options := webhook.Options{
		Address: f.address, Member: f.member, Namespaces: f.namespaces, SharePercent: f.sharePercent, Drain: f.drain,
		PublicURL: strings.TrimSuffix(f.publicURL, "/"), LocalMedia: f.localMedia,
		Metrics: metrics.Registry, Journal: journal.Options{Events: journal.EventLimits{MaxBytes: f.maxBytes}},
	}
	if f.external.URL != "" {
		options.Journal.External = &f.external
	} else {
		// Room for the entries and the states, and for what the server keeps beside them.
		options.Journal.Embedded = &journal.Embedded{Dir: f.directory, MaxStoreBytes: max(f.maxBytes, defaultMaxBytes) + storeMargin}
	}
	if f.sharePercent < 1 || f.sharePercent > 99 {
		return options, fmt.Errorf("--webhook-share-percent is %d: it must be 1 to 99", f.sharePercent)
	}
	if f.adminAddress != "" && f.adminAddress != "0" {
		if err := webhook.CheckAdminAddress(f.adminAddress); err != nil {
			return options, fmt.Errorf("--admin-bind-address: %w", err)
		}
		options.AdminAddress = f.adminAddress
	}
	if public, err := url.Parse(options.PublicURL); f.publicURL != "" && (err != nil || public.Host == "" || public.Scheme != "https" && public.Scheme != "http" || public.RawQuery != "") {
		return options, fmt.Errorf("--public-url is %q: it must be https:// and a host", f.publicURL)
	}
	if f.maxBytes < 0 || f.drain < 0 {
		return options, errors.New("--journal-max-bytes and --drain must not be negative")
	}
	for _, text := range f.proxies {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return options, fmt.Errorf("--trusted-proxies: %q is no CIDR such as 10.0.0.0/8", text)
		}
		options.Proxies = append(options.Proxies, prefix)
	}
	if options.Member == "" {
		name, err := os.Hostname()
		if err != nil {
			return options, fmt.Errorf("finding the host name: %w; set --member", err)
		}
		options.Member = name
	}
	return options, nil
}
