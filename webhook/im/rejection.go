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

// Rejection is the reason for which a callback was refused, as metrics have it.
type Rejection string

// The reasons for refusals. Each is a value of a metric's label: the set is closed.
const (
	// RejectedMethod: not a POST.
	RejectedMethod Rejection = "method"
	// RejectedPath: no application has this path.
	RejectedPath Rejection = "path"
	// RejectedToken: the application has no token.
	RejectedToken Rejection = "no_token"
	// RejectedApp: the SDKAppID is another one.
	RejectedApp Rejection = "wrong_app"
	// RejectedAddress: it came from an address that is not IM's.
	RejectedAddress Rejection = "address"
	// RejectedUnsigned: Sign or RequestTime is missing.
	RejectedUnsigned Rejection = "unsigned"
	// RejectedForged: Sign is not the token's.
	RejectedForged Rejection = "forged"
	// RejectedStale: RequestTime is more than a minute away.
	RejectedStale Rejection = "stale"
	// RejectedSize: the body is too long.
	RejectedSize Rejection = "oversized"
	// RejectedRead: the body did not come in time or ended early.
	RejectedRead Rejection = "truncated"
	// RejectedDepth: the body is nested too deeply.
	RejectedDepth Rejection = "nested"
	// RejectedBody: the body is not a callback.
	RejectedBody Rejection = "malformed"
	// RejectedCommand: body and URL name different commands.
	RejectedCommand Rejection = "command"
	// RejectedBusy: too many callbacks at once.
	RejectedBusy Rejection = "busy"
	// RejectedJournal: the journal did not take the event.
	RejectedJournal Rejection = "journal"
)

// rejections are all reasons, so that each is exposed from the start.
var rejections = []Rejection{
	RejectedMethod, RejectedPath, RejectedToken, RejectedApp, RejectedAddress, RejectedUnsigned, RejectedForged, RejectedStale,
	RejectedSize, RejectedRead, RejectedDepth, RejectedBody, RejectedCommand, RejectedBusy, RejectedJournal,
}
