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

package officialaccount

import "time"

// Handshake is what WeChat has shown of an account's settings in the console. It
// is shared by the replicas: whichever took the push knows.
type Handshake struct {
	// Segment is the secret part of the path that an authentic push came to; another
	// token makes another path, which has to be proven anew.
	Segment string `json:"segment,omitempty"`
	// Mismatch is when somebody came to the path without the right signature, since
	// the last authentic push. Zero when nobody did.
	Mismatch time.Time `json:"mismatch,omitzero"`
}

// Traffic is what the relay has done for an account.
type Traffic struct {
	Followers          int64
	RelayedToAgents    int64
	RelayedToCustomers int64
	UnknownOutcomes    int64
	Sessions           map[string]int32 // by agent
	Waiting            int32
	DeadLetters        int32
	// OriginalID of the account; empty while it is not known.
	OriginalID  string
	LastInbound time.Time
	// Backlog is how many messages are accepted and not passed on for longer than
	// they should be.
	Backlog int64
	// Obstacle is why, when the cause is a provider: a sentence.
	Obstacle string
}

// ActiveSessions is the number of customers who have an agent.
func (t *Traffic) ActiveSessions() int32 {
	var all int32
	for _, n := range t.Sessions {
		all += n
	}
	return all
}
