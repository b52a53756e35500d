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
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Embedded is a server inside this process, with one copy of the data.
type Embedded struct {
	// Dir holds the files. One process may have it at a time.
	Dir string
	// SyncInterval is how long the disk may keep confirmed entries in its cache: a
	// killed process loses nothing, a lost node up to this much. 0 means 1 s.
	SyncInterval time.Duration
	// MaxStoreBytes bounds all files. 0 means 10 GiB. It has to be at least the sum
	// of what the streams may use.
	MaxStoreBytes int64
}

// ErrInUse means that another process has the directory.
var ErrInUse = errors.New("the directory is in use by another process")

const (
	lockFile = "LOCK"
	// startTimeout bounds reading the files at start: some 0.4 s for 400,000 entries.
	startTimeout = 2 * time.Minute
	// maxMemoryStore bounds what ordered readers keep on the server; streams are in files.
	maxMemoryStore = 64 << 20
)

type embeddedServer struct {
	*server.Server

	lock *os.File
}

func startEmbedded(ctx context.Context, options *Embedded, log logr.Logger) (*embeddedServer, error) {
	interval, size := options.SyncInterval, options.MaxStoreBytes
	setDefault(&interval, time.Second)
	setDefault(&size, 10<<30)
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory: %w", err)
	}
	lock, err := lockDirectory(options.Dir)
	if err != nil {
		return nil, err
	}
	ns, err := server.NewServer(&server.Options{
		ServerName:         "journal",
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		StoreDir:           options.Dir,
		SyncInterval:       interval,
		JetStreamMaxStore:  size,
		JetStreamMaxMemory: maxMemoryStore,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("configuring the embedded server: %w", err), lock.Close())
	}
	ns.SetLoggerV2(serverLog{log.WithName("server")}, false, false, false)
	ns.Start()
	s := &embeddedServer{Server: ns, lock: lock}
	limit := startTimeout
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(end))
	}
	if !ns.ReadyForConnections(limit) {
		s.stop()
		return nil, errors.New("the embedded server did not start in time")
	}
	if !ns.JetStreamEnabled() {
		s.stop()
		return nil, errors.New("the embedded server could not open its files")
	}
	return s, nil
}

// lockDirectory keeps a second process out: two servers on the same files would
// both write them. The kernel drops the lock when the process ends, however it
// ends.
func lockDirectory(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	file, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrInUse
		}
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), file.Close())
	}
	return file, nil
}

func (s *embeddedServer) connect(options []nats.Option) (*nats.Conn, error) {
	conn, err := nats.Connect("", append(options, nats.InProcessServer(s.Server))...)
	if err != nil {
		return nil, fmt.Errorf("connecting to the embedded server: %w", err)
	}
	return conn, nil
}

func (s *embeddedServer) stop() {
	s.Shutdown()
	s.WaitForShutdown()
	// Closing it would unlock it, too, but not while a child that is being started
	// has a copy of the descriptor.
	_ = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN)
	_ = s.lock.Close()
}

// serverLog keeps the server's messages out of the operator's: what it notes at
// start and for each connection is for debugging.
type serverLog struct{ log logr.Logger }

func (l serverLog) Noticef(format string, v ...any) { l.log.V(2).Info(fmt.Sprintf(format, v...)) }
func (l serverLog) Warnf(format string, v ...any)   { l.log.V(1).Info(fmt.Sprintf(format, v...)) }
func (l serverLog) Debugf(format string, v ...any)  { l.log.V(4).Info(fmt.Sprintf(format, v...)) }
func (l serverLog) Tracef(format string, v ...any)  { l.log.V(5).Info(fmt.Sprintf(format, v...)) }

func (l serverLog) Errorf(format string, v ...any) {
	l.log.Error(fmt.Errorf(format, v...), "The embedded server reports an error")
}

func (l serverLog) Fatalf(format string, v ...any) {
	l.log.Error(fmt.Errorf(format, v...), "The embedded server cannot go on")
}
