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
	"net/url"
	"slices"
	"strings"
	"time"
)

// The callbacks that the simulator fires.
const (
	beforeSendToGroup  = "Group.CallbackBeforeSendMsg"
	afterSendToGroup   = "Group.CallbackAfterSendMsg"
	beforeCreateGroup  = "Group.CallbackBeforeCreateGroup"
	afterCreateGroup   = "Group.CallbackAfterCreateGroup"
	beforeApplyJoin    = "Group.CallbackBeforeApplyJoinGroup"
	beforeInviteJoin   = "Group.CallbackBeforeInviteJoinGroup"
	afterMemberJoin    = "Group.CallbackAfterNewMemberJoin"
	afterMemberExit    = "Group.CallbackAfterMemberExit"
	afterGroupFull     = "Group.CallbackAfterGroupFull"
	afterGroupDestroy  = "Group.CallbackAfterGroupDestroyed"
	afterInfoChange    = "Group.CallbackAfterGroupInfoChanged"
	afterAttrChange    = "Group.CallbackAfterGroupAttrChanged"
	afterOwnerChange   = "Group.CallbackAfterChangeGroupOwner"
	afterRecall        = "Group.CallbackAfterRecallMsg"
	afterMemberField   = "Group.CallbackAfterMemberFieldChanged"
	onMemberState      = "Group.CallbackOnMemberStateChange"
	onGroupSendFailure = "Group.CallbackSendMsgException"
	beforeSendChat     = "C2C.CallbackBeforeSendMsg"
	afterSendChat      = "C2C.CallbackAfterSendMsg"
	afterChatRead      = "C2C.CallbackAfterMsgReport"
	afterChatWithdraw  = "C2C.CallbackAfterMsgWithDraw"
	onStateChange      = "State.StateChange"
	onProfileSet       = "Profile.CallbackPortraitSet"
)

// CallbackCommands are the commands of all callbacks that the simulator fires.
var CallbackCommands = []string{
	beforeSendToGroup, afterSendToGroup, beforeCreateGroup, afterCreateGroup, beforeApplyJoin, beforeInviteJoin,
	afterMemberJoin, afterMemberExit, afterGroupFull, afterGroupDestroy, afterInfoChange, afterAttrChange,
	afterOwnerChange, afterRecall, afterMemberField, onMemberState, onGroupSendFailure,
	beforeSendChat, afterSendChat, afterChatRead, afterChatWithdraw, onStateChange, onProfileSet,
}

// Defaults and bounds of callbacks.
const (
	defaultCallbackTimeout = 2 * time.Second
	defaultCallbackQueue   = 65_536
	defaultCallbackWorkers = 64
	maxCallbackQueue       = 1_000_000
	maxCallbackWorkers     = 1024
	maxCallbackRetries     = 10
	maxCallbackWait        = 10 * time.Minute
	maxCallbackDomain      = 63
)

// CallbackOptions are the "callback configuration" of the provider's console.
// Without URL no callback is fired and nothing runs in the background.
type CallbackOptions struct {
	// URL receives all callbacks. The parameters of each are appended to it, so
	// it has no query of its own.
	URL string
	// Token signs callbacks. Empty means that they carry no Sign and no
	// RequestTime.
	Token string
	// Commands are the ticked callbacks. Empty means all.
	Commands []string
	// Timeout is the total time that the receiver has. 0 means 2 s.
	Timeout time.Duration
	// BlockOnFailure refuses an action whose before-callback failed or timed
	// out: messages with 80003, everything else with 10016. Otherwise the
	// action goes on, as at the console unless told otherwise.
	BlockOnFailure bool
	// RetryAfter repeats an after-callback that failed or timed out.
	RetryAfter bool
	// RetryDelays are the pauses before the repeats, at most ten. They pass in
	// real time. Empty means 1 s and 2 s.
	RetryDelays []time.Duration
	// StringEventTime sends EventTime as text, as some pages show it.
	StringEventTime bool
	// OmitEventCause is the older Group.CallbackOnMemberStateChange: without
	// EventCause, and only for heartbeats, not for entry and exit.
	OmitEventCause bool
	// MessageIDs adds MsgId to callbacks of messages, and EventTime to those of
	// one-to-one messages, as newer deployments do.
	MessageIDs bool
	// QueueSize is how many after-callbacks may be waiting, for a worker or for a
	// repeat, before further ones are dropped and counted. 0 means 65,536.
	QueueSize int
	// Workers is how many after-callbacks are under way at once. 0 means 64.
	// QueueSize and Workers cannot be changed at run time.
	Workers int
}

