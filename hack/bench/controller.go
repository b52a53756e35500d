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
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/liveroom-io/liveroom-operator/hack/measure"
)

const stopPatience = 30 * time.Second

// controller is a running binary.
type controller struct {
	command  *exec.Cmd
	log      string
	stopping atomic.Bool
	maxRSS   int64 // bytes, known once it was told to stop
	// ended is closed when cpu is known.
	ended chan struct{}
	cpu   time.Duration
}

// start starts the controller. If it ends before it is told to, b.died says so.
func (b *bench) start(ctx context.Context) error {
	output, err := os.CreateTemp(b.folder, "controller-*.log")
	if err != nil {
		return fmt.Errorf("opening a log: %w", err)
	}
	command := exec.CommandContext(context.WithoutCancel(ctx), b.binary, "controller",
		"--kubeconfig="+b.kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=0")
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		return errors.Join(fmt.Errorf("starting the controller: %w", err), output.Close())
	}
	c := &controller{command: command, log: output.Name(), ended: make(chan struct{})}
	b.controller = c
	go func() {
		defer close(c.ended)
		outcome := errors.Join(command.Wait(), output.Close())
		c.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
		if c.stopping.Load() {
			return
		}
		fmt.Fprintf(os.Stderr, "bench: the controller has ended: %v\n%s", outcome, measure.Tail(c.log))
		select {
		case b.died <- struct{}{}:
		default: // nobody has taken notice of an earlier end yet
		}
	}()
	return nil
}

// stop ends the controller as Kubernetes would.
func (c *controller) stop() error {
	if c.stopping.Swap(true) {
		<-c.ended
		return nil
	}
	c.maxRSS = measure.PeakMemory(c.command.Process.Pid)
	if err := c.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping the controller: %w", err)
	}
	select {
	case <-c.ended:
		return nil
	case <-time.After(stopPatience):
		err := c.command.Process.Kill()
		<-c.ended
		return errors.Join(errors.New("the controller did not stop in time"), err)
	}
}

// lines counts the lines of the log from an offset on, and returns its end.
func (c *controller) lines(from int) (count, end int, err error) {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return 0, 0, fmt.Errorf("reading the controller's log: %w", err)
	}
	scanner := bufio.NewScanner(bytes.NewReader(text[min(from, len(text)):]))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		count++
	}
	return count, len(text), scanner.Err()
}
