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

package application

import (
	"fmt"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/liveroom-io/liveroom-operator/internal/live/control"
)

// keptControls bounds how many clients are kept: two for each account.
const keptControls = 512

// Controls are the clients of the API that controls streams, one for each endpoint
// and key of an account, so that all rooms of the account keep its limits together.
// It is safe for concurrent use.
type Controls struct {
	mu   sync.Mutex
	kept *lru.Cache[controlKey, *control.Client]
}

type controlKey struct{ endpoint, region, secretID string }

// NewControls returns a registry without clients.
func NewControls() (*Controls, error) {
	kept, err := lru.New[controlKey, *control.Client](keptControls)
	if err != nil {
		return nil, fmt.Errorf("making the registry of clients: %w", err)
	}
	return &Controls{kept: kept}, nil
}

// Client returns the client with these settings. One with a former secret key is
// replaced.
func (c *Controls) Client(config control.Config) (*control.Client, error) {
	key := controlKey{config.Endpoint, config.Region, config.Credentials.SecretID}
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.kept.Get(key); ok && client.Credentials == config.Credentials {
		return client, nil
	}
	client, err := control.New(config)
	if err != nil {
		return nil, err
	}
	c.kept.Add(key, client)
	return client, nil
}
