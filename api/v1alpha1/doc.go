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

// Package v1alpha1 holds the kinds of the API group im.liveroom.io: what a
// platform team declares about one Tencent Cloud Chat (IM) application, and
// what the operator reports back.
//
// Conventions that hold for every kind:
//
//   - An absent optional field is not managed: the operator never writes it.
//   - Controllers write status only. Spec belongs to the user.
//   - Limits are those of the IM REST contract and count bytes of UTF-8, so a
//     Chinese character counts three.
//   - status.observedGeneration starts at -1, so that an object nobody has
//     looked at yet is not taken for a current one.
//
// +kubebuilder:object:generate=true
// +groupName=im.liveroom.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the API group and version of the kinds in this package.
	GroupVersion = schema.GroupVersion{Group: "im.liveroom.io", Version: "v1alpha1"}

	// SchemeBuilder collects what AddToScheme adds.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme adds the kinds of this group and version to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&ImApp{}, &ImAppList{},
		&ImAccount{}, &ImAccountList{},
		&GroupCustomField{}, &GroupCustomFieldList{},
		&LiveRoom{}, &LiveRoomList{},
		&ModerationPolicy{}, &ModerationPolicyList{},
		&UserLevelPolicy{}, &UserLevelPolicyList{},
		&WeChatOfficialAccount{}, &WeChatOfficialAccountList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
