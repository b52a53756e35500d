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

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// StreamType says what carries a room's picture and sound.
// +kubebuilder:validation:Enum=CSS;TRTC
type StreamType string

const (
	// StreamTypeCSS is a stream of Cloud Streaming Services: one host pushes, many
	// watch.
	StreamTypeCSS StreamType = "CSS"
	// StreamTypeTRTC is a TRTC room, with a copy on the CDN, as the TWebLive
	// component of web pages uses it.
	StreamTypeTRTC StreamType = "TRTC"
)

// RoomStream declares the stream of a room.
// +kubebuilder:validation:XValidation:rule="(self.type == 'CSS') == has(self.css) && (self.type == 'TRTC') == has(self.trtc)",message="set css with type: CSS, trtc with type: TRTC, and not the other one"
// +kubebuilder:validation:XValidation:rule="!has(self.hostSecretName) || !has(self.trtc) || !has(self.trtc.viewerSecretName) || self.hostSecretName != self.trtc.viewerSecretName",message="hostSecretName and viewerSecretName must differ: whoever may watch must not be able to push"
// +kubebuilder:validation:XValidation:rule="self.type == oldSelf.type",message="the type of a stream is immutable: create another LiveRoom"
type RoomStream struct {
	// type is CSS or TRTC. Immutable.
	// +required
	Type StreamType `json:"type"`

	// css names a stream of Cloud Streaming Services. The ImApp needs spec.live.
	// +optional
	CSS *CSSStream `json:"css,omitempty"`

	// trtc names a TRTC room of the ImApp's SDKAppID.
	// +optional
	TRTC *TRTCStream `json:"trtc,omitempty"`

	// hostSecretName is the name of the Secret that the operator writes for whoever
	// pushes: URLs with their signatures, and when they end. Absent means that
	// none is issued.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	HostSecretName string `json:"hostSecretName,omitempty"`
}

// CSSStream names a stream.
// +kubebuilder:validation:XValidation:rule="has(self.streamName) == has(oldSelf.streamName) && (!has(self.streamName) || self.streamName == oldSelf.streamName)",message="streamName is immutable: create another LiveRoom for another stream"
type CSSStream struct {
	// streamName is unique in the Tencent Cloud account: 1 to 64 letters, digits
	// and -. (An _ would begin the name of a transcoding template.) Absent means
	// "<namespace>-<name>". Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9-]+$')",message="a stream name has letters, digits and - (after an _ the CDN reads the name of a transcoding template): rename it"
	StreamName string `json:"streamName,omitempty"`
}

// TRTCStream names a TRTC room and who pushes to it.
// +kubebuilder:validation:XValidation:rule="has(self.viewer) == has(self.viewerSecretName)",message="set viewer and viewerSecretName together"
type TRTCStream struct {
	// roomID is the number of the TRTC room. Immutable.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4294967294
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="roomID is immutable: create another LiveRoom for another TRTC room"
	RoomID int64 `json:"roomID"`

	// pusher is the user who pushes. The push URL holds a UserSig of this user.
	// +required
	Pusher UserReference `json:"pusher"`

	// streamID of the copy on the CDN. Absent means
	// <SDKAppID>_<roomID>_<pusher's UserID>_main, escaped as in a URL.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_-]+$`
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[0-9]+_[0-9]+_.+_(main|aux)$')",message="that is how TRTC names copies by itself, perhaps another room's: leave streamID out, or choose a name of another form"
	StreamID string `json:"streamID,omitempty"`

	// viewer is one user for whom a complete URL with low delay is issued, for
	// example for a preview screen. All other viewers append a UserID and UserSig of
	// their own to status.playback.lowLatency; one UserID can be in a room only once.
	// +optional
	Viewer *UserReference `json:"viewer,omitempty"`

	// viewerSecretName is the name of the Secret with that URL.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	ViewerSecretName string `json:"viewerSecretName,omitempty"`
}

