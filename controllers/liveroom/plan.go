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
	"sort"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

const (
	// banTolerance is how much shorter than declared a ban may be in IM, which
	// counts from when the call arrived.
	banTolerance = time.Minute
	// banWithoutEnd is what a ban with no declared end becomes: ten years.
	banWithoutEnd = 10 * 365 * 24 * time.Hour
	// banRenewal is when a ban without an end is set anew.
	banRenewal = 5 * 365 * 24 * time.Hour
)

// Plan implements lifecycle.Kind. It is pure.
func (k *Kind) Plan(d Desired, o Observed) []lifecycle.Change { return plan(d, o) }

func plan(d Desired, o Observed) []lifecycle.Change {
	var changes []lifecycle.Change
	group := o.Group
	fresh := group == nil
	if fresh {
		changes = append(changes, lifecycle.Change{Verb: lifecycle.Create, Path: "groupID", Condition: imv1alpha1.ConditionSynced, Value: newGroup(d)})
		group = created(d)
		if d.Administrators != nil {
			o.Administrators = []string{}
		}
		o.Attributes, o.Bans = map[string]string{}, map[string]time.Time{}
	}
	changes = append(changes, planSecrets(d, o)...) // hosts wait for them, and IM has no part in them
	changes = append(changes, planBase(d, group)...)
	changes = append(changes, planOwner(d, group)...)
	changes = append(changes, planAdministrators(d, o)...)
	changes = append(changes, planFields(d, group, fresh)...)
	changes = append(changes, planAttributes(d, o, fresh)...)
	changes = append(changes, planBans(d, o)...)
	for _, part := range o.Unread {
		changes = append(changes, lifecycle.Change{Verb: lifecycle.Set, Path: part.Path, Condition: imv1alpha1.ConditionSynced, Value: part})
	}
	if o.Secrets != nil { // looked at as a whole, and not for differences in IM alone
		changes = append(changes, planBlock(d.Block)...) // last: viewers are told without waiting for another provider
	}
	return changes
}

// PlanApart implements lifecycle.Independent: URLs go on to be issued, and streams to
// be blocked, whatever becomes of the group.
func (k *Kind) PlanApart(d Desired, o Observed) []lifecycle.Change {
	if o.Secrets == nil {
		return nil
	}
	return append(planSecrets(d, o), planBlock(d.Block)...)
}

// Apart implements lifecycle.Independent.
func (k *Kind) Apart(d Desired) []string {
	if d.Stream != nil && d.Stream.Unsigned {
		return []string{imv1alpha1.ConditionStreamControlled}
	}
	return []string{imv1alpha1.ConditionStreamURLsIssued, imv1alpha1.ConditionStreamControlled}
}

// newGroup is what create_group carries: everything it can, and of the custom
// fields only those that IM is known to know.
func newGroup(d Desired) im.NewGroup {
	group := im.NewGroup{
		ID: d.GroupID, Type: wireType(d.Type), Name: d.Name, Introduction: text(d.Introduction), Announcement: text(d.Announcement),
		AvatarURL: text(d.AvatarURL), OwnerUserID: d.Owner, JoinOption: im.JoinOption(d.JoinOption),
	}
	for _, field := range d.Fields {
		if field.Declared && field.Registration == imv1alpha1.RegistrationRegistered && field.Value != "" {
			group.Fields = append(group.Fields, im.Field{Key: field.Key, Value: field.Value})
		}
	}
	return group
}

// created is the group as it is after newGroup was taken as sent.
func created(d Desired) *im.Group {
	sent := newGroup(d)
	group := &im.Group{
		ID: sent.ID, Type: sent.Type, Name: sent.Name, Introduction: sent.Introduction, Announcement: sent.Announcement,
		AvatarURL: sent.AvatarURL, OwnerUserID: sent.OwnerUserID, JoinOption: sent.JoinOption, Fields: map[string]string{},
	}
	for _, field := range sent.Fields {
		group.Fields[field.Key] = field.Value
	}
	return group
}

func planBase(d Desired, group *im.Group) []lifecycle.Change {
	var changes []lifecycle.Change
	set := func(path string, change im.GroupChange) {
		changes = append(changes, lifecycle.Change{Verb: lifecycle.Set, Path: path, Condition: imv1alpha1.ConditionSynced, Value: change})
	}
	if d.Name != group.Name {
		set("name", im.GroupChange{Name: &d.Name})
	}
	if d.Introduction != nil && *d.Introduction != group.Introduction {
		set("introduction", im.GroupChange{Introduction: d.Introduction})
	}
	if d.Announcement != nil && *d.Announcement != group.Announcement {
		set(pathAnnouncement, im.GroupChange{Announcement: d.Announcement})
	}
	if d.AvatarURL != nil && *d.AvatarURL != group.AvatarURL {
		set("avatarURL", im.GroupChange{AvatarURL: d.AvatarURL})
	}
	if option := im.JoinOption(d.JoinOption); option != "" && option != group.JoinOption {
		set("joinOption", im.GroupChange{JoinOption: &option})
	}
	if muted := d.Speech == imv1alpha1.SpeechMuted; d.Speech != "" && muted != group.AllMuted {
		set(pathSpeech, im.GroupChange{AllMuted: &muted})
	}
	return changes
}

