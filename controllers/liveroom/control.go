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
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/live"
	"github.com/liveroom-io/liveroom-operator/internal/live/control"
)

// controlTimeout bounds one change of a stream, with all tries of it.
const controlTimeout = 8 * time.Second

// readKey reads values of a Secret: Keys.Read, or Keys.Last for a deletion.
type readKey func(ctx context.Context, secret types.NamespacedName, names ...string) ([]string, error)

// controlled reports whether a room's stream is the operator's to control, now or
// still.
func controlled(room *imv1alpha1.LiveRoom) bool {
	return blocks(room) || room.Status.StreamBlock != nil && !observes(room)
}

// blocks reports whether spec has the stream blocked in some states.
func blocks(room *imv1alpha1.LiveRoom) bool {
	spec := room.Spec.StateControl
	return spec != nil && spec.StreamUnlessLive == imv1alpha1.StreamBlocked
}

func observes(room *imv1alpha1.LiveRoom) bool {
	return room.GetManagementPolicy() == imv1alpha1.ManagementPolicyObserve
}

// resolveBlock decides whether the stream may run, and finds what is needed to see to
// it. Nil: nothing is to be seen to.
func (k *Kind) resolveBlock(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom, d *Desired, app *imv1alpha1.ImApp) error {
	if !controlled(room) && room.Status.StreamBlock == nil {
		return nil
	}
	b := newBlock(room, d.Now, k.providerTime(conn))
	if observes(room) {
		d.wake(b.lapse())
		if !blocks(room) {
			return nil // what is still held is nothing that is declared
		}
	}
	d.Block = b
	if blocks(room) && d.State.Value != imv1alpha1.RoomLive {
		b.For, b.ended = d.State.Value, k.sessions.recall(room.UID)
		b.Made = b.ended.complete(b.Made)
	}
	var err error
	switch {
	case d.Stream != nil && d.Stream.Rival != nil:
		err = d.Stream.Rival
	case d.Stream == nil:
		err = b.reachFormer(ctx, app, k.keys.Read)
	case room.Spec.Stream.TRTC == nil:
		b.Name = d.Stream.Name
		err = b.reachStream(ctx, app, k.keys.Read)
	default:
		b.Session = &Session{SDKAppID: app.Spec.SDKAppID, RoomID: room.Spec.Stream.TRTC.RoomID, Pusher: d.Stream.Pusher}
		err = b.reachRoom(ctx, app, d.Stream.Name, k.keys.Read)
	}
	if _, waits := hold.As(err); !waits {
		d.wake(b.renewal())
		return err
	}
	b.Problem = err
	return nil
}

// providerTime is IM's time, or the cluster's as long as IM cannot be asked.
func (k *Kind) providerTime(conn *application.Connection) time.Time {
	if conn == nil {
		return k.clock.Now()
	}
	return conn.Client.ProviderTime()
}

func newBlock(room *imv1alpha1.LiveRoom, now, providerNow time.Time) *Block {
	b := &Block{Made: room.Status.StreamBlock, Now: now.Truncate(time.Second), ProviderNow: providerNow.Truncate(time.Second)}
	if b.Made != nil {
		b.Held = room.Status.StreamName
	}
	if stream := room.Status.Stream; stream != nil && stream.State == imv1alpha1.StreamActive {
		b.PushedSince = stream.Since.Time
	}
	return b
}

// reachStream is for a CSS stream.
func (b *Block) reachStream(ctx context.Context, app *imv1alpha1.ImApp, read readKey) (err error) {
	if app.Spec.Live == nil {
		return notConfigured(app, "spec.live")
	}
	b.places = []control.Stream{{Domain: app.Spec.Live.PushDomain, AppName: appName(app.Spec.Live)}}
	b.live, err = liveAPI(ctx, app, read)
	return err
}

// reachRoom is for a TRTC room, and for its copy in CSS where that can be named and
// controlled.
func (b *Block) reachRoom(ctx context.Context, app *imv1alpha1.ImApp, name string, read readKey) (err error) {
	if b.For == "" {
		return b.reachFormer(ctx, app, read) // the room itself needs nothing
	}
	if b.trtc, err = trtcAPI(ctx, app, read); err != nil {
		return err
	}
	if b.For == imv1alpha1.RoomPaused && b.Session.Pusher == "" {
		return hold.New(imv1alpha1.ReasonReferenceNotReady, "%s is not known, so that nobody can be removed", pathPusher)
	}
	if name == "" || app.Spec.TRTC.BizID == nil || app.Spec.Live == nil || app.Spec.Live.APICredentialsSecretRef == nil {
		return b.reachFormer(ctx, app, read)
	}
	b.Name = name
	b.places = []control.Stream{{Domain: live.RelayDomain(*app.Spec.TRTC.BizID), AppName: live.RelayAppName}}
	b.live, err = liveAPI(ctx, app, read)
	return err
}