// Keys of the Secrets that stream.hostSecretName and stream.trtc.viewerSecretName
// name.
const (
	// StreamKeyURL is the URL to push to, or to watch at: rtmp:// for CSS, room://
	// for TRTC.
	StreamKeyURL = "url"
	// StreamKeyWebRTC and StreamKeySRT are other forms of a CSS push URL.
	StreamKeyWebRTC = "webrtc"
	StreamKeySRT    = "srt"
	// StreamKeyServer and StreamKeyStreamKey are the two parts that OBS asks for.
	StreamKeyServer    = "server"
	StreamKeyStreamKey = "streamKey"
	// StreamKeyUserID and StreamKeyUserSig are of the user in a room:// URL.
	StreamKeyUserID  = "userID"
	StreamKeyUserSig = "userSig"
	// StreamKeyExpiresAt is when all of them end (RFC 3339).
	StreamKeyExpiresAt = "expiresAt"
)

// RoomPlayback tells viewers where to watch. With playback authentication the
// URLs end, and are issued anew long before.
type RoomPlayback struct {
	// flv is the HTTP-FLV URL.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	FLV string `json:"flv,omitempty"`

	// hls is the HLS URL, for phones and Safari.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	HLS string `json:"hls,omitempty"`

	// rtmp is the RTMP URL.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	RTMP string `json:"rtmp,omitempty"`

	// webrtc is the WebRTC URL with the lowest delay (LEB).
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	WebRTC string `json:"webrtc,omitempty"`

	// cdn is flv and hls in one text, as the TWebLive component takes them.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	CDN string `json:"cdn,omitempty"`

	// lowLatency (TRTC) is the beginning of the URL with low delay for the TWebLive
	// component. A viewer appends "&userid=<UserID>&usersig=<UserSig>".
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	LowLatency string `json:"lowLatency,omitempty"`

	// expiresAt is when the URLs end. Absent means never.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`
}

// StreamState says whether a room's stream is there.
// +kubebuilder:validation:Enum=Active;Inactive
type StreamState string

const (
	// StreamActive: somebody pushes.
	StreamActive StreamState = "Active"
	// StreamInactive: nobody does, or no more.
	StreamInactive StreamState = "Inactive"
)

// StreamFile is a file that was made of a stream.
type StreamFile struct {
	// url of the file.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	URL string `json:"url"`

	// time at which it was finished.
	// +required
	Time metav1.Time `json:"time"`
}

// StreamFinding is something about a stream that a person should look at.
type StreamFinding struct {
	// time of the finding.
	// +required
	Time metav1.Time `json:"time"`

	// message says what was found.
	// +required
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message"`
}

// RoomStreamStatus is what stream callbacks told about a room's stream.
type RoomStreamStatus struct {
	// state of the stream.
	// +required
	State StreamState `json:"state"`

	// since when it has been in this state, by the provider's clock.
	// +required
	Since metav1.Time `json:"since"`

	// disconnectCause says in words why the stream ended last. Only while Inactive.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	DisconnectCause string `json:"disconnectCause,omitempty"`

	// disconnectCode is the provider's number for it.
	// +optional
	DisconnectCode *int32 `json:"disconnectCode,omitempty"`

	// relay (TRTC) says how the copy to the CDN fares, as callback 401 tells it.
	// +optional
	// +kubebuilder:validation:Enum=Idle;Connecting;Running;Recovering;Failed;Disconnecting
	Relay string `json:"relay,omitempty"`

	// lastRecording is the file of the latest recording.
	// +optional
	LastRecording *StreamFile `json:"lastRecording,omitempty"`

	// lastScreenshot is the latest picture of the stream.
	// +optional
	LastScreenshot *StreamFile `json:"lastScreenshot,omitempty"`

	// lastModeration is the latest picture or sound that moderation found suspicious.
	// +optional
	LastModeration *StreamFinding `json:"lastModeration,omitempty"`

	// lastException is the latest trouble of a push or recording.
	// +optional
	LastException *StreamFinding `json:"lastException,omitempty"`
}
