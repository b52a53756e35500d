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
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// The commands that make this program one of its own children.
const (
	bareCommand = "bare"
	podCommand  = "pod"
)

// podSettings tell a child what it is to be. The bare handler needs the addresses
// alone.
type podSettings struct {
	// Address of what is measured, Probes of readiness, figures and profiles.
	Address, Probes string
	// Directory of the journal.
	Directory string
	// IM and WeChat are where the providers answer.
	IM, WeChat string
	// Unlimited lifts the limits of calls to IM.
	Unlimited bool
	// Transferring is what a customer is told at the beginning of a session; "" is
	// nothing.
	Transferring string
}

// serveBare is the process of the handler that acceptance is compared with.
func serveBare(argument string) int {
	return child(argument, func(_ context.Context, _ podSettings) (http.Handler, http.Handler, func() error, error) {
		ready := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		return http.HandlerFunc(parseOnly), ready, func() error { return nil }, nil
	})
}

// sealed is the XML of a push in safe mode.
type sealed struct {
	ToUserName string
	Encrypt    string
}

// parseOnly reads a push and parses its XML, and does nothing else.
func parseOnly(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var push sealed
	if err := xml.Unmarshal(body, &push); err != nil || push.Encrypt == "" {
		http.Error(w, "this is no push", http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, "success")
}

// child serves until it is told to end or the bench is gone. assemble returns the
// handlers of both addresses, and what ends everything behind them.
func child(argument string, assemble func(context.Context, podSettings) (measured, probes http.Handler, end func() error, err error)) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the bench closes it, at the latest by its own end
		cancel()
	}()
	var settings podSettings
	err := json.Unmarshal([]byte(argument), &settings)
	if err == nil {
		err = serveChild(ctx, settings, assemble)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveChild(ctx context.Context, settings podSettings, assemble func(context.Context, podSettings) (measured, probes http.Handler, end func() error, err error)) error {
	measured, probes, end, err := assemble(ctx, settings)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", probes)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	servers := []*http.Server{
		{Addr: settings.Address, Handler: measured, ReadTimeout: 10 * time.Second, ReadHeaderTimeout: 10 * time.Second},
		{Addr: settings.Probes, Handler: mux, ReadHeaderTimeout: 10 * time.Second},
	}
	failed := make(chan error, len(servers))
	for _, server := range servers {
		go func() { failed <- server.ListenAndServe() }()
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, server := range servers {
		err = errors.Join(err, server.Shutdown(closing))
	}
	return errors.Join(err, end())
}
