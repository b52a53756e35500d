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

package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"k8s.io/utils/clock"
)

// External is a NATS server, or a cluster of them, with JetStream.
type External struct {
	// URL of one or more servers, separated by commas.
	URL string
	// CredentialsFile authenticates, if set.
	CredentialsFile string
	// CAFile verifies the servers' certificates, if set.
	CAFile string
	// CertFile and KeyFile are this client's certificate, if set.
	CertFile, KeyFile string
	// Replicas of each stream. 0 means 3; use 1 for a single server.
	Replicas int
}

// connectRetry is the pause between attempts to connect for the first time.
const connectRetry = 500 * time.Millisecond

func connectExternal(ctx context.Context, external *External, clk clock.Clock, options []nats.Option) (*nats.Conn, error) {
	if external.URL == "" {
		return nil, errors.New("the external server has no URL")
	}
	if (external.CertFile == "") != (external.KeyFile == "") {
		return nil, errors.New("a client certificate needs both its file and the file of its key")
	}
	if external.CredentialsFile != "" {
		options = append(options, nats.UserCredentials(external.CredentialsFile))
	}
	if external.CAFile != "" {
		options = append(options, nats.RootCAs(external.CAFile))
	}
	if external.CertFile != "" {
		options = append(options, nats.ClientCert(external.CertFile, external.KeyFile))
	}
	for {
		conn, err := nats.Connect(external.URL, options...)
		if err == nil {
			return conn, nil
		}
		// A server that is not there yet may come; files and credentials that are wrong stay so.
		if !errors.Is(err, nats.ErrNoServers) && !errors.Is(err, nats.ErrTimeout) {
			return nil, fmt.Errorf("connecting to the external server: %w", err)
		}
		if sleep(ctx, clk, connectRetry) != nil {
			return nil, fmt.Errorf("connecting to the external server: %w", err)
		}
	}
}

// sleep waits on the clock, or less long when ctx ends.
func sleep(ctx context.Context, clk clock.Clock, d time.Duration) error {
	timer := clk.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C():
		return nil
	}
}
