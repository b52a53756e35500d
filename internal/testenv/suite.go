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

package testenv

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Run is the body of TestMain: it starts the environments side by side, runs the
// tests and stops the environments again, also when the run is interrupted,
// since the control plane's processes would outlive it. It returns the exit code
// for os.Exit.
func Run(m *testing.M, environments ...*Environment) int {
	// controller-runtime complains with a stack when no logger was ever set. A
	// suite that wants its log sets another one.
	ctrl.SetLogger(logr.Discard())

	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	finished := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-interrupts:
			stopAll(environments)
			os.Exit(1)
		case <-finished:
		}
	})
	defer func() {
		signal.Stop(interrupts)
		close(finished)
		watcher.Wait()
	}()

	code := 1
	if startAll(environments) {
		code = m.Run()
	}
	if !stopAll(environments) && code == 0 {
		code = 1
	}
	return code
}

func startAll(environments []*Environment) (ok bool) {
	return each(environments, "starting", (*Environment).Start)
}

func stopAll(environments []*Environment) (ok bool) {
	return each(environments, "stopping", (*Environment).Stop)
}

// each does one thing to all environments at once: most of the time goes into
// waiting for processes.
func each(environments []*Environment, what string, do func(*Environment) error) (ok bool) {
	failures := make([]error, len(environments))
	var all sync.WaitGroup
	for index, environment := range environments {
		all.Go(func() { failures[index] = do(environment) })
	}
	all.Wait()
	ok = true
	for _, err := range failures {
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s the control plane: %v\n", what, err)
			ok = false
		}
	}
	return ok
}