func planOwner(d Desired, group *im.Group) []lifecycle.Change {
	if d.Owner == "" || d.Owner == group.OwnerUserID {
		return nil
	}
	return []lifecycle.Change{{Verb: lifecycle.Set, Path: "owner", Condition: imv1alpha1.ConditionSynced, Value: d.Owner}}
}

// planAdministrators takes away first, so that the limit of five is not in the
// way of an exchange. An owner is no administrator and need not be one.
func planAdministrators(d Desired, o Observed) []lifecycle.Change {
	if d.Administrators == nil || o.Administrators == nil {
		return nil
	}
	var changes []lifecycle.Change
	for _, user := range sorted(o.Administrators) {
		if !slices.Contains(d.Administrators, user) && user != d.Owner {
			changes = append(changes, administrator(lifecycle.Remove, user))
		}
	}
	for _, user := range d.Administrators {
		if !slices.Contains(o.Administrators, user) && user != d.Owner {
			changes = append(changes, administrator(lifecycle.Set, user))
		}
	}
	return changes
}

func administrator(verb lifecycle.Verb, user string) lifecycle.Change {
	return lifecycle.Change{Verb: verb, Path: fmt.Sprintf("administrators[%s]", user), Condition: imv1alpha1.ConditionSynced, Value: user}
}

// planFields writes one field a change, in declared order. A field that IM is
// not known to know is always written: that is its proof.
func planFields(d Desired, group *im.Group, fresh bool) []lifecycle.Change {
	var changes []lifecycle.Change
	for _, field := range d.Fields {
		if field.settled(group.Fields[field.Key], fresh) {
			continue
		}
		changes = append(changes, lifecycle.Change{
			Verb: lifecycle.Set, Path: field.path(),
			Condition: imv1alpha1.ConditionFieldsSynced, Value: im.Field{Key: field.Key, Value: field.Value},
		})
	}
	return changes
}

func planAttributes(d Desired, o Observed, fresh bool) []lifecycle.Change {
	if o.Attributes == nil {
		return nil
	}
	var changes []lifecycle.Change
	for _, attribute := range d.Attributes {
		if attribute.settled(o.Attributes[attribute.Key], fresh) {
			continue
		}
		changes = append(changes, lifecycle.Change{
			Verb: lifecycle.Set, Path: fmt.Sprintf("attributes[%s]", attribute.Key),
			Condition: imv1alpha1.ConditionSynced, Value: im.Field{Key: attribute.Key, Value: attribute.Value},
		})
	}
	return changes
}

// path of a custom field in spec.
func (v Value) path() string {
	if v.Path != "" {
		return v.Path
	}
	return fmt.Sprintf("customFields[%s]", v.Key)
}

// settled reports whether a value needs no write.
func (v Value) settled(now string, fresh bool) bool {
	initialize := v.Policy == imv1alpha1.WritePolicyInitialize && !fresh
	if initialize && v.Written {
		return true // whatever is there now is the application's
	}
	if !v.Declared || v.Registration != imv1alpha1.RegistrationRegistered {
		return false
	}
	return now == v.Value || initialize && now != ""
}

func planBans(d Desired, o Observed) []lifecycle.Change {
	if o.Bans == nil {
		return nil
	}
	var changes []lifecycle.Change
	for _, user := range sorted(d.Banned) {
		if _, wanted := d.Bans[user]; !wanted {
			if _, banned := o.Bans[user]; banned {
				changes = append(changes, lifecycle.Change{Verb: lifecycle.Remove, Path: banPath(user), Condition: imv1alpha1.ConditionSynced, Value: user})
			}
		}
	}
	users := make([]string, 0, len(d.Bans))
	for user := range d.Bans {
		users = append(users, user)
	}
	for _, user := range sorted(users) {
		end, until := d.Bans[user], o.Bans[user]
		if end.IsZero() && until.After(d.Now.Add(banRenewal)) {
			continue
		}
		if !end.IsZero() && until.Sub(end).Abs() <= banTolerance {
			continue
		}
		changes = append(changes, lifecycle.Change{Verb: lifecycle.Set, Path: banPath(user), Condition: imv1alpha1.ConditionSynced, Value: Ban{user, end}})
	}
	return changes
}

// Ban is the value of a change that bans a user.
type Ban struct {
	UserID string
	// Until is zero when there is no end.
	Until time.Time
}

func banPath(user string) string { return fmt.Sprintf("bannedAccounts[%s]", user) }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func sorted(all []string) []string {
	all = slices.Clone(all)
	sort.Strings(all)
	return all
}
