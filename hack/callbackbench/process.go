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
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/liveroom-io/liveroom-operator/hack/measure"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
)

const (
	startPatience = time.Minute
	stopPatience  = 30 * time.Second
	pollEvery     = 10 * time.Millisecond
)

// process is a running server.
type process struct {
	command *exec.Cmd
	url     string // of callbacks
	// profiles is where a processor profile can be had, if it was asked for.
	profiles string
	log      string
	ended    chan struct{}
	err      error // once ended
}

// webhook starts the webhook on a journal and waits until it is ready.
func (b *bench) webhook(ctx context.Context, journal string) (*process, error) {
	callbacks, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	probes, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	arguments := []string{
		"webhook", "--kubeconfig=" + b.kubeconfig, "--webhook-bind-address=" + callbacks,
		"--metrics-bind-address=0", "--admin-bind-address=0", "--health-probe-bind-address=" + probes, "--journal-dir=" + filepath.Join(b.folder, journal),
		"--member=bench", "--drain=0",
	}
	var profiles string
	if b.profile != "" {
		if profiles, err = freeAddress(ctx); err != nil {
			return nil, err
		}
		arguments = append(arguments, "--pprof-bind-address="+profiles)
	}
	p, err := b.spawn(ctx, "webhook", b.binary, arguments...)
	if err != nil {
		return nil, err
	}
	p.url, p.profiles = "http://"+callbacks+webhookim.Path([]byte(token), namespace, "app"), "http://"+profiles+"/debug/pprof/profile"
	return p, p.await(ctx, "http://"+probes+"/readyz")
}

// bare starts the handler that throughput is compared with.
func (b *bench) bare(ctx context.Context) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	p, err := b.spawn(ctx, "bare", self, bareCommand, address)
	if err != nil {
		return nil, err
	}
	p.url = "http://" + address + webhookim.Path([]byte(token), namespace, "app")
	return p, p.await(ctx, "http://"+address+"/readyz")
}

func (b *bench) spawn(ctx context.Context, name, path string, arguments ...string) (*process, error) {
	output, err := os.CreateTemp(b.folder, name+"-*.log")
	if err != nil {
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	command := exec.CommandContext(context.WithoutCancel(ctx), path, arguments...)
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", name, err), output.Close())
	}
	p := &process{command: command, log: output.Name(), ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		p.err = errors.Join(command.Wait(), output.Close())
	}()
	return p, nil
}

// await waits until a probe succeeds.
func (p *process) await(ctx context.Context, probe string) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, probe, http.NoBody)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.ended:
			return fmt.Errorf("the process has ended: %w\n%s", p.err, measure.Tail(p.log))
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("not ready: %w\n%s", ctx.Err(), measure.Tail(p.log)), p.kill())
		case <-time.After(pollEvery):
		}
	}
}

// stop ends the process as Kubernetes would, and returns its largest memory.
func (p *process) stop() (int64, error) {
	memory := measure.PeakMemory(p.command.Process.Pid)
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return memory, err
	}
	select {
	case <-p.ended:
		if p.err != nil {
			return memory, fmt.Errorf("the process ended badly: %w\n%s", p.err, measure.Tail(p.log))
		}
		return memory, nil
	case <-time.After(stopPatience):
		return memory, errors.Join(errors.New("the process did not stop in time"), p.kill())
	}
}

// kill ends the process without a chance to do anything.
func (p *process) kill() error {
	err := p.command.Process.Kill()
	<-p.ended
	return err
}

// freeAddress is one that was free a moment ago.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	address := listener.Addr().String()
	return address, listener.Close()
}

// bareCommand makes this program serve the bare handler.
const bareCommand = "bare"

// serveBare answers callbacks after parsing them, and does nothing else.
func serveBare(address string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/", parseOnly)
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 2 * time.Second}
	if err := server.ListenAndServe(); err != nil && !strings.Contains(err.Error(), "closed") {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
