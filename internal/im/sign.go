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
	"context"
	"sync"
	"time"
)

const (
	// userSigValidity is how long the administrator's UserSig is good for.
	userSigValidity = 48 * time.Hour
	// userSigRenewal is the age at which it is replaced: a day before its end, so that neither a clock that is wrong by
	// hours nor a sleep of the machine lets it run out.
	userSigRenewal = 24 * time.Hour
)

// identity is who a request is from, with the proof.
type identity struct {
	administrator string
	userSig       string
}

// keyring holds the administrator's credentials and the UserSig made from them.
type keyring struct {
	sdkAppID int64
	clock    Clock

	mu            sync.Mutex
	administrator string
	signer        *Signer
	userSig       string
	renewAt       time.Time
}

func newKeyring(sdkAppID int64, credentials Credentials, clock Clock) *keyring {
	k := &keyring{sdkAppID: sdkAppID, clock: clock}
	k.replace(credentials)
	return k
}

// replace installs other credentials; requests that are under way keep the old ones.
func (k *keyring) replace(credentials Credentials) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.administrator = credentials.Administrator
	k.signer = NewSigner(k.sdkAppID, credentials.SecretKey)
	k.userSig = ""
}

// current is the identity to use now.
func (k *keyring) current() (identity, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.clock.Now()
	if k.userSig == "" || !now.Before(k.renewAt) {
		userSig, err := k.signer.Sign(k.administrator, userSigValidity)
		if err != nil {
			return identity{}, err
		}
		k.userSig, k.renewAt = userSig, now.Add(userSigRenewal)
	}
	return identity{administrator: k.administrator, userSig: k.userSig}, nil
}

// discard makes the next call of current sign anew, unless that has happened already: of many requests that are
// refused together only the first has an effect.
func (k *keyring) discard(refused identity) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.userSig == refused.userSig {
		k.userSig = ""
	}
}

func (k *keyring) administratorName() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.administrator
}

// signing gives each attempt its identity.
type signing struct {
	keys *keyring
	wire *wire
}

func (s *signing) call(ctx context.Context, req request) ([]byte, error) {
	as, err := s.keys.current()
	if err != nil {
		return nil, &failure{
			err:     &Error{Class: Unauthorized, Command: req.command.name, Err: err},
			verdict: badCredential,
			silent:  true,
		}
	}
	answer, err := s.wire.post(ctx, req, as)
	if err != nil && asFailure(err).again == renewed {
		s.keys.discard(as)
	}
	return answer, err
}
