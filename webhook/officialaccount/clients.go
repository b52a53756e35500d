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

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
)

// Clients keeps one long-lived client of WeChat per account.
type Clients struct {
	tokens  func(uid string) wechat.TokenStore
	connect func(wechat.Options) (*wechat.Client, error)

	mu   sync.Mutex
	kept map[string]*connection // by UID
	// share of the rate; the least that there is until the pod knows its own.
	share float64
}

// connection is a client and what it was made of.
type connection struct {
	appID, endpoint string
	secret          [sha256.Size]byte // its digest
	client          *wechat.Client
}

// NewClients returns a keeper without clients. tokens is where the replicas share
// the access token of an account, by its UID.
func NewClients(share float64, tokens func(uid string) wechat.TokenStore, connect func(wechat.Options) (*wechat.Client, error)) *Clients {
	return &Clients{tokens: tokens, connect: connect, kept: map[string]*connection{}, share: share}
}

// For returns the client of an account.
func (c *Clients) For(uid, appID, endpoint, secret string) (*wechat.Client, error) {
	digest := sha256.Sum256([]byte(secret))
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.kept[uid]
	if before != nil && before.appID == appID && before.endpoint == endpoint {
		if before.secret != digest {
			before.client.SetSecret(wechat.Secret(secret))
			before.secret = digest
		}
		return before.client, nil
	}
	made, err := c.connect(wechat.Options{AppID: appID, Endpoint: endpoint, Secret: wechat.Secret(secret), Tokens: c.tokens(uid)})
	if err != nil {
		return nil, fmt.Errorf("making the client of %s: %w", appID, err)
	}
	made.SetShare(c.share)
	if before != nil {
		before.client.Close()
	}
	c.kept[uid] = &connection{appID: appID, endpoint: endpoint, secret: digest, client: made}
	return made, nil
}

// SetShare gives the clients their part of the rate: replicas split it.
func (c *Clients) SetShare(share float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.share = share
	for _, kept := range c.kept {
		kept.client.SetShare(share)
	}
}

// Keep closes the clients of all accounts but these.
func (c *Clients) Keep(uids map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for uid, kept := range c.kept {
		if !uids[uid] {
			delete(c.kept, uid)
			kept.client.Close()
		}
	}
}

// Close closes all clients.
func (c *Clients) Close() { c.Keep(nil) }

// digest of the AppSecret that the client of an account has.
func (c *Clients) digest(uid string) [sha256.Size]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept := c.kept[uid]; kept != nil {
		return kept.secret
	}
	return [sha256.Size]byte{}
}
