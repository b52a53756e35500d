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
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/liveroom-io/liveroom-operator/hack/measure"
)

const (
	startPatience = time.Minute
	stopPatience  = 30 * time.Second
	pollEvery     = 10 * time.Millisecond
	// maxProfile bounds a profile.
	maxProfile = 64 << 20
)

// process is a running server, which is this program under another command.
type process struct {
	command *exec.Cmd
	url     string // of what is measured, without a path
	probes  string // of readiness, figures and profiles
	log     string
	// lifeline is the process's input: it ends itself when the bench is gone.
	lifeline io.Closer
	ended    chan struct{}
	err      error // once ended
}

// spawn starts a server and waits until it is ready.
func (b *bench) spawn(ctx context.Context, name string, settings podSettings) (*process, error) {
	var err error
	if settings.Address, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	if settings.Probes, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	argument, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	output, err := os.CreateTemp(b.folder, name+"-*.log")
	if err != nil {
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	command := exec.CommandContext(context.WithoutCancel(ctx), self, name, string(argument))
	command.Stdout, command.Stderr = output, output
	lifeline, err := command.StdinPipe()
	if err != nil {
		return nil, errors.Join(err, output.Close())
	}
	if err := command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", name, err), output.Close())
	}
	p := &process{
		command: command, url: "http://" + settings.Address, probes: "http://" + settings.Probes,
		log: output.Name(), lifeline: lifeline, ended: make(chan struct{}),
	}
	go func() {
		defer close(p.ended)
		p.err = errors.Join(command.Wait(), output.Close())
	}()
	return p, p.await(ctx)
}

// await waits until the process is ready.
func (p *process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		if _, err := download(ctx, p.probes+"/readyz"); err == nil {
			return nil
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

// kill ends the process without a chance to do anything; it may have ended.
func (p *process) kill() error {
	err := p.command.Process.Kill()
	<-p.ended
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// usage is the processor time that the process has used.
func (p *process) usage() time.Duration { return measure.ProcessorTime(p.command.Process.Pid) }

// profile takes a processor profile of the next seconds, if profiles are wanted. What
// it returns waits until it is in its file.
func (b *bench) profile(ctx context.Context, p *process, name string, length time.Duration) func() error {
	if b.profiles == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() {
		data, err := download(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", p.probes, max(1, int(length.Seconds()))))
		if err == nil {
			err = os.WriteFile(filepath.Join(b.profiles, name+".pprof"), data, 0o600)
		}
		done <- err
	}()
	return func() error {
		if err := <-done; err != nil {
			return fmt.Errorf("taking a profile: %w", err)
		}
		return nil
	}
}

func download(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxProfile))
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return body, err
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
