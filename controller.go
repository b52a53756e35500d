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
	"flag"
	"fmt"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/liveroom-io/liveroom-operator/controllers"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

type controllerFlags struct {
	leaderElect     bool
	leaderNamespace string
	metricsAddress  string
	probeAddress    string
	namespaces      []string
	workers         int
	webhookShare    int
	logLevel        int
}

func controllerCommand() *cobra.Command {
	var flags controllerFlags
	command := &cobra.Command{
		Use:   "controller",
		Short: "Run the controllers that keep IM as declared",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return runController(flags) },
	}
	set := command.Flags()
	set.BoolVar(&flags.leaderElect, "leader-elect", false, "let one of several replicas work, the others stand by with warm caches")
	set.StringVar(&flags.leaderNamespace, "leader-elect-namespace", "", "namespace of the lease; absent means the pod's own")
	set.StringVar(&flags.metricsAddress, "metrics-bind-address", ":8080", "address of the metrics endpoint; 0 for none")
	set.StringVar(&flags.probeAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 for none")
	set.StringSliceVar(&flags.namespaces, "namespaces", nil, "namespaces to watch; absent means all")
	set.IntVar(&flags.workers, "workers", 0, "objects of one kind handled at once; 0 means the default")
	set.IntVar(&flags.webhookShare, "webhook-share-percent", im.DefaultWebhookPercent,
		"part of the rate limits of IM calls that both processes make which is left to the webhook, 1 to 99; give both the same")
	set.IntVar(&flags.logLevel, "log-level", 0, "0 logs changes only; higher levels say more")
	set.AddGoFlagSet(flag.CommandLine) // --kubeconfig
	return command
}

func runController(flags controllerFlags) error {
	if flags.webhookShare < 1 || flags.webhookShare > 99 {
		return fmt.Errorf("--webhook-share-percent is %d: it must be 1 to 99", flags.webhookShare)
	}
	newLogger(flags.logLevel)
	restConfig, err := clusterConfig()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(restConfig, managerOptions(flags))
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the readiness check: %w", err)
	}
	ctx := ctrl.SetupSignalHandler()
	if err := controllers.Setup(ctx, mgr, controllers.Options{
		Workers: flags.workers, Namespaces: flags.namespaces, Metrics: metrics.Registry,
		WebhookSharePercent: flags.webhookShare,
	}); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func managerOptions(flags controllerFlags) ctrl.Options {
	options := controllers.ManagerOptions(newScheme(), flags.namespaces...)
	options.Metrics = metricsserver.Options{BindAddress: flags.metricsAddress}
	options.HealthProbeBindAddress = flags.probeAddress
	options.LeaderElection = flags.leaderElect
	options.LeaderElectionID = controllers.LeaseName
	options.LeaderElectionNamespace = flags.leaderNamespace
	options.LeaderElectionReleaseOnCancel = true
	return options
}
