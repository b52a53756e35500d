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
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

// streamRival returns the wait Conflict when an older room has the room's stream.
// The groups of the two may well be different ones, so the rest goes on.
func (k *Kind) streamRival(ctx context.Context, room *imv1alpha1.LiveRoom, app *imv1alpha1.ImApp) error {
	shares := map[types.NamespacedName]bool{lookup.AppKey(room): true}
	for _, claim := range lookup.StreamClaims(room) {
		var list imv1alpha1.LiveRoomList
		if err := k.client.List(ctx, &list, client.MatchingFields{lookup.ByStream: claim}, client.UnsafeDisableDeepCopy); err != nil {
			return fmt.Errorf("listing rooms with the same stream: %w", err)
		}
		claimants := slices.DeleteFunc(list.Objects(), func(other *imv1alpha1.LiveRoom) bool {
			return other.UID == room.UID || !k.apps.Admitted(ctx, other) || !k.shareStreams(ctx, app, lookup.AppKey(other), shares)
		})
		if rival, found := lifecycle.Rival(room, claimants); found {
			return hold.New(imv1alpha1.ReasonStreamConflict, "%s belongs to LiveRoom %s, which is older: delete one of the two, or let this one name another",
				describeStream(room), client.ObjectKeyFromObject(rival))
		}
	}
	return nil
}

// shareStreams reports whether the streams of another ImApp are of the same account.
// It remembers answers in known.
func (k *Kind) shareStreams(ctx context.Context, app *imv1alpha1.ImApp, other types.NamespacedName, known map[types.NamespacedName]bool) bool {
	if shared, asked := known[other]; asked {
		return shared
	}
	var theirs imv1alpha1.ImApp
	err := k.client.Get(ctx, other, &theirs)
	known[other] = err == nil && lookup.SameAccount(&app.Spec, &theirs.Spec)
	return known[other]
}

func describeStream(room *imv1alpha1.LiveRoom) string {
	if trtc := room.Spec.Stream.TRTC; trtc != nil {
		if trtc.StreamID != "" {
			return fmt.Sprintf("TRTC room %d, or stream %q,", trtc.RoomID, trtc.StreamID)
		}
		return fmt.Sprintf("TRTC room %d", trtc.RoomID)
	}
	return fmt.Sprintf("stream %q", room.CSSStreamName())
}
