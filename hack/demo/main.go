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
// real API server, a simulated IM, the real controller and webhook, and the
// live-commerce samples applied with kubectl. Then viewers come, chat, swear and
// rise, others change what is declared, and the webhook is killed; every step is
// checked.
//
//	go run ./hack/demo          stays up and says what to try
//	go run ./hack/demo --once   ends after the last step
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
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
	// service is what the demo applies for customer service, wechatEndpoint where that
	// looks for WeChat.
	service        = "config/samples/customer-service"
	wechatEndpoint = "http://127.0.0.1:18091"
	// liveEndpoint is where the samples look for live streaming.
	liveEndpoint = "http://127.0.0.1:18092"
	// namespace of the samples.
	namespace = "live-commerce"
	// secretKey, sdkAppID and callbackToken are those of the samples.
	secretKey     = "simulator-only-not-a-real-secret-key"
	sdkAppID      = "1400000001"
	callbackToken = "simulator-only-not-a-real-token"
	// fieldDelay lets one see how the operator waits for the console.
	fieldDelay = 8 * time.Second
)

func main() {
	once := flag.Bool("once", false, "end after the last step, instead of staying up")
	flag.Parse()
	os.Exit(demonstrate(*once))
}

// demonstrate is main without the process: it returns the exit code.
func demonstrate(once bool) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, once)
	if !once && ctx.Err() != nil {
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
	heading("Starting the simulated IM, the controller and the webhook")
	d := &demo{plane: plane}
	defer d.stop()
	if err := d.start(ctx, folder, programs); err != nil {
		return err
	}
	if err := d.tell(ctx); err != nil {
		return errors.Join(err, d.controller.tail(), d.webhook.process.tail())
	}
	if once {
		return nil
	}
	d.explain()
	select {
	case <-ctx.Done():
		return nil
	case <-d.simulator.ended:
	case <-d.controller.ended:
	case <-d.webhook.process.ended:
	}
	return d.ended()
}

// tell goes through all steps.
func (d *demo) tell(ctx context.Context) error {
	for _, step := range []func(context.Context) error{d.show, d.check, d.connect, d.open, d.serve, d.broadcast, d.survive} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	heading("Check")
	if err := d.checkRooms(ctx); err != nil {
		return err
	}
	fmt.Println("after all that the rooms are as declared")
	return nil
}

func heading(text string) { fmt.Printf("\n== %s\n", text) }
