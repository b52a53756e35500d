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
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// listener is one simulator with the address that it is served at.
type listener struct {
	name    string
	address string
	handler http.Handler
	close   func() // ends what the handler runs in the background
}

// serverFlags are the flags that all simulators share.
type serverFlags struct {
	allowNonLoopback bool
}

func (f *serverFlags) bind(command *cobra.Command) {
	command.Flags().BoolVar(&f.allowNonLoopback, "allow-non-loopback", false,
		"listen on addresses that other machines reach; the side door has no credentials")
}

// serve listens at every address, says so in one line each, and serves until
// the context ends. It then lets calls in flight finish for some seconds.
func (f *serverFlags) serve(ctx context.Context, out io.Writer, listeners []*listener) error {
	if len(listeners) == 0 {
		return fmt.Errorf("nothing to serve")
	}
	defer func() {
		for _, entry := range listeners {
			entry.close()
		}
	}()
	sockets := make([]net.Listener, 0, len(listeners))
	closeAll := func() {
		for _, socket := range sockets {
			_ = socket.Close()
		}
	}
	for _, entry := range listeners {
		socket, err := f.listen(ctx, entry.address)
		if err != nil {
			closeAll()
			return fmt.Errorf("%s: %w", entry.name, err)
		}
		sockets = append(sockets, socket)
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, entry := range listeners {
		server := &http.Server{
			Handler:           entry.handler,
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    32 << 10,
		}
		group.Go(func() error {
			if err := server.Serve(sockets[i]); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("%s: %w", entry.name, err)
			}
			return nil
		})
		group.Go(func() error {
			<-ctx.Done()
			grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := server.Shutdown(grace); err != nil {
				return server.Close()
			}
			return nil
		})
		_, _ = fmt.Fprintf(out, "%s simulator ready at http://%s\n", entry.name, sockets[i].Addr())
	}
	return group.Wait()
}

// listen opens a socket, on the loopback interface unless told otherwise.
func (f *serverFlags) listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	ip := net.ParseIP(host)
	if host != "localhost" && (ip == nil || !ip.IsLoopback()) && !f.allowNonLoopback {
		return nil, fmt.Errorf("address %q is not on the loopback interface; --allow-non-loopback permits it", address)
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}