// Validate reports the first setting that callbacks cannot work with.
func (o CallbackOptions) Validate() error {
	if err := validateCallbackURL(o.URL); err != nil {
		return err
	}
	for _, command := range o.Commands {
		if !slices.Contains(CallbackCommands, command) {
			return fmt.Errorf("callback command %q: the simulator does not fire it", command)
		}
	}
	switch {
	case o.Timeout < 0 || o.Timeout > maxCallbackWait:
		return fmt.Errorf("callback timeout: must be from 0 to %s", maxCallbackWait)
	case len(o.RetryDelays) > maxCallbackRetries:
		return fmt.Errorf("callback retry delays: at most %d are allowed", maxCallbackRetries)
	case o.QueueSize < 0 || o.QueueSize > maxCallbackQueue:
		return fmt.Errorf("callback queue: must be from 0 to %d", maxCallbackQueue)
	case o.Workers < 0 || o.Workers > maxCallbackWorkers:
		return fmt.Errorf("callback workers: must be from 0 to %d", maxCallbackWorkers)
	}
	for _, delay := range o.RetryDelays {
		if delay < 0 || delay > maxCallbackWait {
			return fmt.Errorf("callback retry delay %s: must be from 0 to %s", delay, maxCallbackWait)
		}
	}
	return nil
}

// validateCallbackURL applies the syntax of the console. The text of the URL
// stays out of errors: its path may be a secret.
func validateCallbackURL(text string) error {
	if text == "" {
		return nil
	}
	parsed, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("callback URL: it cannot be parsed")
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return fmt.Errorf("callback URL: the scheme must be http or https")
	case parsed.Hostname() == "" || parsed.User != nil || parsed.Fragment != "":
		return fmt.Errorf("callback URL: it needs a host, and takes neither credentials nor a fragment")
	case strings.ContainsAny(text, "!$&? "):
		return fmt.Errorf("callback URL: it must have none of ! $ & ? and no blank")
	case len(parsed.Hostname()) > maxCallbackDomain:
		return fmt.Errorf("callback URL: the host has more than %d characters", maxCallbackDomain)
	}
	return nil
}

// withDefaults returns the options with every zero value resolved.
func (o CallbackOptions) withDefaults() CallbackOptions {
	o.Timeout = orDefault(o.Timeout, defaultCallbackTimeout)
	o.QueueSize = orDefault(o.QueueSize, defaultCallbackQueue)
	o.Workers = orDefault(o.Workers, defaultCallbackWorkers)
	o.Commands = slices.Clone(o.Commands)
	if len(o.RetryDelays) == 0 {
		o.RetryDelays = []time.Duration{time.Second, 2 * time.Second}
	} else {
		o.RetryDelays = slices.Clone(o.RetryDelays)
	}
	return o
}

// SetCallback replaces the callback configuration, as somebody at the console
// would but without the minutes that it takes there. QueueSize and Workers stay as
// they were when the simulator was made. What is waiting goes to the new URL;
// without one it is dropped.
func (s *Simulator) SetCallback(options CallbackOptions) error {
	return s.callbacks.configure(options)
}

// Callback returns the callback configuration in force.
func (s *Simulator) Callback() CallbackOptions { return s.callbacks.configuration() }

// CallbackStatus returns what became of the callbacks so far.
func (s *Simulator) CallbackStatus() CallbackStatus { return s.callbacks.status() }

// CallbackLog returns the most recent callbacks, oldest first.
func (s *Simulator) CallbackLog() []CallbackRecord { return s.callbacks.book.recent() }

// ResetCallbackCounters forgets all counted and logged callbacks.
func (s *Simulator) ResetCallbackCounters() { s.callbacks.book.reset() }
