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

package im

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Sizes that bound what the simulator keeps or reads.
const (
	// MaxBodyBytes bounds a request body, of the API and of the side door alike.
	MaxBodyBytes = 1 << 20
	// maxAccounts and maxGroups bound the memory of a simulator that is
	// left running; no plan of the provider reaches them.
	maxAccounts = 1_000_000
	maxGroups   = 200_000
)

// FieldDefinition is what the provider's console calls a custom field: a
// name that may be written once it has been defined there.
type FieldDefinition struct {
	// Name is the key: at most 16 bytes of letters, digits and underscores,
	// not beginning with a digit.
	Name string
	// GroupTypes are the group types that the field is bound to, in either
	// spelling. Empty means every type that can carry the field.
	GroupTypes []string
	// After is how long the definition takes to become effective. Until then
	// the name is treated as undefined.
	After time.Duration
}

// Feature names a paid or switched capability of the application. All are
// open unless Options.ClosedFeatures lists them.
type Feature string

// The features that can be closed, and the calls that then fail.
const (
	// FeatureOnlineMembers gates members, marks, administrators and robots of
	// live groups (10007).
	FeatureOnlineMembers Feature = "OnlineMembers"
	// FeatureBan gates the ban calls (10007).
	FeatureBan Feature = "Ban"
	// FeatureBroadcast gates send_broadcast_msg (10007).
	FeatureBroadcast Feature = "Broadcast"
	// FeatureCounters gates group counters (10059).
	FeatureCounters Feature = "Counters"
	// FeatureCommunity gates groups of type Community (11000).
	FeatureCommunity Feature = "Community"
	// FeatureDirectedMessages gates To_Account of group messages (10059).
	FeatureDirectedMessages Feature = "DirectedMessages"
	// FeatureUserStatus gates query_online_status (72001).
	FeatureUserStatus Feature = "UserStatus"
	// FeatureAccountDeletion gates account_delete (71000).
	FeatureAccountDeletion Feature = "AccountDeletion"
)

var allFeatures = []Feature{
	FeatureOnlineMembers, FeatureBan, FeatureBroadcast, FeatureCounters, FeatureCommunity,
	FeatureDirectedMessages, FeatureUserStatus, FeatureAccountDeletion,
}

// Options configure a Simulator. The zero value of every switch is the
// simulator's choice where the provider's documents are silent.
type Options struct {
	// SDKAppID is the application that the simulator serves. Required.
	SDKAppID int64
	// SecretKey signs UserSigs, as the ASCII text that the console shows.
	// Required.
	SecretKey string
	// Administrators are the accounts that may call the API. They exist as
	// accounts from the start. Empty means "administrator" alone.
	Administrators []string

	// GroupFields, MemberFields and ProfileFields are the custom fields that
	// the console would define. A profile field is named without its
	// Tag_Profile_Custom_ prefix.
	GroupFields   []FieldDefinition
	MemberFields  []FieldDefinition
	ProfileFields []string
	// FieldDelay is the After of the ProfileFields.
	FieldDelay time.Duration

	// RateLimit is the number of calls per second and command. 0 means the
	// documented 200; negative means no limit at all. Commands that have a
	// lower documented limit (100 or 1) keep it.
	RateLimit int
	// Burst is how many calls of an ordinary command may come at once; the
	// slower commands get their share of it, at least 1. 0 means one second's
	// worth.
	Burst int
	// RateLimitCode is the code of a call above the limit: 60011 unless set
	// (60007 is the other plausible one).
	RateLimitCode int
	// Latency delays every answer of the API (not of the side door).
	Latency time.Duration

	// Clock tells the time. nil means time.Now. It drives CreateTime,
	// validity of UserSigs, mutes, rate limits and de-duplication windows, but
	// not Latency.
	Clock func() time.Time
	// ClockSkew is how far in the future a UserSig may be dated. 0 means one
	// minute.
	ClockSkew time.Duration
	// LockAfterFailures is the number of consecutive failed UserSigs of one
	// identifier after which it is locked (70050) for LockDuration. 0 means
	// 10, negative means never.
	LockAfterFailures int
	// LockDuration is how long a lock lasts. 0 means one minute.
	LockDuration time.Duration
	// KickRevokesAdministrators makes kick invalidate older UserSigs of an
	// administrator as well.
	KickRevokesAdministrators bool
	// ServiceCodes answers a caller that is no administrator, or a body that
	// is not JSON, with the code of the service instead of that of the access
	// layer (60010, 60003).
	ServiceCodes bool

	// TrialEdition applies the limits of the trial plan: 100 accounts and
	// groups, 10 live groups, 20 members per group, 50 groups per user, 1000
	// sendmsg calls per day.
	TrialEdition bool
	// MaxAVChatRooms is how many live groups may exist at once. 0 means no
	// limit (10 on the trial edition).
	MaxAVChatRooms int
	// MaxMembers is the plan's number of members of a group that is not a
	// live group. 0 means 2000.
	MaxMembers int
	// MaxGroupsPerUser is how many groups a user may be in. 0 means no limit.
	MaxGroupsPerUser int
	// MaxNewGroupsPerDay is the daily net growth of groups. 0 means no limit.
	MaxNewGroupsPerDay int
	// ReimportBlock is how long the ID of a deleted account stays blocked. 0
	// means 90 days (none on the trial edition), negative means none.
	ReimportBlock time.Duration
	// ClosedFeatures are the capabilities that the application lacks.
	ClosedFeatures []Feature

	// LegacyLimits applies the older byte limits of Name, Introduction,
	// Notification and FaceUrl (30, 240, 300, 100) instead of the newer ones
	// (100, 400, 400, 500).
	LegacyLimits bool
	// CurrentTypeNames answers Work and Meeting instead of Private and
	// ChatRoom. Both are always accepted.
	CurrentTypeNames bool
	// RefuseMixedFields refuses a write of custom fields of which some are not
	// defined, instead of dropping those.
	RefuseMixedFields bool
	// EmptyUnsetFields answers a custom field without a value as an empty
	// value, and no fields as an empty list, instead of leaving them out.
	EmptyUnsetFields bool
	// DuplicateGroupCode is the code of create_group for an ID in use. 0 means
	// 10025 when Owner_Account owns it and 10021 otherwise.
	DuplicateGroupCode int
	// RetireGroupIDs refuses to make a group again under the ID of a destroyed
	// one (10021).
	RetireGroupIDs bool
	// KeepProfileOnReimport makes a repeated account_import leave the stored
	// nickname and avatar alone.
	KeepProfileOnReimport bool
	// RoamingPeriod is how long histories of one-to-one messages go back, which
	// depends on the plan. 0 means seven days.
	RoamingPeriod time.Duration
	// RefuseLongLifetime refuses a MsgLifeTime above seven days (90026)
	// instead of clamping it.
	RefuseLongLifetime bool
	// DedupBySender recognises a repeated group message by sender and Random
	// instead of content and Random.
	DedupBySender bool
	// ConstantLiveSeq gives every message of a live group the same MsgSeq.
	ConstantLiveSeq bool
	// StatusField answers the presence of an account as Status, as a field table
	// has it, instead of State, as the samples have it.
	StatusField bool
	// LargeListPositions makes every Next of get_appid_group_list larger than
	// a signed 64-bit integer holds: the documents call it unsigned, and a
	// client may have missed that.
	LargeListPositions bool
	// OnlineRefresh is how stale the online numbers and lists of live groups
	// may be. 0 means that they are always current.
	OnlineRefresh time.Duration

	// Callback configures the callbacks to the application.
	Callback CallbackOptions

	// CallLogSize is how many calls the log keeps, and how many callbacks. 0
	// means 4096.
	CallLogSize int
	// Seed makes injected probabilities repeatable.
	Seed uint64
}

