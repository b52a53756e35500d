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

// Region is the data centre of an SDKAppID (not of the caller).
// +kubebuilder:validation:Enum=China;Singapore;Seoul;Tokyo;Frankfurt;SiliconValley;Jakarta
type Region string

// The data centres of the IM REST contract, section 1.1.
const (
	RegionChina         Region = "China"
	RegionSingapore     Region = "Singapore"
	RegionSeoul         Region = "Seoul"
	RegionTokyo         Region = "Tokyo"
	RegionFrankfurt     Region = "Frankfurt"
	RegionSiliconValley Region = "SiliconValley"
	RegionJakarta       Region = "Jakarta"
)

// NamespacesFrom says which namespaces may use an ImApp.
// +kubebuilder:validation:Enum=Same;All;Selector
type NamespacesFrom string

const (
	// NamespacesFromSame allows the ImApp's own namespace only. This is the
	// meaning of an absent allowedNamespaces.
	NamespacesFromSame NamespacesFrom = "Same"
	// NamespacesFromAll allows every namespace.
	NamespacesFromAll NamespacesFrom = "All"
	// NamespacesFromSelector allows namespaces whose labels match the selector,
	// besides the ImApp's own.
	NamespacesFromSelector NamespacesFrom = "Selector"
)

// SecretKeyName is the key of a credentials Secret that holds the secret key
// of the application, as the ASCII text that the console shows.
const SecretKeyName = "secretKey"

// AllowedNamespaces is an ImApp's consent to be used from other namespaces.
// +kubebuilder:validation:XValidation:rule="has(self.selector) == (self.from == 'Selector')",message="selector belongs to from: Selector, and is required with it"
type AllowedNamespaces struct {
	// from says which namespaces may use this ImApp.
	// +required
	From NamespacesFrom `json:"from"`

	// selector matches labels of namespaces. Only with from: Selector.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// ImAppSpec declares one SDKAppID and how to reach it.
// +kubebuilder:validation:XValidation:rule="has(self.region) != has(self.endpoint)",message="set exactly one of region and endpoint"
type ImAppSpec struct {
	// sdkAppID of the application, as shown in the console. Immutable: another
	// application is another ImApp.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4294967295
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="sdkAppID is immutable: create another ImApp for another application"
	SDKAppID int64 `json:"sdkAppID"`

	// region is the data centre of the application. It decides the endpoint.
	// +optional
	Region Region `json:"region,omitempty"`

	// endpoint is the base URL of the REST API, in place of region: a backup
	// domain, or a simulator.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^https?://[A-Za-z0-9.:\[\]-]+$`
	Endpoint string `json:"endpoint,omitempty"`

	// administrator is the UserID of an app administrator, in whose name calls
	// are signed. The console's default is "administrator".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_-]+$`
	Administrator string `json:"administrator"`

	// credentialsSecretRef names the Secret whose key "secretKey" holds the
	// application's secret key. A changed Secret takes effect within seconds.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef"`

	// requestsPerSecond lowers the number of calls per second and command. It
	// can only lower the provider's own limits (200, 100 or 1 by command).
	// Absent means those limits.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=200
	RequestsPerSecond *int32 `json:"requestsPerSecond,omitempty"`

	// driftIntervalSeconds is the time between two looks at everything that
	// belongs to this application. Absent means 600.
	// +optional
	// +kubebuilder:validation:Minimum=30
	// +kubebuilder:validation:Maximum=86400
	DriftIntervalSeconds *int32 `json:"driftIntervalSeconds,omitempty"`

	// allowedNamespaces lets objects of other namespaces use this ImApp. Absent
	// means its own namespace only.
	// +optional
	AllowedNamespaces *AllowedNamespaces `json:"allowedNamespaces,omitempty"`

	// callbacks says how IM's callbacks are taken. Absent means that none are.
	// +optional
	Callbacks *Callbacks `json:"callbacks,omitempty"`

	// live says how CSS streams are pushed, watched and controlled. Absent means
	// that rooms of this application have none.
	// +optional
	Live *LiveStreaming `json:"live,omitempty"`

	// trtc says how TRTC rooms of this SDKAppID are observed and controlled.
	// +optional
	TRTC *RealTimeCommunication `json:"trtc,omitempty"`

	// userSigService says to whom the webhook issues UserSigs. Absent means to
	// nobody.
	// +optional
	UserSigService *UserSigService `json:"userSigService,omitempty"`
}

// ImAppStatus reports what is known of the application.
type ImAppStatus struct {
	ObjectStatus `json:",inline"`

	// endpoint in use.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Endpoint string `json:"endpoint,omitempty"`

	// callbackPath is the path of the webhook that takes this application's
	// callbacks. Enter the webhook's public address followed by this path in the
	// console. It is derived from the token and changes with it.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	CallbackPath string `json:"callbackPath,omitempty"`

	// liveCallbackPath is the path for the URLs of the CSS callback template. It is
	// derived from the callback key and changes with it.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	LiveCallbackPath string `json:"liveCallbackPath,omitempty"`

	// trtcCallbackPath is the path for TRTC's callbacks. It is derived from the
	// callback key and changes with it.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	TRTCCallbackPath string `json:"trtcCallbackPath,omitempty"`
}

// ImApp is one IM application (SDKAppID) and the credentials to manage it.
// Its deletion waits until no object uses it.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories=im,shortName=imapp
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="SDKAppID",type=integer,JSONPath=`.spec.sdkAppID`
// +kubebuilder:printcolumn:name="Callbacks",type=string,JSONPath=`.status.conditions[?(@.type=="CallbacksReceived")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type ImApp struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user declares.
	// +required
	Spec ImAppSpec `json:"spec"`

	// status is what the operator reports.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status ImAppStatus `json:"status,omitempty"`
}

// ImAppList is a list of ImApp.
// +kubebuilder:object:root=true
type ImAppList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ImApp `json:"items"`
}

// DefaultDriftIntervalSeconds is the meaning of an absent driftIntervalSeconds.
const DefaultDriftIntervalSeconds = 600

// GetObjectStatus implements Object.
func (a *ImApp) GetObjectStatus() *ObjectStatus { return &a.Status.ObjectStatus }
