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
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// OfficialAccountType is the kind of a WeChat Official Account.
// +kubebuilder:validation:Enum=Subscription;Service
type OfficialAccountType string

const (
	// OfficialAccountSubscription is a subscription account.
	OfficialAccountSubscription OfficialAccountType = "Subscription"
	// OfficialAccountService is a service account.
	OfficialAccountService OfficialAccountType = "Service"
)

// Verification decides which interfaces of WeChat an account may call.
// +kubebuilder:validation:Enum=Verified;Unverified;Personal
type Verification string

const (
	// VerificationVerified accounts may send customer messages and use media.
	VerificationVerified Verification = "Verified"
	// VerificationUnverified accounts of an organisation may not until WeChat has
	// verified them: replies wait for the customer's next message.
	VerificationUnverified Verification = "Unverified"
	// VerificationPersonal accounts never may, and cannot be verified.
	VerificationPersonal Verification = "Personal"
)

// MessageMode is how the pushes of an account are protected.
// +kubebuilder:validation:Enum=Plaintext;Compatible;Safe
type MessageMode string

const (
	// MessageModePlaintext pushes are signed, and not encrypted.
	MessageModePlaintext MessageMode = "Plaintext"
	// MessageModeCompatible pushes hold everything twice, in clear and encrypted.
	MessageModeCompatible MessageMode = "Compatible"
	// MessageModeSafe pushes are encrypted, and so are the answers.
	MessageModeSafe MessageMode = "Safe"
)

// Keys of the Secret that credentialsSecretRef of a WeChatOfficialAccount names.
const (
	// WeChatAppSecretKeyName is the key of the AppSecret.
	WeChatAppSecretKeyName = "appSecret"
	// WeChatTokenKeyName is the key of the token that pushes are signed with.
	WeChatTokenKeyName = "token"
	// WeChatEncodingAESKeyKeyName is the key of the 43 characters that pushes are
	// encrypted with.
	WeChatEncodingAESKeyKeyName = "encodingAESKey"
	// WeChatFormerTokenKeyName is the key of the token before, while it is being changed.
	WeChatFormerTokenKeyName = "formerToken"
	// WeChatFormerEncodingAESKeyKeyName is the key of the encodingAESKey before,
	// while it is being changed.
	WeChatFormerEncodingAESKeyKeyName = "formerEncodingAESKey"
)

// Meanings of what is absent from the spec of a WeChatOfficialAccount.
const (
	DefaultWeChatEndpoint             = "https://api.weixin.qq.com"
	DefaultSessionIdleSeconds         = 30 * 60
	DefaultWaitingMessagesPerCustomer = 20
	DefaultWaitingMaxAgeSeconds       = 48 * 3600
	DefaultMediaMaxBytes              = 10 << 20
	DefaultMediaLinkValiditySeconds   = 24 * 3600
)