// Validate reports the first setting that a Simulator cannot work with.
func (o Options) Validate() error {
	if o.SDKAppID <= 0 {
		return fmt.Errorf("application ID %d: must be positive", o.SDKAppID)
	}
	if o.SecretKey == "" {
		return fmt.Errorf("secret key: must not be empty")
	}
	for _, id := range o.Administrators {
		if !validUserID(id) {
			return fmt.Errorf("administrator %q: must be 1 to 32 bytes of printable ASCII", id)
		}
	}
	if o.Latency < 0 || o.FieldDelay < 0 || o.ClockSkew < 0 || o.LockDuration < 0 || o.OnlineRefresh < 0 || o.RoamingPeriod < 0 {
		return fmt.Errorf("durations must not be negative")
	}
	for _, feature := range o.ClosedFeatures {
		if !slices.Contains(allFeatures, feature) {
			return fmt.Errorf("feature %q: not one of %v", feature, allFeatures)
		}
	}
	if err := o.Callback.Validate(); err != nil {
		return err
	}
	fields := newFieldRegistry()
	for _, definition := range o.GroupFields {
		if err := fields.define(scopeGroup, definition, time.Time{}); err != nil {
			return err
		}
	}
	for _, definition := range o.MemberFields {
		if err := fields.define(scopeMember, definition, time.Time{}); err != nil {
			return err
		}
	}
	for _, name := range o.ProfileFields {
		if err := fields.define(scopeProfile, FieldDefinition{Name: name}, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// withDefaults returns the options with every zero value resolved.
func (o Options) withDefaults() Options {
	if len(o.Administrators) == 0 {
		o.Administrators = []string{"administrator"}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.RateLimitCode = orDefault(o.RateLimitCode, codeAppFrequency)
	o.ClockSkew = orDefault(o.ClockSkew, time.Minute)
	o.LockAfterFailures = orDefault(o.LockAfterFailures, 10)
	o.LockDuration = orDefault(o.LockDuration, time.Minute)
	o.RoamingPeriod = orDefault(o.RoamingPeriod, 7*24*time.Hour)
	o.CallLogSize = orDefault(o.CallLogSize, 4096)
	o.Callback = o.Callback.withDefaults()
	if o.TrialEdition {
		o.MaxAVChatRooms = orDefault(o.MaxAVChatRooms, 10)
		o.MaxMembers = orDefault(o.MaxMembers, 20)
		o.MaxGroupsPerUser = orDefault(o.MaxGroupsPerUser, 50)
	} else {
		o.ReimportBlock = orDefault(o.ReimportBlock, 90*24*time.Hour)
	}
	o.MaxMembers = orDefault(o.MaxMembers, 2000)
	return o
}

func (o Options) closed(feature Feature) bool { return slices.Contains(o.ClosedFeatures, feature) }

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// validUserID reports whether the provider would take the ID of an account:
// 1 to 32 bytes of printable ASCII.
func validUserID(id string) bool {
	return id != "" && len(id) <= 32 && !strings.ContainsFunc(id, func(r rune) bool { return r < 0x20 || r > 0x7e })
}
