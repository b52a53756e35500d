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
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
)

// Older documented limits in bytes, IM REST contract, section 7.
const (
	olderNameBytes         = 30
	olderIntroductionBytes = 240
	olderAnnouncementBytes = 300
	olderAvatarBytes       = 100
)

// maxBannedUserIDs is the bound of the list in status.
const maxBannedUserIDs = 200

// conditions are those of a room besides Ready, most basic first.
var conditions = []string{imv1alpha1.ConditionSynced, imv1alpha1.ConditionFieldsSynced, imv1alpha1.ConditionStreamURLsIssued, imv1alpha1.ConditionStreamControlled}

// status is what the controller applies of a room's status. Activity, reported
// drift and what became of the stream are the webhook's. StreamURLsIssued belongs
// there only while there is a stream, StreamControlled while it is controlled;
// otherwise the shared life cycle finds them True, which says nothing to a reader.
func status(room *imv1alpha1.LiveRoom) any {
	applied := room.Status
	applied.Activity, applied.ReportedDrift, applied.Stream = nil, nil, nil
	applied.Conditions = lifecycle.Own(applied.Conditions, append(conditions[:len(conditions):len(conditions)], imv1alpha1.ConditionLengthWarning)...)
	if room.Spec.Stream == nil {
		meta.RemoveStatusCondition(&applied.Conditions, imv1alpha1.ConditionStreamURLsIssued)
	}
	if !controlled(room) {
		meta.RemoveStatusCondition(&applied.Conditions, imv1alpha1.ConditionStreamControlled)
	}
	return applied
}

// Report implements lifecycle.Kind.
func (k *Kind) Report(room *imv1alpha1.LiveRoom, pass *lifecycle.Pass[Desired, Observed]) {
	reportState(room, pass)
	reportStream(room, pass)
	k.reportBlock(room, pass)
	if pass.Desired == nil {
		return
	}
	d := *pass.Desired
	status := &room.Status
	status.GroupID = d.GroupID
	status.OwnerUserID = owner(status.OwnerUserID, d, pass)
	warnOfLength(room, d)
	if pass.ReadOnly || pass.Observed == nil {
		return
	}
	if !pass.Observed.Exists() {
		// a group that is not there, or was made in this pass, has only what
		// this pass has written
		status.InitializedFields, status.InitializedAttributes, status.BannedUserIDs = nil, nil, nil
		if !pass.Created() {
			return
		}
	}
	status.InitializedFields = initialized(d.Fields, "customFields", pass)
	status.InitializedAttributes = initialized(d.Attributes, "attributes", pass)
	status.BannedUserIDs = banned(status.BannedUserIDs, d, pass)
}

// owner is who owns the group in IM, as far as it is known.
func owner(before string, d Desired, pass *lifecycle.Pass[Desired, Observed]) string {
	changed := slices.ContainsFunc(pass.Applied, func(c lifecycle.Change) bool {
		return c.Verb == lifecycle.Create || c.Path == "owner"
	})
	switch {
	case changed:
		return d.Owner
	case pass.Observed == nil:
		return before
	case pass.Observed.Exists():
		return pass.Observed.Group.OwnerUserID
	}
	return ""
}

// initialized lists the Initialize values that have been written, which is all
// of them except those whose write is still due.
func initialized(values []Value, prefix string, pass *lifecycle.Pass[Desired, Observed]) []string {
	var done []string
	for _, v := range values {
		if v.Policy != imv1alpha1.WritePolicyInitialize {
			continue
		}
		path := fmt.Sprintf("%s[%s]", prefix, v.Key)
		named := func(c lifecycle.Change) bool { return c.Path == path }
		if !slices.ContainsFunc(pass.Planned, named) || slices.ContainsFunc(pass.Applied, named) {
			done = append(done, v.Key)
		}
	}
	slices.Sort(done)
	return done
}

// banned lists whom the operator has banned, and not let in again.
func banned(before []string, d Desired, pass *lifecycle.Pass[Desired, Observed]) []string {
	among := func(changes []lifecycle.Change, user string) bool {
		return slices.ContainsFunc(changes, func(c lifecycle.Change) bool { return c.Path == banPath(user) })
	}
	var users []string
	for user := range d.Bans {
		// set by us; one that was found as declared is somebody else's
		if among(pass.Applied, user) || slices.Contains(before, user) {
			users = append(users, user)
		}
	}
	for _, user := range before {
		// to be lifted, and not lifted yet
		if _, wanted := d.Bans[user]; !wanted && among(pass.Planned, user) && !among(pass.Applied, user) {
			users = append(users, user)
		}
	}
	slices.Sort(users)
	return users[:min(len(users), maxBannedUserIDs)]
}

func warnOfLength(room *imv1alpha1.LiveRoom, d Desired) {
	long := beyondOlderLimits(d)
	if long == "" {
		meta.RemoveStatusCondition(&room.Status.Conditions, imv1alpha1.ConditionLengthWarning)
		return
	}
	meta.SetStatusCondition(&room.Status.Conditions, metav1.Condition{
		Type: imv1alpha1.ConditionLengthWarning, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonExceedsOlderLimit,
		Message: "beyond the older limits, which some applications may still have: " + long, ObservedGeneration: room.Generation,
	})
}

// beyondOlderLimits lists the texts that older limits would refuse.
func beyondOlderLimits(d Desired) string {
	var long []string
	for _, t := range []struct {
		path  string
		value string
		limit int
	}{
		{"name", d.Name, olderNameBytes},
		{"introduction", text(d.Introduction), olderIntroductionBytes},
		{"announcement", text(d.Announcement), olderAnnouncementBytes},
		{"avatarURL", text(d.AvatarURL), olderAvatarBytes},
	} {
		if len(t.value) > t.limit {
			long = append(long, fmt.Sprintf("%s (%d of %d bytes)", t.path, len(t.value), t.limit))
		}
	}
	return strings.Join(long, ", ")
}