// WeChatOfficialAccountSpec declares an account and who answers its customers.
// +kubebuilder:validation:XValidation:rule="self.appRef == oldSelf.appRef",message="appRef is immutable: create another WeChatOfficialAccount for another application"
// +kubebuilder:validation:XValidation:rule="self.accountType != 'Service' || self.verification != 'Personal'",message="WeChat has no personal service accounts: use accountType: Subscription, or another verification",fieldPath=".verification"
// +kubebuilder:validation:XValidation:rule="(has(self.followers) && has(self.followers.userIDPrefix) ? self.followers.userIDPrefix : '@') == (has(oldSelf.followers) && has(oldSelf.followers.userIDPrefix) ? oldSelf.followers.userIDPrefix : '@')",message="followers.userIDPrefix is immutable, as every follower would become somebody else in IM: create another WeChatOfficialAccount"
type WeChatOfficialAccountSpec struct {
	// appRef names the ImApp in which agents and customers live. Immutable.
	// +required
	AppRef AppReference `json:"appRef"`

	// appID of the account, as shown in the WeChat console: wx and 16 lower-case
	// letters or digits. Immutable. Of several objects with one appID the oldest
	// serves it.
	// +required
	// +kubebuilder:validation:MaxLength=18
	// +kubebuilder:validation:Pattern=`^wx[0-9a-z]{16}$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="appID is immutable: create another WeChatOfficialAccount for another account"
	AppID string `json:"appID"`

	// endpoint is the base URL of WeChat's server API: a backup domain, or a
	// simulator. Absent means https://api.weixin.qq.com.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^https?://[A-Za-z0-9.:\[\]-]+$`
	Endpoint string `json:"endpoint,omitempty"`

	// accountType is Subscription or Service.
	// +required
	AccountType OfficialAccountType `json:"accountType"`

	// verification is Verified, Unverified or Personal. Only Verified accounts may
	// send customer messages and use media. For the others the answers of agents
	// are put together in the reply to the customer's next message, as text of at
	// most 2048 bytes.
	// +required
	Verification Verification `json:"verification"`

	// credentialsSecretRef names the Secret with these keys:
	// appSecret, for the calls of Verified accounts;
	// token, the same text as in the console, without which every push is refused;
	// encodingAESKey, the 43 characters of the console, for Compatible and Safe.
	// To change token or encodingAESKey without a gap, keep the value before as
	// formerToken or formerEncodingAESKey while the console is being changed: what
	// comes with either is taken. Remove it afterwards. status.callbackPath is
	// derived from the token, and that of formerToken is served meanwhile. A
	// changed Secret takes effect within seconds.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef"`

	// messageMode as chosen in the WeChat console. Compatible and Safe need
	// encodingAESKey. A push that is less protected than declared is refused.
	// +required
	MessageMode MessageMode `json:"messageMode"`

	// replies are what customers are told at once. Absent means nothing.
	// +optional
	Replies *AutomaticReplies `json:"replies,omitempty"`

	// followers says how followers become accounts in IM.
	// +optional
	Followers *FollowerPolicy `json:"followers,omitempty"`

	// agents are the accounts that answer customers.
	// +required
	Agents AgentSelection `json:"agents"`

	// routing says which agent gets a customer who has none. Absent means Sticky.
	// +optional
	Routing Routing `json:"routing,omitempty"`

	// sessionIdleSeconds without a message, of customer or agent, end a session:
	// the next message is routed anew. Absent means 1800.
	// +optional
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=172800
	SessionIdleSeconds *int32 `json:"sessionIdleSeconds,omitempty"`

	// businessHours of the agents. Outside of them customers are told
	// replies.outOfHours; what they write is not lost. Absent means always open.
	// +optional
	BusinessHours *BusinessHours `json:"businessHours,omitempty"`

	// waiting bounds the replies that WeChat takes only when the customer has
	// written again.
	// +optional
	Waiting *WaitingReplies `json:"waiting,omitempty"`

	// media bounds the pictures, voices and videos of customers that agents open.
	// +optional
	Media *CustomerMedia `json:"media,omitempty"`
}

// WeChatOfficialAccountStatus reports how customers and agents are connected.
// It names no customer. Numbers are written at most every 10 seconds, and never
// without news.
type WeChatOfficialAccountStatus struct {
	ObjectStatus `json:",inline"`

	// callbackPath is the path of the webhook that takes this account's pushes.
	// Enter the webhook's public address followed by this path in the WeChat
	// console. It is derived from the token and changes with it.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	CallbackPath string `json:"callbackPath,omitempty"`

	// originalID of the account (gh_ and more), learned from pushes.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	OriginalID string `json:"originalID,omitempty"`

	// followers known: those who followed, or wrote, since the object was made.
	// +optional
	Followers int64 `json:"followers,omitempty"`

	// activeSessions is the number of customers who have an agent.
	// +optional
	ActiveSessions int32 `json:"activeSessions,omitempty"`

	// relayedToAgents is the number of customers' messages that IM has taken.
	// +optional
	RelayedToAgents int64 `json:"relayedToAgents,omitempty"`

	// relayedToCustomers is the number of agents' messages that WeChat has taken.
	// +optional
	RelayedToCustomers int64 `json:"relayedToCustomers,omitempty"`

	// waiting is the number of replies that wait for a customer to write again.
	// +optional
	Waiting int32 `json:"waiting,omitempty"`

	// deadLetters is the number of messages that were given up and are kept, to be
	// replayed or dropped by hand.
	// +optional
	DeadLetters int32 `json:"deadLetters,omitempty"`

	// unknownOutcomes is the number of replies whose answer from WeChat was lost.
	// They may or may not have arrived, and are not sent again by themselves.
	// +optional
	UnknownOutcomes int64 `json:"unknownOutcomes,omitempty"`

	// lastInboundTime is the time of the last push, to the minute.
	// +optional
	LastInboundTime *metav1.Time `json:"lastInboundTime,omitempty"`

	// agents is the number of accounts that spec.agents selects and IM knows.
	// +optional
	Agents int32 `json:"agents,omitempty"`

	// sessions of each agent who has any.
	// +optional
	// +listType=map
	// +listMapKey=agentUserID
	// +kubebuilder:validation:MaxItems=100
	Sessions []AgentSessions `json:"sessions,omitempty"`
}

