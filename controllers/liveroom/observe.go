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
	"maps"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Observed is a group as IM shows it. Parts that were not read are nil.
type Observed struct {
	// Group is nil when there is none.
	Group *im.Group
	// Administrators without the owner.
	Administrators []string
	Attributes     map[string]string
	Bans           map[string]time.Time
	// Secrets are those with URLs of the stream, by name. Nil when not looked at.
	Secrets map[string]SecretState
	// Unread are the parts that IM does not let us read, by path.
	Unread []Unread
}

// Unread is a part of a room that could not be read, for a reason of its own:
// the plan or the console lacks the feature. It does not hold up the others.
type Unread struct {
	Path string
	Err  error
}

// Exists implements lifecycle.Observed.
func (o Observed) Exists() bool { return o.Group != nil }

// CreatedAt implements lifecycle.Observed.
func (o Observed) CreatedAt() time.Time {
	if o.Group == nil {
		return time.Time{}
	}
	return o.Group.CreateTime
}

// Observe implements lifecycle.Kind.
func (k *Kind) Observe(ctx context.Context, conn *application.Connection, d Desired) (Observed, error) {
	secrets, err := k.secrets(ctx, d)
	if err != nil {
		return Observed{}, err
	}
	group, err := conn.Client.Group(ctx, d.GroupID, d.keys())
	if im.IsNotFound(err) {
		return Observed{Secrets: secrets}, nil
	}
	if err != nil {
		return Observed{}, err
	}
	if group.Type != "" && group.Type != wireType(d.Type) {
		return Observed{}, hold.New(imv1alpha1.ReasonInvalid,
			"group %q is of type %s, which cannot be changed to %s: create the room anew with that type, or with another groupID", d.GroupID, group.Type, d.Type)
	}
	o := Observed{Group: &group, Secrets: secrets}
	if d.Administrators != nil {
		users, err := administrators(ctx, conn, d)
		if err := o.read("administrators", err, func() { o.Administrators = present(users) }); err != nil {
			return Observed{}, err
		}
	}
	if len(d.Attributes) > 0 {
		values, err := conn.Client.Attributes(ctx, d.GroupID)
		if err := o.read("attributes", err, func() { o.Attributes = maps.Collect(maps.All(values)) }); err != nil {
			return Observed{}, err
		}
	}
	if len(d.Bans) > 0 || len(d.Banned) > 0 {
		ends, err := conn.Client.Bans(ctx, d.GroupID)
		if err := o.read("bannedAccounts", err, func() { o.Bans = maps.Collect(maps.All(ends)) }); err != nil {
			return Observed{}, err
		}
	}
	return o, nil
}

// ObserveApart implements lifecycle.Independent.
func (k *Kind) ObserveApart(ctx context.Context, d Desired) (Observed, error) {
	secrets, err := k.secrets(ctx, d)
	return Observed{Secrets: secrets}, err
}

func administrators(ctx context.Context, conn *application.Connection, d Desired) ([]string, error) {
	if d.Type == imv1alpha1.RoomTypeAVChatRoom {
		return conn.Client.LiveAdministrators(ctx, d.GroupID)
	}
	return conn.Client.MembersByRole(ctx, d.GroupID, im.RoleAdmin)
}

// present is never nil: nil stands for what was not read.
func present(users []string) []string { return append([]string{}, users...) }

// read keeps a part that was read, or a refusal that concerns this part alone.
func (o *Observed) read(path string, err error, keep func()) error {
	switch {
	case err == nil:
		keep()
	case im.IsNotPermitted(err), im.IsInvalid(err):
		o.Unread = append(o.Unread, Unread{Path: path, Err: err})
	default:
		return err
	}
	return nil
}

// SurveySize implements lifecycle.Surveyor.
func (k *Kind) SurveySize() int { return surveySize }

// HasMore implements lifecycle.Surveyor.
func (k *Kind) HasMore(d Desired) bool {
	return d.Administrators != nil || len(d.Attributes) > 0 || len(d.Bans) > 0 || len(d.Banned) > 0
}

// Survey implements lifecycle.Surveyor: base and custom fields of many groups
// in one call.
func (k *Kind) Survey(ctx context.Context, conn *application.Connection, desired []Desired) ([]Observed, []error) {
	observed, errs := make([]Observed, len(desired)), make([]error, len(desired))
	ids := make([]string, len(desired))
	wanted := map[string]bool{}
	var keys []string
	for i, d := range desired {
		ids[i] = d.GroupID
		for _, key := range d.keys() {
			if !wanted[key] {
				wanted[key] = true
				keys = append(keys, key)
			}
		}
	}
	results, err := conn.Client.Groups(ctx, ids, keys)
	for i, id := range ids {
		result, answered := results[id]
		switch {
		case err != nil:
			errs[i] = err
		case !answered || im.IsNotFound(result.Err):
			// not there: the zero value says so
		case result.Err != nil:
			errs[i] = result.Err
		case result.Group.Type != "" && result.Group.Type != wireType(desired[i].Type):
			errs[i] = nil // the pass says so; waking it again would change nothing
			observed[i] = Observed{Group: created(desired[i])}
		default:
			observed[i] = Observed{Group: &result.Group}
		}
	}
	return observed, errs
}
