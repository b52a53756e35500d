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
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/live"
	"github.com/liveroom-io/liveroom-operator/webhook/stream"
	"github.com/liveroom-io/liveroom-operator/webhook/stream/intake"
	"github.com/liveroom-io/liveroom-operator/webhook/trtc"
)

const (
	// streamLog is the name of the log of what callbacks tell about streams.
	streamLog = "LIVE"
	// streamRepeats is how long a callback may be repeated, by whomever: CSS tries for
	// 12 minutes, and its signatures last for 15 at most; TRTC's are taken for 20.
	streamRepeats = 20 * time.Minute
	// streamLogBytes and streamStateBytes bound the log and the states. An event takes
	// some 300 bytes, a state of a few pushes, files and findings some 2 KB. One that is
	// full of everything has 6; what does not fit any more is refused and tried again.
	streamLogBytes   = 256 << 20
	streamStateBytes = 256 << 20
	// streamFlush is how long a change may be unstored. It is on the way to status.
	streamFlush = 100 * time.Millisecond
	// maxApps bounds the applications of which is remembered that they were heard of.
	maxApps = 10_000
)

// streams is what takes callbacks about streams.
type streams struct {
	log   *journal.Journal
	owner *journal.Owner

	mu    sync.Mutex
	heard map[string]stream.App // by the ImApp's name
}

// assembleStreams makes its parts. Nothing runs yet.
func (s *system) assembleStreams(ctx context.Context) error {
	var err error
	s.streams.heard = map[string]stream.App{}
	s.streams.log, err = s.journal.Join(ctx, journal.JoinOptions{
		Name: streamLog, About: "What callbacks tell about streams", AppendTimeout: intake.Patience, Registerer: s.Metrics,
		Events: journal.EventLimits{MaxBytes: streamLogBytes, DuplicateWindow: streamRepeats}, StateMaxBytes: streamStateBytes,
	})
	if err != nil {
		return err
	}
	s.streams.owner, err = journal.NewOwner(s.streams.log, s.Member, stream.NewMachine(s.Log.WithName("stream")), journal.OwnerOptions{
		FlushInterval: streamFlush,
		Kinds: map[string]journal.Kind{
			stream.RoomState: {TTL: declaredTTL, MaxKeys: maxRooms},
			stream.AppState:  {TTL: declaredTTL, MaxKeys: maxApps},
		},
	})
	return err
}

// serveStreams adds what CSS and TRTC call.
func (s *system) serveStreams(mux *http.ServeMux) error {
	metrics, err := intake.NewMetrics(s.Metrics)
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	config := intake.Config{Directory: s.directory, Journal: s.streams.log, Clock: s.Clock, Metrics: metrics, Log: s.Log.WithName("stream")}
	mux.Handle(intake.Live.Route(), live.New(config))
	mux.Handle(intake.TRTC.Route(), trtc.New(config))
	return nil
}

// runStreams folds, and follows what was heard of applications.
func (s *system) runStreams(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.streams.owner.Run(ctx) })
	group.Go(func() error {
		s.streams.log.Watch(ctx, stream.AppState, func(key journal.StateKey, data []byte, deleted bool) { s.heardOfStreams(key.Name, data, deleted) })
		return nil
	})
	return group.Wait()
}

// heardOfStreams takes over what was heard of an application.
func (s *system) heardOfStreams(name string, data []byte, deleted bool) {
	app, err := stream.LoadApp(data)
	if err != nil {
		s.Log.Error(err, "What was heard of an application's streams cannot be read", "app", name)
		return
	}
	s.streams.mu.Lock()
	before := s.streams.heard[name]
	if s.streams.heard[name] = *app; deleted {
		delete(s.streams.heard, name)
	}
	s.streams.mu.Unlock()
	for segment := range app.Heard {
		if before.Heard[segment] == 0 { // the first callback on this path
			namespace, name, _ := strings.Cut(name, "/")
			s.wake.app(types.NamespacedName{Namespace: namespace, Name: name})
			return
		}
	}
}

// streamsHeard is what any pod heard of an application's streams.
func (s *system) streamsHeard(app types.NamespacedName) stream.App {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	return s.streams.heard[app.String()]
}

// streamSecret reports whether an ImApp names a Secret with a key of callbacks about
// streams.
func streamSecret(app *imv1alpha1.ImApp, secret client.Object) bool {
	for _, ref := range []*imv1alpha1.SecretReference{liveKey(app), trtcKey(app)} {
		if ref != nil && ref.Name == secret.GetName() {
			return true
		}
	}
	return false
}

func liveKey(app *imv1alpha1.ImApp) *imv1alpha1.SecretReference {
	if app.Spec.Live == nil {
		return nil
	}
	return app.Spec.Live.CallbackKeySecretRef
}

func trtcKey(app *imv1alpha1.ImApp) *imv1alpha1.SecretReference {
	if app.Spec.TRTC == nil {
		return nil
	}
	return app.Spec.TRTC.CallbackKeySecretRef
}
