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

package liveroom

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/live"
)

const (
	pathStream     = "stream"
	pathStreamName = "stream.css.streamName"
	pathPusher     = "stream.trtc.pusher"
	pathViewer     = "stream.trtc.viewer"
	pathHostURLs   = "stream.hostSecretName"
	pathPlayback   = "stream.playback"
	pathViewerURLs = "stream.trtc.viewerSecretName"

	// maxStreamNameBytes is the longest name of a stream.
	maxStreamNameBytes = 64
	// clockTolerance is how far the clocks of two replicas may be apart without one
	// taking the other's URLs for too long.
	clockTolerance = time.Minute
)

// What TRTC and CSS take as names, live contract, sections 1.1 and 6.1.
var (
	streamNames = regexp.MustCompile("^[A-Za-z0-9-]+$")
	trtcUsers   = regexp.MustCompile("^[A-Za-z0-9_-]{1,32}$")
)

// Stream is a room's stream, with its URLs made as far as they can be.
type Stream struct {
	// Name in CSS; empty when there is none that can be used.
	Name string
	// Playback is nil when it cannot be made.
	Playback *imv1alpha1.RoomPlayback
	// Secrets are those to be written, the host's first.
	Secrets []SecretWish
	// Named are the Secrets that spec names, whether they can be written or not.
	Named []string
	// Pusher to a TRTC room; empty while it is not known.
	Pusher string
	// Unsigned says that nothing could be signed, so that what was issued before has to do.
	Unsigned bool
	// Rival is the wait for the older room that has the stream. Nil: there is none.
	Rival error
	// Problems keep parts of it from being made. They hold up nothing else.
	Problems []Unread
}

// blame takes a wait for a problem of one part. Other errors come back.
func (s *Stream) blame(path string, err error) error {
	if _, waits := hold.As(err); !waits {
		return err
	}
	s.Problems = append(s.Problems, Unread{Path: path, Err: err})
	return nil
}

// steps of the validity of URLs, for one room.
type steps struct {
	now              time.Time
	validity, offset time.Duration
}

// expiry is when a URL made now ends, and when the next one is due. One that a
// replica with another clock has made already goes on to serve: had is its end.
func (s steps) expiry(had *metav1.Time) (expires, next time.Time) {
	expires, next = live.Window(s.now, s.validity, s.offset)
	if had != nil && had.After(expires) && !had.After(s.now.Add(s.validity+clockTolerance)) {
		return had.Time, had.Add(-s.validity / 3)
	}
	return expires, next
}

// stepsOf spreads rooms over time by their UIDs, so that not all URLs of a cluster
// change at once.
func stepsOf(uid types.UID, config *imv1alpha1.LiveStreaming, now time.Time) steps {
	seconds := int32(imv1alpha1.DefaultURLValiditySeconds)
	if config != nil && config.URLValiditySeconds != nil {
		seconds = *config.URLValiditySeconds
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(uid))
	return steps{now: now, validity: time.Duration(seconds) * time.Second, offset: time.Duration(hash.Sum32()) * time.Second}
}

// streamer makes the stream of one room.
type streamer struct {
	kind *Kind
	// conn signs for users of TRTC rooms. While it is nil, what was signed before has to
	// do.
	conn   *application.Connection
	room   *imv1alpha1.LiveRoom
	app    *imv1alpha1.ImApp
	steps  steps
	stream *Stream
	// next is when the first of the URLs is due for another one.
	next time.Time
}

// resolveStream makes the URLs of a room's stream, and decides whether it may run. What
// is not configured, or cannot be found, is a problem of the stream; only a failure to
// read is an error.
func (k *Kind) resolveStream(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom, d *Desired) error {
	if room.Spec.Stream == nil && !controlled(room) {
		return nil
	}
	var app imv1alpha1.ImApp
	if err := k.client.Get(ctx, lookup.AppKey(room), &app); err != nil {
		return fmt.Errorf("reading the ImApp of the stream: %w", err)
	}
	if room.Spec.Stream != nil {
		if err := k.resolveURLs(ctx, conn, room, d, &app); err != nil {
			return err
		}
	}
	return k.resolveBlock(ctx, conn, room, d, &app)
}

func (k *Kind) resolveURLs(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom, d *Desired, app *imv1alpha1.ImApp) error {
	d.Stream = &Stream{Named: lookup.URLSecrets(room)}
	if err := k.streamRival(ctx, room, app); err != nil {
		d.Stream.Rival = err
		return d.Stream.blame(pathStream, err)
	}
	s := &streamer{kind: k, conn: conn, room: room, app: app, steps: stepsOf(room.UID, app.Spec.Live, d.Now), stream: d.Stream}
	resolve := s.css
	if room.Spec.Stream.TRTC != nil {
		resolve = s.trtc
	}
	if err := resolve(ctx); err != nil {
		return err
	}
	d.wake(s.next)
	return nil
}

