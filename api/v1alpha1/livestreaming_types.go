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

// Keys of the Secrets that live streaming uses.
const (
	// PushKeyName is the key of pushKeySecretRef: the key of the push domain, as
	// the console shows it.
	PushKeyName = "pushKey"
	// PlaybackKeyName is the key of playbackKeySecretRef.
	PlaybackKeyName = "playbackKey"
	// CallbackKeyName is the key of callbackKeySecretRef.
	CallbackKeyName = "callbackKey"
	// FormerCallbackKeyName is the key that it may hold while the callback key is
	// being changed: callbacks signed with the former one, on its path, are taken
	// as well.
	FormerCallbackKeyName = "formerCallbackKey"
	// APISecretIDName and APISecretKeyName are the keys of apiCredentialsSecretRef.
	APISecretIDName  = "secretId"
	APISecretKeyName = "secretKey"
)

// Meanings of absent fields.
const (
	DefaultStreamAppName      = "live"
	DefaultURLValiditySeconds = 86400
	DefaultLiveAPIEndpoint    = "https://live.tencentcloudapi.com"
	DefaultTRTCAPIEndpoint    = "https://trtc.tencentcloudapi.com"
	DefaultTRTCAPIRegion      = "ap-guangzhou"
)

// PlaybackScheme says how viewers load files.
// +kubebuilder:validation:Enum=HTTPS;HTTP
type PlaybackScheme string

const (
	// PlaybackSchemeHTTPS needs a certificate for the playback domain. This is the
	// meaning of an absent scheme.
	PlaybackSchemeHTTPS PlaybackScheme = "HTTPS"
	// PlaybackSchemeHTTP does without.
	PlaybackSchemeHTTP PlaybackScheme = "HTTP"
)

// LiveStreaming says how the streams of Cloud Streaming Services (CSS) are pushed,
// watched and controlled (live contract, sections 1 to 5).
// +kubebuilder:validation:XValidation:rule="!has(self.playbackAuthDeltaSeconds) || has(self.playbackKeySecretRef)",message="playbackAuthDeltaSeconds belongs to playback authentication: set playbackKeySecretRef, or leave it out"
type LiveStreaming struct {
	// pushDomain that hosts push to. It belongs to one Tencent Cloud account.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	PushDomain string `json:"pushDomain"`

	// playbackDomain that viewers watch at.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	PlaybackDomain string `json:"playbackDomain"`

	// playbackScheme is HTTPS (the meaning of an absent scheme) or HTTP.
	// +optional
	PlaybackScheme PlaybackScheme `json:"playbackScheme,omitempty"`

	// appName is the path before the stream name. Absent means live.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]+$`
	AppName string `json:"appName,omitempty"`

	// accountAppID is the APPID of the Tencent Cloud account. ImApps with the same
	// one, or with the same pushDomain, share their stream names: blocking a stream
	// goes by its name alone. With it, callbacks of other accounts are refused.
	// +optional
	// +kubebuilder:validation:Minimum=1
	AccountAppID *int64 `json:"accountAppID,omitempty"`

	// pushKeySecretRef names the Secret whose key "pushKey" holds the master or
	// backup key of the push domain. Absent means that push authentication is
	// switched off, and anybody who knows a stream's name can push.
	// +optional
	PushKeySecretRef *SecretReference `json:"pushKeySecretRef,omitempty"`

	// playbackKeySecretRef names the Secret whose key "playbackKey" holds the key
	// of the playback domain. Absent means that playback authentication is off.
	// +optional
	PlaybackKeySecretRef *SecretReference `json:"playbackKeySecretRef,omitempty"`

	// playbackAuthDeltaSeconds is the validity that is set beside that key: a
	// playback URL ends that long after the time written in it. Absent means 0.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2592000
	PlaybackAuthDeltaSeconds *int32 `json:"playbackAuthDeltaSeconds,omitempty"`

	// callbackKeySecretRef names the Secret whose key "callbackKey" holds the key
	// of the callback template. Absent means that no stream callback is taken.
	// +optional
	CallbackKeySecretRef *SecretReference `json:"callbackKeySecretRef,omitempty"`

	// apiCredentialsSecretRef names the Secret whose keys "secretId" and
	// "secretKey" sign calls that control streams. Only needed for rooms with
	// stateControl.streamUnlessLive: Blocked.
	// +optional
	APICredentialsSecretRef *SecretReference `json:"apiCredentialsSecretRef,omitempty"`

	// apiEndpoint of the stream control API. Absent means
	// https://live.tencentcloudapi.com; accounts of the international site have
	// https://live.intl.tencentcloudapi.com.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^https?://[A-Za-z0-9.:\[\]-]+$`
	APIEndpoint string `json:"apiEndpoint,omitempty"`

	// urlValiditySeconds is how long push and playback URLs, and the UserSigs in
	// them, are valid. They are issued anew when a third of it is left. Absent
	// means 86400.
	// +optional
	// +kubebuilder:validation:Minimum=600
	// +kubebuilder:validation:Maximum=2592000
	URLValiditySeconds *int32 `json:"urlValiditySeconds,omitempty"`
}

