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

package conversation

import (
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Settings are what an account's declaration means for its customers.
type Settings struct {
	Verification imv1alpha1.Verification
	// Agents are the UserIDs of the selected agents that IM knows.
	Agents []string
	// SessionIdle is the time without a message that ends a session.
	SessionIdle time.Duration
	// WaitingMessages and WaitingAge bound the replies that wait for a customer.
	WaitingMessages int
	WaitingAge      time.Duration
	// ImportOnFollow: followers become accounts in IM before they write.
	ImportOnFollow bool
	// Replies are told at once.
	Replies imv1alpha1.AutomaticReplies
}

// SettingsOf reads an account's declaration. Agents are UserIDs, as Settings has them.
func SettingsOf(account *imv1alpha1.WeChatOfficialAccount, agents []string) Settings {
	messages, age := account.WaitingLimits()
	settings := Settings{
		Verification: account.Spec.Verification, Agents: agents, SessionIdle: account.SessionIdle(),
		WaitingMessages: int(messages), WaitingAge: age,
		ImportOnFollow: account.FollowerImport() == imv1alpha1.FollowerImportOnFollow,
	}
	if account.Spec.Replies != nil {
		settings.Replies = *account.Spec.Replies
	}
	return settings
}

// textOnly: the account may not send messages, and only answers.
func (s *Settings) textOnly() bool { return s.Verification != imv1alpha1.VerificationVerified }