// expiry is when a URL that ends is to end. It is looked at again before.
func (s *streamer) expiry(had *metav1.Time) time.Time {
	expires, next := s.steps.expiry(had)
	if s.next.IsZero() || next.Before(s.next) {
		s.next = next
	}
	return expires
}

// css makes the URLs of a stream of Cloud Streaming Services.
func (s *streamer) css(ctx context.Context) error {
	name, config := s.room.CSSStreamName(), s.app.Spec.Live
	if len(name) > maxStreamNameBytes || !streamNames.MatchString(name) {
		return s.stream.blame(pathStreamName, hold.New(imv1alpha1.ReasonInvalid,
			"the stream name %q made of namespace and name is not 1 to %d letters, digits and -: create the room anew with stream.css.streamName", name, maxStreamNameBytes))
	}
	if config == nil {
		return s.stream.blame(pathStream, hold.New(imv1alpha1.ReasonStreamingNotConfigured, "ImApp %s has no spec.live: add it", lookup.AppKey(s.room)))
	}
	s.stream.Name = name
	if secret := s.room.Spec.Stream.HostSecretName; secret != "" {
		key, err := s.key(ctx, config.PushKeySecretRef, imv1alpha1.PushKeyName)
		if err == nil {
			push := live.Push{Domain: config.PushDomain, AppName: appName(config), StreamName: name, Key: key}
			if key != "" {
				push.Expires = s.expiry(s.room.Status.HostURLExpiresAt)
			}
			s.stream.Secrets = append(s.stream.Secrets, pushWish(secret, push, s.steps.validity))
		}
		if err := s.stream.blame(pathHostURLs, err); err != nil {
			return err
		}
	}
	return s.playback(ctx, &imv1alpha1.RoomPlayback{}, appName(config))
}

// trtc makes the URLs of a TRTC room, and of its copy on the CDN if spec.live says
// where that is watched.
func (s *streamer) trtc(ctx context.Context) error {
	spec, config := s.room.Spec.Stream.TRTC, s.app.Spec.Live
	room := live.Room{SDKAppID: s.app.Spec.SDKAppID, RoomID: spec.RoomID}
	playback := &imv1alpha1.RoomPlayback{LowLatency: room.Prefix()}
	s.stream.Name = spec.StreamID
	pusher, err := s.user(ctx, pathPusher, spec.Pusher)
	s.stream.Pusher = pusher
	switch former := s.room.Status.StreamName; {
	case spec.StreamID != "":
	case err == nil:
		s.stream.Name = live.StreamID(room.SDKAppID, room.RoomID, pusher)
	case strings.HasPrefix(former, strings.TrimSuffix(live.StreamID(room.SDKAppID, room.RoomID, ""), "_main")):
		s.stream.Name = former // as long as nobody knows better
	}
	if secret := s.room.Spec.Stream.HostSecretName; secret != "" && err == nil {
		host := room
		host.UserID = pusher
		if config != nil {
			host.LiveDomain, host.StreamID = config.PlaybackDomain, s.stream.Name
		} else {
			host.StreamID = spec.StreamID
		}
		s.wish(pathHostURLs, secret, host)
	}
	if err := s.stream.blame(pathPusher, err); err != nil {
		return err
	}
	if spec.Viewer != nil {
		viewer, err := s.user(ctx, pathViewer, *spec.Viewer)
		if err == nil && viewer == pusher {
			err = hold.New(imv1alpha1.ReasonInvalid, "%s is the pusher as well, and one user can be in a room only once: name another one", pathViewer)
		}
		if err == nil {
			room.UserID = viewer
			s.wish(pathViewerURLs, spec.ViewerSecretName, room)
		}
		if err := s.stream.blame(pathViewer, err); err != nil {
			return err
		}
	}
	if config == nil || s.stream.Name == "" {
		s.stream.Playback = playback
		return nil
	}
	return s.playback(ctx, playback, live.RelayAppName)
}

// wish asks for a Secret with the URL of one user of a TRTC room.
func (s *streamer) wish(path, secret string, room live.Room) {
	if s.conn == nil {
		s.stream.Unsigned = true
		return
	}
	expires := s.expiry(s.room.Status.HostURLExpiresAt)
	s.stream.Secrets = append(s.stream.Secrets, roomWish(path, secret, room, expires, s.steps.validity, s.conn.Signer().Fingerprint()))
}

