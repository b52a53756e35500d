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

package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// maxHeaderBytes of a request: IM sends a few hundred.
	maxHeaderBytes = 16 << 10
	// readTimeout bounds a request with its head: IM gives up after 2 s.
	readTimeout = 5 * time.Second
	// writeTimeout bounds the answer as well.
	writeTimeout = 10 * time.Second
	// idleTimeout is longer than that of common load balancers, which would
	// otherwise send into connections that are being closed.
	idleTimeout = 120 * time.Second
	// shutdownTimeout bounds the calls under way when the process ends.
	shutdownTimeout = 5 * time.Second
)

// server takes calls from outside.
type server struct {
	http     *http.Server
	listener net.Listener
	ready    atomic.Bool
}

// listen opens the port.
func listen(ctx context.Context, address string, handler http.Handler) (*server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return &server{listener: listener, http: &http.Server{
		Handler: handler, ReadTimeout: readTimeout, ReadHeaderTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}}, nil
}

// serve answers until the server is stopped.
func (s *server) serve() error {
	s.ready.Store(true)
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// stop lets the endpoints know first, then the calls under way finish.
func (s *server) stop(drain <-chan time.Time) error {
	s.ready.Store(false)
	<-drain
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close()
		return fmt.Errorf("calls under way were cut short: %w", err)
	}
	return nil
}

// check is the readiness of the server.
func (s *server) check(*http.Request) error {
	if !s.ready.Load() {
		return errors.New("not serving")
	}
	return nil
}
