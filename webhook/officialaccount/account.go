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

// Package officialaccount keeps the webhook's view of each WeChatOfficialAccount:
// what its pushes are checked with, who answers its customers, the client that
// WeChat is called with; and reports in its status how customers and agents are
// connected.
package officialaccount

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

// Account is an account as pushes and the relay need it. It does not change:
// another version of it takes its place.
type Account struct {
	// Key is the WeChatOfficialAccount's name, UID its UID.
	Key types.NamespacedName
	UID string
	// Created is when the object was made: the oldest of several serves an appID.
	Created time.Time
	// App is the ImApp in which agents and customers live.
	App      types.NamespacedName
	SDKAppID int64
	// Object is what was declared. It must not be changed.
	Object *imv1alpha1.WeChatOfficialAccount
	// Keys are what pushes may be checked with, the present one first. None: every
	// push is refused.
	Keys []Key
	// Agents are who answers, in the order of their UserIDs.
	Agents []Agent
	// Hours of the agents.
	Hours Hours
	// WeChat calls WeChat. Nil when the account may call nothing, or there is no AppSecret.
	WeChat *wechat.Client
	// Held says why messages are taken and not passed on; empty when they are.
	Held string
}

// Key is one token with what belongs to it.
type Key struct {
	Token string
	// Segment is the secret part of the path.
	Segment string
	// Sealers decrypt pushes, and encrypt the answers: the present encodingAESKey
	// first. None where pushes are in clear.
	Sealers []seal.Sealer
}

// Agent is somebody who answers customers.
type Agent struct {
	UserID string
	// Presence is empty when it is not known.
	Presence imv1alpha1.PresenceState
}

// An OpenID has 28 of these characters.
const (
	openIDBytes      = 28
	openIDCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// UserID is the account in IM of a follower.
func (a *Account) UserID(openID string) string { return a.Object.UserIDPrefix() + openID }

// OpenID is the follower to whom a UserID belongs, if it can be one's.
func (a *Account) OpenID(userID string) (string, bool) {
	openID, found := strings.CutPrefix(userID, a.Object.UserIDPrefix())
	if !found || len(openID) != openIDBytes {
		return "", false
	}
	if strings.Trim(openID, openIDCharacters) != "" {
		return "", false
	}
	return openID, true
}

// Sends reports whether WeChat takes customer messages of the account.
func (a *Account) Sends() bool {
	return a.Object.Spec.Verification == imv1alpha1.VerificationVerified
}
