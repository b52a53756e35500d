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

// Command controlplane finds or makes the real etcd and kube-apiserver that the
// tests and the demo run against, and prints the directory that holds them.
//
// It looks, in this order, at KUBEBUILDER_ASSETS, at its own cache, at the
// binaries that setup-envtest can download, and last builds them from their
// published Go modules, which takes some minutes once. Standard output carries
// the directory and nothing else; progress goes to standard error.
//
// Usage, from anywhere inside the module:
//
//	KUBEBUILDER_ASSETS="$(go run ./hack/controlplane)" go test ./...
//	go run ./hack/controlplane --with-kubectl
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("controlplane", flag.ContinueOnError)
	flags.SetOutput(stderr)
	withKubectl := flags.Bool("with-kubectl", false, "also provide kubectl of the same version")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() != 0 {
		fmt.Fprintf(stderr, "controlplane: unexpected argument %q\n", flags.Arg(0))
		return 2
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	directory, err := provide(ctx, *withKubectl, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "controlplane: %v\n", err)
		return 1
	}
	fmt.Fprintln(stdout, directory)
	return 0
}

// provide wires the resolver to this machine: its environment, its cache
// directory and the checkout that the working directory lies in.
func provide(ctx context.Context, withKubectl bool, stderr io.Writer) (string, error) {
	workingDirectory, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the working directory: %w", err)
	}
	root, err := findCheckout(workingDirectory)
	if err != nil {
		return "", err
	}
	cache, err := cacheDirectory(os.Getenv("LIVEROOM_CACHE_DIR"), os.UserCacheDir)
	if err != nil {
		return "", err
	}

	report := newReporter(stderr)
	steps := resolver{
		assets:   os.Getenv("KUBEBUILDER_ASSETS"),
		cache:    cache,
		binaries: wanted(withKubectl),
		report:   report,
		download: downloader{tools: root.tools(), index: envtestIndex, report: report}.fetch,
		build:    builder{module: root.buildModule(), report: report}.build,
	}
	return steps.resolve(ctx)
}