// reachFormer is for a stream that spec does not name any more, wherever it was.
func (b *Block) reachFormer(ctx context.Context, app *imv1alpha1.ImApp, read readKey) error {
	if !forbidden(b.Made) {
		return nil
	}
	if err := b.reachStream(ctx, app, read); err != nil {
		return err
	}
	if app.Spec.TRTC != nil && app.Spec.TRTC.BizID != nil {
		b.places = append(b.places, control.Stream{Domain: live.RelayDomain(*app.Spec.TRTC.BizID), AppName: live.RelayAppName})
	}
	return nil
}

func notConfigured(app *imv1alpha1.ImApp, field string) error {
	return hold.New(imv1alpha1.ReasonStreamingNotConfigured, "ImApp %s/%s has no %s, which streamUnlessLive: Blocked needs: add it", app.Namespace, app.Name, field)
}

func liveAPI(ctx context.Context, app *imv1alpha1.ImApp, read readKey) (control.Config, error) {
	spec := app.Spec.Live
	if spec.APICredentialsSecretRef == nil {
		return control.Config{}, notConfigured(app, "spec.live.apiCredentialsSecretRef")
	}
	endpoint := spec.APIEndpoint
	if endpoint == "" {
		endpoint = imv1alpha1.DefaultLiveAPIEndpoint
	}
	credentials, err := credentialsOf(ctx, app, spec.APICredentialsSecretRef, read)
	return control.Config{Endpoint: endpoint, Credentials: credentials}, err
}

func trtcAPI(ctx context.Context, app *imv1alpha1.ImApp, read readKey) (control.Config, error) {
	spec := app.Spec.TRTC
	if spec == nil || spec.APICredentialsSecretRef == nil {
		return control.Config{}, notConfigured(app, "spec.trtc.apiCredentialsSecretRef")
	}
	config := control.Config{Endpoint: spec.APIEndpoint, Region: spec.APIRegion}
	if config.Endpoint == "" {
		config.Endpoint = imv1alpha1.DefaultTRTCAPIEndpoint
	}
	if config.Region == "" {
		config.Region = imv1alpha1.DefaultTRTCAPIRegion
	}
	var err error
	config.Credentials, err = credentialsOf(ctx, app, spec.APICredentialsSecretRef, read)
	return config, err
}

func credentialsOf(ctx context.Context, app *imv1alpha1.ImApp, ref *imv1alpha1.SecretReference, read readKey) (control.Credentials, error) {
	values, err := read(ctx, types.NamespacedName{Namespace: app.Namespace, Name: ref.Name}, imv1alpha1.APISecretIDName, imv1alpha1.APISecretKeyName)
	if err != nil {
		return control.Credentials{}, err
	}
	return control.Credentials{SecretID: values[0], SecretKey: values[1]}, nil
}

// forbid keeps a stream from being pushed.
func (k *Kind) forbid(ctx context.Context, d Desired, forbid StreamForbid) error {
	why := fmt.Sprintf("LiveRoom %s is %s", d.Room, forbid.State)
	return k.everywhere(ctx, d.Block, forbid.Name, func(ctx context.Context, client *control.Client, stream control.Stream) error {
		return client.Forbid(ctx, stream, forbid.Until, why)
	})
}

// resume lets a stream be pushed again.
func (k *Kind) resume(ctx context.Context, b *Block, name string) error {
	return k.everywhere(ctx, b, name, func(ctx context.Context, client *control.Client, stream control.Stream) error {
		return client.Resume(ctx, stream)
	})
}

// everywhere makes a call about a stream in all places where it is to be found.
func (k *Kind) everywhere(ctx context.Context, b *Block, name string, call func(context.Context, *control.Client, control.Stream) error) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	api, err := k.controls.Client(b.live)
	if err != nil {
		return hold.New(imv1alpha1.ReasonInvalid, "spec.live.apiEndpoint of the ImApp: %v", err)
	}
	for _, place := range b.places {
		place.Name = name
		if err := call(ctx, api, place); err != nil {
			return err
		}
	}
	return nil
}

