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
	"context"
	"fmt"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

// Clients keeps one long-lived client per application.
type Clients struct {
	secrets *reference.Reader
	connect func(im.Config) (*im.Client, error)

	mu   sync.Mutex
	kept map[types.NamespacedName]*connection
	// share of the limits; the least that there is until the pod knows its own.
	share float64
}

// connection is a client and what it was made of.
type connection struct {
	settings    settings
	credentials im.Credentials
	client      *im.Client
}

// settings that need another client when they change.
type settings struct {
	endpoint          string
	sdkAppID          int64
	requestsPerSecond int
}

// NewClients returns a keeper without clients.
func NewClients(secrets *reference.Reader, connect func(im.Config) (*im.Client, error)) *Clients {
	return &Clients{secrets: secrets, connect: connect, kept: map[types.NamespacedName]*connection{}, share: 1.0 / journal.Partitions}
}

// For returns the client of an application, or nil while the controller has not
// found its credentials to be good: bad ones are tried, and reported, there.
func (c *Clients) For(ctx context.Context, app *imv1alpha1.ImApp) (*im.Client, error) {
	key := types.NamespacedName{Namespace: app.Namespace, Name: app.Name}
	if !meta.IsStatusConditionTrue(app.Status.Conditions, imv1alpha1.ConditionAuthenticated) {
		return nil, nil
	}
	wanted := settings{endpoint: app.Spec.Endpoint, sdkAppID: app.Spec.SDKAppID}
	if wanted.endpoint == "" {
		wanted.endpoint, _ = im.RegionEndpoint(string(app.Spec.Region))
	}
	if app.Spec.RequestsPerSecond != nil {
		wanted.requestsPerSecond = int(*app.Spec.RequestsPerSecond)
	}
	credentials, found, err := c.credentials(ctx, app)
	if err != nil || !found {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if before := c.kept[key]; before != nil && before.settings == wanted {
		if before.credentials != credentials {
			before.client.SetCredentials(credentials)
			before.credentials = credentials
		}
		return before.client, nil
	}
	made, err := c.connect(im.Config{
		Endpoint: wanted.endpoint, SDKAppID: wanted.sdkAppID, RequestsPerSecond: wanted.requestsPerSecond, Credentials: credentials,
		Share: c.share,
	})
	if err != nil {
		return nil, fmt.Errorf("making the client of ImApp %s: %w", key, err)
	}
	if before := c.kept[key]; before != nil {
		go before.client.Close()
	}
	c.kept[key] = &connection{settings: wanted, credentials: credentials, client: made}
	return made, nil
}

func (c *Clients) credentials(ctx context.Context, app *imv1alpha1.ImApp) (im.Credentials, bool, error) {
	key := types.NamespacedName{Namespace: app.Namespace, Name: app.Spec.CredentialsSecretRef.Name}
	secret, err := c.secrets.Secret(ctx, key)
	if apierrors.IsNotFound(err) {
		return im.Credentials{}, false, nil
	}
	if err != nil {
		return im.Credentials{}, false, fmt.Errorf("reading Secret %s: %w", key, err)
	}
	text := strings.TrimSpace(string(secret.Data[imv1alpha1.SecretKeyName]))
	return im.Credentials{Administrator: app.Spec.Administrator, SecretKey: text}, text != "", nil
}

// SetShare gives the clients their part of the limits: replicas split them.
func (c *Clients) SetShare(share float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.share = share
	for _, kept := range c.kept {
		kept.client.SetShare(share)
	}
}

// Remove closes the client of an application that is gone.
func (c *Clients) Remove(key types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if gone := c.kept[key]; gone != nil {
		delete(c.kept, key)
		go gone.client.Close()
	}
}

// Close closes all clients.
func (c *Clients) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, gone := range c.kept {
		delete(c.kept, key)
		gone.client.Close()
	}
}
