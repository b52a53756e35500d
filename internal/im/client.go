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

// Package im is the client of the IM server REST API.
package im

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Clock tells the wall time, for signatures and for the times in requests.
type Clock interface{ Now() time.Time }

// Config describes one application and how to call it.
type Config struct {
	Endpoint          string
	SDKAppID          int64
	Credentials       Credentials
	RequestsPerSecond int
	Share             float64
	DryRun            bool
	Linger            time.Duration
	Transport         http.RoundTripper
	Clock             Clock
	Metrics           *Metrics
	OnThrottle        func(command string)
	OnUnauthorized    func(error)
}

// Metrics are the collectors of all clients of a process.
type Metrics struct{}

// Client calls the provider for one application.
type Client struct{}

var errSoon = errors.ErrUnsupported

func New(Config) (*Client, error)                 { return nil, errSoon }
func (c *Client) Close()                          {}
func (c *Client) SetCredentials(Credentials)      {}
func (c *Client) ProviderTime() time.Time         { return time.Time{} }
func (c *Client) Probe(ctx context.Context) error { return errSoon }
func (c *Client) AccountExists(ctx context.Context, userID string) (bool, error) {
	return false, errSoon
}
func (c *Client) ImportAccount(ctx context.Context, account NewAccount) error { return errSoon }
func (c *Client) DeleteAccount(ctx context.Context, userID string) error      { return errSoon }
func (c *Client) Profile(ctx context.Context, userID string, customKeys []string) (Profile, error) {
	return Profile{}, errSoon
}
func (c *Client) SetProfile(ctx context.Context, userID string, profile Profile) error {
	return errSoon
}
func (c *Client) Accounts(ctx context.Context, userIDs []string) (map[string]bool, error) {
	return nil, errSoon
}
func (c *Client) Profiles(ctx context.Context, userIDs, customKeys []string) (map[string]ProfileResult, error) {
	return nil, errSoon
}
func (c *Client) Group(ctx context.Context, groupID string, fieldKeys []string) (Group, error) {
	return Group{}, errSoon
}
func (c *Client) Groups(ctx context.Context, groupIDs, fieldKeys []string) (map[string]GroupResult, error) {
	return nil, errSoon
}
func (c *Client) CreateGroup(ctx context.Context, group NewGroup) error { return errSoon }
func (c *Client) ChangeGroup(ctx context.Context, groupID string, change GroupChange) error {
	return errSoon
}
func (c *Client) DestroyGroup(ctx context.Context, groupID string) error        { return errSoon }
func (c *Client) ChangeOwner(ctx context.Context, groupID, userID string) error { return errSoon }
func (c *Client) AddMember(ctx context.Context, groupID, userID string) error   { return errSoon }
func (c *Client) MembersByRole(ctx context.Context, groupID, role string) ([]string, error) {
	return nil, errSoon
}
func (c *Client) SetAdministrator(ctx context.Context, groupID, userID string, admin bool) error {
	return errSoon
}
func (c *Client) LiveAdministrators(ctx context.Context, groupID string) ([]string, error) {
	return nil, errSoon
}
func (c *Client) SetLiveAdministrators(ctx context.Context, groupID string, userIDs []string, admin bool) error {
	return errSoon
}
func (c *Client) Bans(ctx context.Context, groupID string) (map[string]time.Time, error) {
	return nil, errSoon
}
func (c *Client) Ban(ctx context.Context, groupID string, userIDs []string, d time.Duration) error {
	return errSoon
}
func (c *Client) Unban(ctx context.Context, groupID string, userIDs []string) error { return errSoon }
func (c *Client) Attributes(ctx context.Context, groupID string) (map[string]string, error) {
	return nil, errSoon
}
func (c *Client) SetAttributes(ctx context.Context, groupID string, attributes []Field) error {
	return errSoon
}
func (c *Client) DeleteAttributes(ctx context.Context, groupID string, keys []string) error {
	return errSoon
}
