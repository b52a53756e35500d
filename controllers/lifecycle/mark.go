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

package lifecycle

import (
	"encoding/json"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Origin says how the thing came to be ours.
type Origin string

// The origins of a mark.
const (
	OriginCreated Origin = "Created"
	OriginAdopted Origin = "Adopted"
)

// Mark is written together with the finalizer, before the first write to IM.
// After a lost reply it is the proof that what exists now is what we made.
type Mark struct {
	// UID of the object that wrote the mark. In a copy of the object (another
	// cluster, a restored backup) it is another one, and the mark proves nothing.
	UID types.UID `json:"uid"`
	// Time by IM's clock, in whole seconds, never ahead of it.
	Time time.Time `json:"time"`
	// Origin of the thing.
	Origin Origin `json:"origin"`
}

// ReadMark returns the object's own mark; ok is false when there is none, or
// when it belongs to another object.
func ReadMark(obj metav1.Object) (mark Mark, ok bool) {
	text, found := obj.GetAnnotations()[imv1alpha1.AnnotationMark]
	if !found || json.Unmarshal([]byte(text), &mark) != nil || mark.UID != obj.GetUID() {
		return Mark{}, false
	}
	return mark, true
}

// encode returns the annotation's value.
func (m Mark) encode() string {
	text, err := json.Marshal(m)
	if err != nil { // a UID, a time and a word always encode
		panic(err)
	}
	return string(text)
}

// Covers reports whether a thing that was made at the given time is the one the
// mark speaks of. A zero time (IM does not say) is covered.
func (m Mark) Covers(created time.Time) bool {
	return m.Origin == OriginAdopted || created.IsZero() || !created.Before(m.Time)
}
