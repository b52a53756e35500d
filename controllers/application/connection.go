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

// Package application keeps one long-lived connection per ImApp: the IM client
// with its limiters, the signer, what is known of custom fields, and whether
// calls may be made at all. Every other kind gets at IM through it.
package application

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Connection is one application as the other kinds see it.
type Connection struct {
	// App is the ImApp's name.
	App types.NamespacedName
	// SDKAppID of the application.
	SDKAppID int64
	// Client is shared by everything that belongs to the application.
	Client *im.Client
	// Fields remembers which custom fields IM knows.
	Fields *Ledger

	signer func() *im.Signer
}

// Signer signs UserSigs with the secret key in use.
func (c *Connection) Signer() *im.Signer { return c.signer() }

// Settings are the parts of an ImApp that a client is made of. Two ImApps
// never share settings, since an SDKAppID has one claimant.
type Settings struct {
	Endpoint          string
	SDKAppID          int64
	RequestsPerSecond int
	Credentials       im.Credentials
}

// sameClient reports whether a client made from other still serves: only the
// credentials may have changed.
func (s Settings) sameClient(other Settings) bool {
	s.Credentials, other.Credentials = im.Credentials{}, im.Credentials{}
	return s == other
}

// gate says whether calls may be made for an application. Who waits at it
// repeats the reason; the details stay with the ImApp.
type gate struct {
	state  gateState
	reason string
}

type gateState int

const (
	// gateUndecided: nothing is known yet, as in the first moments after a start.
	gateUndecided gateState = iota
	// gateOpen: the credentials were accepted.
	gateOpen
	// gateClosed: calls are known to fail, or to be unwanted.
	gateClosed
)

// Refusal is the outcome of a failed probe.
type Refusal struct {
	Reason, Message string
	// Until is when the next probe may be made.
	Until time.Time
}

// lane is what the registry holds for one ImApp.
type lane struct {
	settings   Settings
	connection *Connection
	signer     *im.Signer
	gate       gate
	// keyLost says that the Secret is gone while the key in memory was never
	// refused: good enough to finish deletions with.
	keyLost bool
	// verified says that the present settings were accepted by IM.
	verified bool
	// notBefore holds back the next probe of refused settings.
	notBefore time.Time
	// lockedUntil holds back every probe: IM locks an account that failed too often.
	lockedUntil time.Time
	failures    int
	// strikes counts in a row how often calls were refused though a probe was
	// accepted; struck is when that last happened.
	strikes int
	struck  time.Time
	// refusal is what the last failed probe said, in words for a condition.
	refusal   Refusal
	throttled time.Time
}
