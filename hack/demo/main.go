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

// Command demo shows the product on one machine, with nothing to install: a
// real API server, a simulated IM, the real controller, and the live-commerce
// samples applied with kubectl.
//
//	go run ./hack/demo          stays up and says what to try
//	go run ./hack/demo --once   checks the outcome and ends
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const (
	// readyTimeout is how long everything may take to become as declared.
	readyTimeout = 2 * time.Minute
	// samples is what the demo applies.
	samples = "config/samples/live-commerce"
	// sampleEndpoint is where the samples look for IM.
	sampleEndpoint = "http://127.0.0.1:18090"
	// namespace of the samples.
	namespace = "live-commerce"
	// secretKey and sdkAppID are those of the samples.
	secretKey = "simulator-only-not-a-real-secret-key"
	sdkAppID  = "1400000001"
	// fieldDelay lets one see how the operator waits for the console.
	fieldDelay = 8 * time.Second
)

func main() {
	once := flag.Bool("once", false, "check the outcome and end, instead of staying up")
	flag.Parse()
	os.Exit(demonstrate(*once))
}

// demonstrate is main without the process: it returns the exit code.
func demonstrate(once bool) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, once)
	if !once && errors.Is(err, context.Canceled) {
		return 0 // Ctrl-C is how it ends
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, once bool) (err error) {
	folder, err := os.MkdirTemp("", "liveroom-demo-")
	if err != nil {
		return fmt.Errorf("making a working folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	heading("Control plane")
	plane, err := startPlane(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plane.stop()) }()

	heading("Building the operator and the simulator")
	programs, err := build(ctx, folder)
	if err != nil {
		return err
	}
	heading("Starting the simulated IM and the controller")
	address, err := freeAddress(strings.TrimPrefix(sampleEndpoint, "http://"))
	if err != nil {
		return err
	}
	applied, err := manifests(folder, "http://"+address)
	if err != nil {
		return err
	}
	simulator, err := start(ctx, folder, programs.simulator, simulatorArguments(address)...)
	if err != nil {
		return err
	}
	defer simulator.stop()
	controller, err := start(ctx, folder, programs.operator, "controller",
		"--kubeconfig="+plane.kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=0")
	if err != nil {
		return err
	}
	defer controller.stop()
	fmt.Printf("simulated IM at http://%s, log of the controller in %s\n", address, controller.log)

	d := demo{plane: plane, endpoint: "http://" + address, manifests: applied, simulator: simulator, controller: controller}
	if err := d.show(ctx); err != nil {
		return errors.Join(err, controller.tail())
	}
	if once {
		return d.check(ctx)
	}
	d.explain()
	select {
	case <-ctx.Done():
		return nil
	case <-simulator.ended:
		return errors.Join(errors.New("the simulator has ended"), simulator.err)
	case <-controller.ended:
		return errors.Join(errors.New("the controller has ended"), controller.err, controller.tail())
	}
}

func heading(text string) { fmt.Printf("\n== %s\n", text) }