// endSession removes the pusher from a TRTC room, or everybody.
func (k *Kind) endSession(ctx context.Context, d Desired, end SessionEnd) error {
	b := d.Block
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	api, err := k.controls.Client(b.trtc)
	if err != nil {
		return hold.New(imv1alpha1.ReasonInvalid, "spec.trtc.apiEndpoint of the ImApp: %v", err)
	}
	if end.State == imv1alpha1.RoomEnded {
		err = api.DismissRoom(ctx, b.Session.SDKAppID, end.RoomID)
	} else {
		err = api.RemoveUsers(ctx, b.Session.SDKAppID, end.RoomID, []string{b.Session.Pusher})
	}
	if err == nil {
		k.sessions.remember(d.UID, b, end)
	}
	return err
}

// releaseStream lets the stream of a room that is being deleted run again, unless
// another one to which it has come to belong holds it back, too.
func (k *Kind) releaseStream(ctx context.Context, conn *application.Connection, room *imv1alpha1.LiveRoom) error {
	if room.Status.StreamBlock == nil {
		return nil
	}
	var app imv1alpha1.ImApp
	if err := k.client.Get(ctx, lookup.AppKey(room), &app); err != nil {
		return fmt.Errorf("reading the ImApp of the stream: %w", err)
	}
	if room.Spec.Stream != nil {
		switch wait, lost := hold.As(k.streamRival(ctx, room, &app)); {
		case lost && wait.Reason == imv1alpha1.ReasonStreamConflict:
			if held, err := k.heldByRival(ctx, room); held || err != nil {
				return err
			}
		case lost:
			return wait
		}
	}
	b := newBlock(room, k.clock.Now(), conn.Client.ProviderTime())
	if err := b.reachFormer(ctx, &app, k.keys.Last); err != nil || len(b.places) == 0 {
		return err
	}
	return k.resume(ctx, b, b.Held)
}

// heldByRival reports whether another room that claims the stream has forbidden it, or
// may have.
func (k *Kind) heldByRival(ctx context.Context, room *imv1alpha1.LiveRoom) (bool, error) {
	for _, claim := range lookup.StreamClaims(room) {
		var list imv1alpha1.LiveRoomList
		if err := k.client.List(ctx, &list, client.MatchingFields{lookup.ByStream: claim}, client.UnsafeDisableDeepCopy); err != nil {
			return false, fmt.Errorf("listing rooms with the same stream: %w", err)
		}
		for _, other := range list.Objects() {
			if other.UID != room.UID && forbidden(other.Status.StreamBlock) && other.Status.StreamName == room.Status.StreamName {
				return true, nil
			}
		}
	}
	return false, nil
}

// Holds implements lifecycle.Independent.
func (k *Kind) Holds(room *imv1alpha1.LiveRoom) bool { return room.Status.StreamBlock != nil }

// reportBlock is what has been done about the stream.
func (k *Kind) reportBlock(room *imv1alpha1.LiveRoom, pass *lifecycle.Pass[Desired, Observed]) {
	if pass.Desired == nil {
		return
	}
	b := pass.Desired.Block
	if pass.ReadOnly {
		reportKept(room, b, pass.Desired.Now)
		return
	}
	k.sessions.settle(room.UID, b, room.Status.StreamBlock)
	if b == nil {
		return
	}
	room.Status.StreamBlock = b.after(b.ended.complete(room.Status.StreamBlock), pass.Applied, pass.Failures)
	switch {
	case forbidden(b.Made) && forbidden(room.Status.StreamBlock) && b.Held != "":
		room.Status.StreamName = b.Held // until it is let go
	case room.Status.StreamBlock == nil && room.Spec.Stream == nil:
		room.Status.StreamName = ""
	}
}

// reportKept is what is left of a block of a room that is only observed: it lasts to its
// end, and what needs none is of no interest once nothing is declared.
func reportKept(room *imv1alpha1.LiveRoom, b *Block, now time.Time) {
	made := room.Status.StreamBlock
	if made == nil || forbidden(made) && made.Until.After(now) || !forbidden(made) && b != nil {
		return
	}
	room.Status.StreamBlock = nil
	if room.Spec.Stream == nil {
		room.Status.StreamName = ""
	}
}
