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

package v1alpha1

import (
	"testing"
	"time"
)

// effective is what the spec of an account comes to.
type effective struct {
	endpoint, prefix      string
	routing               Routing
	idle, age, validity   time.Duration
	imports               FollowerImport
	onUnfollow            DeletionPolicy
	messages              int32
	maxBytes              int64
	appName, appNamespace string
}

func effectiveOf(a *WeChatOfficialAccount) effective {
	messages, age := a.WaitingLimits()
	maxBytes, validity := a.MediaLimits()
	ref := a.GetAppRef()
	return effective{
		endpoint: a.Endpoint(), prefix: a.UserIDPrefix(), routing: a.Routing(), idle: a.SessionIdle(), age: age,
		validity: validity, imports: a.FollowerImport(), onUnfollow: a.OnUnfollow(), messages: messages,
		maxBytes: maxBytes, appName: ref.Name, appNamespace: ref.Namespace,
	}
}

func TestAbsentFieldsOfAWeChatOfficialAccount(t *testing.T) {
	t.Parallel()
	absent := effective{
		endpoint: "https://api.weixin.qq.com", routing: RoutingSticky, idle: 30 * time.Minute, age: 48 * time.Hour,
		validity: 24 * time.Hour, imports: FollowerImportOnMessage, onUnfollow: DeletionPolicyRetain, messages: 20,
		maxBytes: 10485760, appName: "shop", appNamespace: "ns",
	}
	for name, tc := range map[string]struct {
		change func(*WeChatOfficialAccountSpec)
		want   effective
	}{
		"absent": {func(*WeChatOfficialAccountSpec) {}, absent},
		"empty": {func(s *WeChatOfficialAccountSpec) {
			s.Followers, s.Waiting, s.Media = &FollowerPolicy{}, &WaitingReplies{}, &CustomerMedia{}
		}, absent},
		"set": {func(s *WeChatOfficialAccountSpec) {
			s.AppRef.Namespace, s.Endpoint, s.Routing, s.SessionIdleSeconds = "platform", "http://127.0.0.1:18091", RoutingLeastBusy, new(int32(60))
			s.Followers = &FollowerPolicy{Import: FollowerImportOnFollow, UserIDPrefix: "wx-", OnUnfollow: DeletionPolicyDelete}
			s.Waiting = &WaitingReplies{MaxMessagesPerCustomer: new(int32(1)), MaxAgeSeconds: new(int32(3600))}
			s.Media = &CustomerMedia{MaxBytes: new(int64(65536)), LinkValiditySeconds: new(int32(300))}
		}, effective{
			endpoint: "http://127.0.0.1:18091", prefix: "wx-", routing: RoutingLeastBusy, idle: time.Minute, age: time.Hour,
			validity: 5 * time.Minute, imports: FollowerImportOnFollow, onUnfollow: DeletionPolicyDelete, messages: 1,
			maxBytes: 65536, appName: "shop", appNamespace: "platform",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a := validOfficialAccount.DeepCopy()
			a.Namespace = "ns"
			tc.change(&a.Spec)
			if got := effectiveOf(a); got != tc.want {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
}
