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

// Package live is a stateful stand-in for Tencent Cloud's live streaming: the gate
// that hosts of CSS push to, the callbacks about it, playback, TRTC rooms with their
// callbacks and their copies on the CDN, and the cloud API that controls both (live
// contract). It checks every signature with code of its own or of the provider.
//
// The API is at /, a side door at /sim/live/:
//
//	POST   pushes {url}                    a host's encoder connects; 409 with the reason when it is refused
//	DELETE streams/{name}?errcode=N        it stops (1), or the connection ends in another way
//	GET    streams                         who pushes, and what is forbidden
//	GET    plays?url=URL                   200, 403 (signature), 404 (nobody pushes)
//	POST   events {type, stream, fields}   a callback of types 100, 200, 314, 315, 317, 321, 332, 341
//	POST   rooms/enter {roomID, userID, userSig, privateMapKey, streamID, role, publish}
//	POST   rooms/enter {url}               the same with a room:// URL, as the TWebLive component does
//	POST   rooms/leave {roomID, userID, reason}
//	GET    rooms
//	GET    deliveries                      callbacks, with their answers
//	POST   deliveries/{number}             sends one once more, byte by byte
//	PUT    callbacks {css, cssKey, trtc, trtcKey}   what the console's forms say
//	PUT    disorder {wrongSign, expired, duplicate, holdStarts, tabs, roomsAsText}
//	GET    calls                           how often each call of the API came, and what was refused
//	POST   faults {action, times, latency, code, httpStatus, reset}   latency in milliseconds
//	DELETE faults
package live

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options of a simulator. All may be left out, apart from the domains.
type Options struct {
	// PushDomain and PlaybackDomain of the account, and its application (path). Absent
	// means live.
	PushDomain, PlaybackDomain, AppName string
	// AccountAppID is the APPID in callbacks. Absent means 1250000000.
	AccountAppID int64
	// MasterKey and BackupKey of the push domain; push authentication is off without.
	MasterKey, BackupKey string
	// PlaybackKey of the playback domain; playback authentication is off without.
	PlaybackKey string
	// AuthDelta is the validity beside that key.
	AuthDelta time.Duration
	// CSS and TRTC are where callbacks go, and their keys.
	CSS, TRTC Callback
	// Credentials of the API: SecretKeys by SecretId.
	Credentials map[string]string

	// SDKAppID and SecretKey of the TRTC application.
	SDKAppID  int64
	SecretKey string
	// PermissionControl asks everybody for a privateMapKey.
	PermissionControl bool
	// BizID makes TRTC relay what is published to the CDN, as
	// <BizID>.livepush.myqcloud.com. 0 means that it does not.
	BizID int64

	// TimeScale multiplies the gaps between tries of callbacks. 0 means 1.
	TimeScale float64
	// Clock tells the time. Nil means the system's.
	Clock func() time.Time
}

// Callback is where callbacks go, and the key that signs them.
type Callback struct{ URL, Key string }

// Simulator is safe for concurrent use. It must be closed.
type Simulator struct {
	options  Options
	sideDoor http.Handler
	http     *http.Client
	ctx      context.Context //nolint:containedctx // of what runs in the background
	stop     context.CancelFunc
	running  sync.WaitGroup

	mu         sync.Mutex
	closed     bool
	css, trtc  Callback
	streams    map[string]*stream
	rooms      map[int64]*room
	sequence   int64
	disorder   Disorder
	held       []*delivery
	deliveries []*delivery
	calls      map[string]int
	refusals   map[string]int
	faults     []Fault
}

const (
	// firstSequence is a number that does not survive as a floating-point number.
	firstSequence = 6674468118806626493
	// maxDeliveries are remembered, maxStreams and maxRooms exist.
	maxDeliveries = 10_000
	maxStreams    = 10_000
	maxRooms      = 10_000
)

// New returns a simulator.
func New(o Options) *Simulator {
	if o.AppName == "" {
		o.AppName = "live"
	}
	if o.AccountAppID == 0 {
		o.AccountAppID = 1250000000
	}
	if o.TimeScale == 0 {
		o.TimeScale = 1
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	s := &Simulator{
		options: o, css: o.CSS, trtc: o.TRTC, streams: map[string]*stream{}, rooms: map[int64]*room{}, sequence: firstSequence,
		calls: map[string]int{}, refusals: map[string]int{},
		http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
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
	if strings.HasPrefix(r.URL.Path, doorPath) {
		s.sideDoor.ServeHTTP(w, r)
		return
	}
	s.serveAPI(w, r)
}

// SetCallbacks changes where callbacks go.
func (s *Simulator) SetCallbacks(css, trtc Callback) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.css, s.trtc = css, trtc
}

// Calls is how often a call of the API came, refused or not.
func (s *Simulator) Calls(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[action]
}

func (s *Simulator) nextSequence() string {
	s.sequence++
	return strconv.FormatInt(s.sequence, 10)
}

func (s *Simulator) relayDomain() string {
	return strconv.FormatInt(s.options.BizID, 10) + ".livepush.myqcloud.com"
}