// user finds a UserID that TRTC takes, and whose UserSig may be given out.
func (s *streamer) user(ctx context.Context, path string, named imv1alpha1.UserReference) (string, error) {
	user, err := s.kind.user(ctx, s.room, path, named)
	service := s.app.Spec.UserSigService
	if err == nil && strings.EqualFold(user, s.app.Spec.Administrator) && (service == nil || service.Administrator != imv1alpha1.AdministratorSignatureAllow) {
		return "", hold.New(imv1alpha1.ReasonInvalid,
			"%s: a UserSig of the administrator may do everything with the application: name another user, or set spec.userSigService.administrator: Allow in the ImApp", path)
	}
	if err == nil && !trtcUsers.MatchString(user) {
		return "", hold.New(imv1alpha1.ReasonInvalid, "%s: TRTC does not take the UserID %q: name one of letters, digits, _ and -", path, user)
	}
	return user, err
}

// playback makes the URLs on the CDN.
func (s *streamer) playback(ctx context.Context, to *imv1alpha1.RoomPlayback, path string) error {
	config := s.app.Spec.Live
	key, err := s.key(ctx, config.PlaybackKeySecretRef, imv1alpha1.PlaybackKeyName)
	if err != nil {
		return s.stream.blame(pathPlayback, err)
	}
	from := live.Playback{
		Secure: config.PlaybackScheme != imv1alpha1.PlaybackSchemeHTTP, Domain: config.PlaybackDomain,
		AppName: path, StreamName: s.stream.Name, Key: key,
	}
	if delta := config.PlaybackAuthDeltaSeconds; delta != nil {
		from.AuthDelta = time.Duration(*delta) * time.Second
	}
	if key != "" {
		var had *metav1.Time
		if before := s.room.Status.Playback; before != nil {
			had = before.ExpiresAt
		}
		from.Expires = s.expiry(had)
		to.ExpiresAt = &metav1.Time{Time: from.Expires}
	}
	to.FLV, to.HLS, to.RTMP, to.WebRTC, to.CDN = from.FLV(), from.HLS(), from.RTMP(), from.WebRTC(), from.CDN()
	s.stream.Playback = to
	return nil
}

// key reads a key that the ImApp names; none is named when the domain has no
// authentication.
func (s *streamer) key(ctx context.Context, ref *imv1alpha1.SecretReference, name string) (string, error) {
	if ref == nil {
		return "", nil
	}
	values, err := s.kind.keys.Read(ctx, types.NamespacedName{Namespace: s.app.Namespace, Name: ref.Name}, name)
	if err != nil {
		return "", err
	}
	return values[0], nil
}

func appName(config *imv1alpha1.LiveStreaming) string {
	if config.AppName == "" {
		return imv1alpha1.DefaultStreamAppName
	}
	return config.AppName
}

// reportStream is where the stream is watched, and until when it can be pushed. What
// a missing key keeps from being made anew still serves until it ends.
func reportStream(room *imv1alpha1.LiveRoom, pass *lifecycle.Pass[Desired, Observed]) {
	status := &room.Status
	if room.Spec.Stream == nil {
		status.Playback, status.HostURLExpiresAt = nil, nil
		if status.StreamBlock == nil {
			status.StreamName = ""
		}
		return
	}
	if pass.Desired == nil || pass.Desired.Stream == nil {
		return
	}
	stream := pass.Desired.Stream
	if stream.Name != "" || status.StreamBlock == nil {
		status.StreamName = stream.Name
	}
	if stream.Playback != nil || stream.Name == "" {
		status.Playback = stream.Playback
	}
	host := room.Spec.Stream.HostSecretName
	if host == "" {
		status.HostURLExpiresAt = nil
		return
	}
	for _, change := range pass.Applied {
		if issue, ok := change.Value.(URLIssue); ok && issue.SecretName == host {
			status.HostURLExpiresAt = timeOf(issue.ExpiresAt)
			return
		}
	}
	if observed := cmp.Or(pass.Observed, pass.ObservedApart); observed != nil && observed.Secrets != nil {
		status.HostURLExpiresAt = timeOf(observed.Secrets[host].ExpiresAt)
	}
}

// Lapse implements lifecycle.Dated: URLs end, also while nothing new can be issued.
func (k *Kind) Lapse(room *imv1alpha1.LiveRoom) (condition string, at time.Time, what string) {
	condition = imv1alpha1.ConditionStreamURLsIssued
	if room.Spec.Stream == nil {
		return condition, at, ""
	}
	if end := room.Status.HostURLExpiresAt; end != nil {
		at, what = end.Time, "the URLs of the host have ended"
	}
	if playback := room.Status.Playback; playback != nil && playback.ExpiresAt != nil && (at.IsZero() || playback.ExpiresAt.Time.Before(at)) {
		at, what = playback.ExpiresAt.Time, "the URLs of viewers have ended"
	}
	return condition, at, what + ", and new ones could not be issued: see Ready"
}

// timeOf is nil for the zero time.
func timeOf(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t}
}