// RealTimeCommunication says how the TRTC rooms of the same SDKAppID are used (live
// contract, sections 6 to 8).
type RealTimeCommunication struct {
	// callbackKeySecretRef names the Secret whose key "callbackKey" holds the key
	// of TRTC's callbacks. Absent means that none is taken.
	// +optional
	CallbackKeySecretRef *SecretReference `json:"callbackKeySecretRef,omitempty"`

	// apiCredentialsSecretRef names the Secret whose keys "secretId" and
	// "secretKey" sign calls that control rooms. Only needed for rooms with
	// stateControl.streamUnlessLive: Blocked.
	// +optional
	APICredentialsSecretRef *SecretReference `json:"apiCredentialsSecretRef,omitempty"`

	// apiEndpoint of the room control API. Absent means
	// https://trtc.tencentcloudapi.com; accounts of the international site have
	// https://trtc.intl.tencentcloudapi.com.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^https?://[A-Za-z0-9.:\[\]-]+$`
	APIEndpoint string `json:"apiEndpoint,omitempty"`

	// apiRegion that calls name. Absent means ap-guangzhou.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[a-z]+-[a-z0-9-]+$`
	APIRegion string `json:"apiRegion,omitempty"`

	// bizID of the account. Streams that TRTC relays to CSS are pushed to
	// <bizID>.livepush.myqcloud.com. With it, blocking a room's stream blocks its
	// copy on the CDN as well.
	// +optional
	// +kubebuilder:validation:Minimum=1
	BizID *int64 `json:"bizID,omitempty"`
}

// AdministratorSignature says whether callers may have the administrator's UserSig.
// +kubebuilder:validation:Enum=Deny;Allow
type AdministratorSignature string

const (
	// AdministratorSignatureDeny refuses, whatever allowedUserIDs says. This is the
	// meaning of an absent value.
	AdministratorSignatureDeny AdministratorSignature = "Deny"
	// AdministratorSignatureAllow lets allowedUserIDs decide. Whoever gets it can
	// do everything with the application.
	AdministratorSignatureAllow AdministratorSignature = "Allow"
)

// Meanings of absent fields of UserSigService.
const (
	DefaultUserSigAudience          = "usersig.im.liveroom.io"
	DefaultUserSigMaxValidity       = 3600
	DefaultUserSigRequestsPerMinute = 600
)

// UserSigService says to whom the webhook issues UserSigs for users of the
// application. A caller shows a token of its ServiceAccount, and needs the right
// to create imapps/usersig of this ImApp.
type UserSigService struct {
	// allowedUserIDs that callers may name: UserIDs, or patterns in which * stands
	// for any number of characters.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z0-9_@#*-]+$`
	AllowedUserIDs []string `json:"allowedUserIDs"`

	// administrator is Deny (the meaning of an absent value) or Allow.
	// +optional
	Administrator AdministratorSignature `json:"administrator,omitempty"`

	// audience that tokens of callers must be issued for. Absent means
	// usersig.im.liveroom.io.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Audience string `json:"audience,omitempty"`

	// maxValiditySeconds of a UserSig. Longer ones are refused; a caller that names
	// no validity gets this one. Absent means 3600.
	// +optional
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=15552000
	MaxValiditySeconds *int32 `json:"maxValiditySeconds,omitempty"`

	// requestsPerMinute of one caller (ServiceAccount) and pod of the webhook.
	// Absent means 600.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60000
	RequestsPerMinute *int32 `json:"requestsPerMinute,omitempty"`

	// allowedOrigins are the origins of pages that may call the service straight
	// from a browser (CORS). Absent means none: pages ask their own back end.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=261
	// +kubebuilder:validation:items:Pattern=`^https?://[A-Za-z0-9.:\[\]-]+$`
	AllowedOrigins []string `json:"allowedOrigins,omitempty"`
}
