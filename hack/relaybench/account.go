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

package main

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// What both sides know. Nothing of it is worth anything outside of a run.
const (
	sdkAppID       = 1400000001
	secretKey      = "a key of the application that only simulators take"
	imToken        = "a token of IM that only simulators take"
	appID          = "wx0123456789abcdef"
	appSecret      = "a secret that only simulators take"
	pushToken      = "simulatorOnlyNotARealToken"
	encodingAESKey = "simulatorOnlyNotARealKey0000000000000000000"
	originalID     = "gh_0123456789ab"
	prefix         = "wx-"
	accountUID     = "0d7a2c61-8f7e-4b59-9a53-3f1d5c1a7e10"
)

var (
	appKey     = types.NamespacedName{Namespace: "bench", Name: "app"}
	accountKey = types.NamespacedName{Namespace: "bench", Name: "support"}
	agents     = []string{"lin", "zhou"}
)

// newSealer is what encrypts pushes and their answers.
func newSealer() (seal.Sealer, error) {
	key, err := seal.ParseKey(encodingAESKey)
	if err != nil {
		return seal.Sealer{}, fmt.Errorf("the encoding key: %w", err)
	}
	return seal.New(appID, key), nil
}

// newAccount is the account as its reconciler would make it: a verified service
// account in safe mode.
func newAccount(client *wechat.Client, transferring string) (*officialaccount.Account, error) {
	sealer, err := newSealer()
	if err != nil {
		return nil, err
	}
	object := &imv1alpha1.WeChatOfficialAccount{ObjectMeta: metav1.ObjectMeta{Namespace: accountKey.Namespace, Name: accountKey.Name, UID: accountUID}}
	object.Spec.AppRef.Name, object.Spec.AppID = appKey.Name, appID
	object.Spec.AccountType, object.Spec.Verification = imv1alpha1.OfficialAccountService, imv1alpha1.VerificationVerified
	object.Spec.MessageMode = imv1alpha1.MessageModeSafe
	object.Spec.Followers = &imv1alpha1.FollowerPolicy{UserIDPrefix: prefix}
	if transferring != "" {
		object.Spec.Replies = &imv1alpha1.AutomaticReplies{Transferring: transferring}
	}
	account := &officialaccount.Account{
		Key: accountKey, UID: accountUID, App: appKey, SDKAppID: sdkAppID, Object: object, WeChat: client,
		Keys: []officialaccount.Key{{
			Token: pushToken, Segment: officialaccount.Segment(pushToken, accountKey.Namespace, accountKey.Name), Sealers: []seal.Sealer{sealer},
		}},
	}
	for _, agent := range agents {
		account.Agents = append(account.Agents, officialaccount.Agent{UserID: agent, Presence: imv1alpha1.PresenceOnline})
	}
	return account, nil
}
