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

package relay

import "github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"

// ReadPages bounds how many pages of a history are read at once.
func (r *Relay) ReadPages(n int) { r.history.pages = n }

// Unserved is how many sessions wait for their account.
func (r *Relay) Unserved() (n int) {
	r.history.mu.Lock()
	defer r.history.mu.Unlock()
	for _, keys := range r.history.unserved {
		n += len(keys)
	}
	return n
}

// DoubtHistory has replies of a session wait until its history has been read, as those do that
// other members may have missed something of.
func (r *Relay) DoubtHistory(uid, openID string) { r.history.doubt(conversation.Key(uid, openID)) }

// Read reports whether the history of a session has been read.
func (r *Relay) Read(uid, openID string) bool {
	r.history.mu.Lock()
	defer r.history.mu.Unlock()
	s := r.history.sessions[conversation.Key(uid, openID)]
	return s != nil && s.read
}
