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

package live

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/liveroom-io/liveroom-operator/internal/sim/fault"
)

const (
	// firstSequence is a number that does not survive as a floating-point number.
	firstSequence = 6674468118806626493
	// maxStreams and maxRooms exist at most, and maxUsers are in a room.
	maxStreams = 10_000
	maxRooms   = 10_000
	maxUsers   = 1000
)

// Simulator is safe for concurrent use. It must be closed.
type Simulator struct {
	options  Options
	sideDoor http.Handler
	faults   *fault.Set[calls, apiError]
	http     *http.Client
	ctx      context.Context //nolint:containedctx // of what runs in the background
	stop     context.CancelFunc
	running  sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	css      CSSCallback
	trtc     Callback
	streams  map[string]*stream
	rooms    map[RoomID]*room
	sequence int64
	disorder Disorder
	held     []*delivery
	outbox   outbox
	stats    stats
}

// New returns a simulator.
func New(o Options) *Simulator {
	o = o.withDefaults()
	s := &Simulator{
		options: o, css: o.CSS, trtc: o.TRTC, streams: map[string]*stream{}, rooms: map[RoomID]*room{}, sequence: firstSequence,
		stats:  newStats(),
		faults: fault.NewSet[calls, apiError](rand.New(rand.NewPCG(o.Seed, o.Seed))), //nolint:gosec // tests repeat the numbers
		http: &http.Client{
			Transport:     &http.Transport{MaxConnsPerHost: maxConnections, MaxIdleConnsPerHost: maxConnections},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.sideDoor = s.newSideDoor()
	return s
}

// Close ends callbacks under way. The simulator goes on answering, without them.
func (s *Simulator) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.running.Wait()
	s.http.CloseIdleConnections()
}

// ServeHTTP serves the API and the side door.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, doorPath):
		s.sideDoor.ServeHTTP(w, r)
	case r.URL.Path == "/":
		s.serveAPI(w, r)
	default:
		http.NotFound(w, r)
	}
}

// SetCallbacks changes where callbacks go.
func (s *Simulator) SetCallbacks(css CSSCallback, trtc Callback) {
	s.mu.Lock()
	defer s.mu.Unlock()
	css.URLs = maps.Clone(css.URLs)
	s.css, s.trtc = css, trtc
}

func (s *Simulator) nextSequence() string {
	s.sequence++
	return strconv.FormatInt(s.sequence, 10)
}
