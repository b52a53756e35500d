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

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// imFlags are the flags of the IM simulator.
type imFlags struct {
	address       string
	options       im.Options
	groupFields   []string
	memberFields  []string
	profileFields []string
	closed        []string
}

// newIMFlags binds the flags of the IM simulator.
func newIMFlags(command *cobra.Command) *imFlags {
	f, flags := &imFlags{}, command.Flags()
	o := &f.options
	flags.StringVar(&f.address, "im-addr", "127.0.0.1:18090", "address of the IM simulator; empty for none")
	flags.Int64Var(&o.SDKAppID, "sdk-app-id", 1400000001, "SDKAppID of the application")
	flags.StringVar(&o.SecretKey, "secret-key", "", "key of the application, as the console shows it (required)")
	flags.StringArrayVar(&o.Administrators, "administrator", nil, "administrator account, repeatable (default administrator)")
	flags.StringArrayVar(&f.groupFields, "group-field", nil, "custom group field as NAME[:TYPE[,TYPE]], repeatable")
	flags.StringArrayVar(&f.memberFields, "member-field", nil, "custom member field as NAME[:TYPE[,TYPE]], repeatable")
	flags.StringArrayVar(&f.profileFields, "profile-field", nil, "custom profile field without its Tag_Profile_Custom_ prefix, repeatable")
	flags.DurationVar(&o.FieldDelay, "field-delay", 0, "time until the custom fields take effect")
	flags.IntVar(&o.RateLimit, "rate-limit", 0, "calls per second and command; 0 for the documented 200, negative for none")
	flags.IntVar(&o.Burst, "burst", 0, "calls that may come at once; 0 for one second's worth")
	flags.DurationVar(&o.Latency, "latency", 0, "delay of every answer of the API")
	flags.BoolVar(&o.LegacyLimits, "legacy-limits", false, "apply the older byte limits of group profiles (30, 240, 300, 100)")
	flags.BoolVar(&o.TrialEdition, "trial-edition", false, "apply the limits of the trial plan")
	flags.IntVar(&o.MaxAVChatRooms, "max-live-rooms", 0, "groups of type AVChatRoom at the same time; 0 for no limit")
	flags.IntVar(&o.LockAfterFailures, "lock-after-failures", 0, "failed UserSigs in a row until the lock (70050); 0 for 10, negative for never")
	flags.DurationVar(&o.LockDuration, "lock-duration", time.Minute, "how long that lock lasts")
	flags.BoolVar(&o.CurrentTypeNames, "current-type-names", false, "answer Work and Meeting instead of Private and ChatRoom")
	flags.BoolVar(&o.RefuseMixedFields, "refuse-mixed-fields", false, "refuse a write of custom fields of which some are undefined")
	flags.BoolVar(&o.EmptyUnsetFields, "empty-unset-fields", false, "answer custom fields without a value as empty ones")
	flags.BoolVar(&o.ConstantLiveSeq, "constant-live-seq", false, "give every message of a live group the same MsgSeq")
	flags.DurationVar(&o.OnlineRefresh, "online-refresh", 0, "how stale the numbers of viewers may be")
	flags.StringSliceVar(&f.closed, "closed-feature", nil, "feature that the application lacks: OnlineMembers, Ban, Broadcast, Counters, Community, DirectedMessages, UserStatus or AccountDeletion; repeatable")
	bindCallback(command, f)
	return f
}

// bindCallback binds the flags of the callbacks.
func bindCallback(command *cobra.Command, f *imFlags) {
	flags, o := command.Flags(), &f.options.Callback
	flags.StringVar(&o.URL, "callback-url", "", "URL that callbacks are fired at; empty for none")
	flags.StringVar(&o.Token, "callback-token", "", "token that signs callbacks; empty for no signature")
	flags.BoolVar(&o.BlockOnFailure, "callback-block", false, "refuse an action when the callback before it fails or is late")
	flags.BoolVar(&o.RetryAfter, "callback-retry", false, "repeat callbacks after an action that failed or timed out")
	flags.BoolVar(&o.StringEventTime, "callback-string-event-time", false, "send EventTime as text")
	flags.BoolVar(&o.OmitEventCause, "callback-omit-event-cause", false, "tell changes of viewers as older deployments do, without EventCause")
	flags.BoolVar(&o.MessageIDs, "callback-message-ids", false, "send MsgId with messages, as newer deployments do")
}

func (f *imFlags) listener() (*listener, error) {
	if f.address == "" {
		return nil, nil
	}
	if f.options.SecretKey == "" {
		return nil, fmt.Errorf("--secret-key is required")
	}
	options := f.options
	options.GroupFields = fieldDefinitions(f.groupFields, f.options.FieldDelay)
	options.MemberFields = fieldDefinitions(f.memberFields, f.options.FieldDelay)
	options.ProfileFields = f.profileFields
	for _, feature := range f.closed {
		options.ClosedFeatures = append(options.ClosedFeatures, im.Feature(feature))
	}
	if err := options.Validate(); err != nil {
		return nil, err
	}
	simulator := im.New(options)
	return &listener{name: "im", address: f.address, handler: simulator, close: simulator.Close}, nil
}

// fieldDefinitions reads NAME[:TYPE[,TYPE]] flags.
func fieldDefinitions(flags []string, after time.Duration) []im.FieldDefinition {
	definitions := make([]im.FieldDefinition, 0, len(flags))
	for _, flag := range flags {
		name, types, bound := strings.Cut(flag, ":")
		definition := im.FieldDefinition{Name: name, After: after}
		if bound {
			definition.GroupTypes = strings.Split(types, ",")
		}
		definitions = append(definitions, definition)
	}
	return definitions
}