// WeChatOfficialAccount connects the customers of a WeChat Official Account with
// agents in IM.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=im,shortName=wxoa,path=wechatofficialaccounts
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="AppID",type=string,JSONPath=`.spec.appID`
// +kubebuilder:printcolumn:name="Followers",type=integer,JSONPath=`.status.followers`
// +kubebuilder:printcolumn:name="Sessions",type=integer,JSONPath=`.status.activeSessions`
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.waiting`
// +kubebuilder:printcolumn:name="Dead",type=integer,JSONPath=`.status.deadLetters`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Path",type=string,priority=1,JSONPath=`.status.callbackPath`
type WeChatOfficialAccount struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user declares.
	// +required
	Spec WeChatOfficialAccountSpec `json:"spec"`

	// status is what the operator reports.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status WeChatOfficialAccountStatus `json:"status,omitempty"`
}

// WeChatOfficialAccountList is a list of WeChatOfficialAccount.
// +kubebuilder:object:root=true
type WeChatOfficialAccountList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []WeChatOfficialAccount `json:"items"`
}

// Endpoint is the base URL of WeChat's server API.
func (a *WeChatOfficialAccount) Endpoint() string {
	return orDefault(a.Spec.Endpoint, DefaultWeChatEndpoint)
}

// Routing never returns an empty routing.
func (a *WeChatOfficialAccount) Routing() Routing { return orDefault(a.Spec.Routing, RoutingSticky) }

// SessionIdle is the time without a message that ends a session.
func (a *WeChatOfficialAccount) SessionIdle() time.Duration {
	return seconds(a.Spec.SessionIdleSeconds, DefaultSessionIdleSeconds)
}

// FollowerImport never returns an empty policy.
func (a *WeChatOfficialAccount) FollowerImport() FollowerImport {
	return orDefault(orEmpty(a.Spec.Followers).Import, FollowerImportOnMessage)
}

// UserIDPrefix is what the UserID of a follower has before the OpenID.
func (a *WeChatOfficialAccount) UserIDPrefix() string {
	return orEmpty(a.Spec.Followers).UserIDPrefix
}

// OnUnfollow says what becomes of a follower's account in IM. It never returns
// an empty policy.
func (a *WeChatOfficialAccount) OnUnfollow() DeletionPolicy {
	return orDefault(orEmpty(a.Spec.Followers).OnUnfollow, DeletionPolicyRetain)
}

// WaitingLimits are how many replies may wait for one customer, and how long.
func (a *WeChatOfficialAccount) WaitingLimits() (perCustomer int32, age time.Duration) {
	waiting := orEmpty(a.Spec.Waiting)
	return valueOr(waiting.MaxMessagesPerCustomer, DefaultWaitingMessagesPerCustomer),
		seconds(waiting.MaxAgeSeconds, DefaultWaitingMaxAgeSeconds)
}

// MediaLimits are how large what an agent opens may be, and how long its link is good.
func (a *WeChatOfficialAccount) MediaLimits() (maxBytes int64, validity time.Duration) {
	media := orEmpty(a.Spec.Media)
	return valueOr(media.MaxBytes, DefaultMediaMaxBytes),
		seconds(media.LinkValiditySeconds, DefaultMediaLinkValiditySeconds)
}

// GetObjectStatus implements Object.
func (a *WeChatOfficialAccount) GetObjectStatus() *ObjectStatus { return &a.Status.ObjectStatus }

// GetAppRef returns the reference to the ImApp.
func (a *WeChatOfficialAccount) GetAppRef() AppReference { return a.Spec.AppRef.In(a.Namespace) }

func seconds(value *int32, absent int32) time.Duration {
	return time.Duration(valueOr(value, absent)) * time.Second
}

func valueOr[T any](value *T, absent T) T {
	if value == nil {
		return absent
	}
	return *value
}

func orEmpty[T any](value *T) T {
	var empty T
	return valueOr(value, empty)
}
