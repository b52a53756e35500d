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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Object is what all kinds of this group have in common; the life cycle is
// written against it.
//
// +kubebuilder:object:generate=false
type Object interface {
	metav1.Object
	runtime.Object

	// GetObjectStatus returns the shared part of status, to read or to change.
	GetObjectStatus() *ObjectStatus
}

// Managed is an Object that belongs to an ImApp and mirrors something in IM.
//
// +kubebuilder:object:generate=false
type Managed interface {
	Object

	// GetAppRef returns the reference to the ImApp.
	GetAppRef() AppReference
	// GetManagementPolicy never returns an empty policy.
	GetManagementPolicy() ManagementPolicy
	// GetDeletionPolicy never returns an empty policy.
	GetDeletionPolicy() DeletionPolicy
	// GetAdoptionPolicy never returns an empty policy.
	GetAdoptionPolicy() AdoptionPolicy
}
