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

package lookup

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// StreamClaims are what a room's stream claims: a name in CSS, which counts in the
// whole Tencent Cloud account (of two rooms with one name, the ImApps say whether
// they share it), and a TRTC room of its application. The default name of the copy of
// a TRTC room is made of that room and claims nothing more.
func StreamClaims(room *imv1alpha1.LiveRoom) []string {
	stream := room.Spec.Stream
	switch {
	case stream == nil:
		return nil
	case stream.TRTC == nil:
		return []string{"css|" + room.CSSStreamName()}
	case stream.TRTC.StreamID != "":
		return []string{roomClaim(room), "css|" + stream.TRTC.StreamID}
	}
	return []string{roomClaim(room)}
}

func roomClaim(room *imv1alpha1.LiveRoom) string {
	return "trtc|" + AppKey(room).String() + "|" + strconv.FormatInt(room.Spec.Stream.TRTC.RoomID, 10)
}

// URLSecrets are the names of the Secrets that a room's stream names, the host's
// first.
func URLSecrets(room *imv1alpha1.LiveRoom) []string {
	var names []string
	if stream := room.Spec.Stream; stream != nil {
		if stream.HostSecretName != "" {
			names = append(names, stream.HostSecretName)
		}
		if stream.TRTC != nil && stream.TRTC.ViewerSecretName != "" {
			names = append(names, stream.TRTC.ViewerSecretName)
		}
	}
	return names
}

func urlSecrets(room *imv1alpha1.LiveRoom) []string {
	keys := URLSecrets(room)
	for i, name := range keys {
		keys[i] = inNamespace(room.Namespace, name)
	}
	return keys
}

// streamSecrets are those that rooms' streams depend on. The callback keys are the
// webhook's.
func streamSecrets(app *imv1alpha1.ImApp) []string {
	names := distinct{}
	add := func(ref *imv1alpha1.SecretReference) {
		if ref != nil {
			names.add(inNamespace(app.Namespace, ref.Name))
		}
	}
	if live := app.Spec.Live; live != nil {
		add(live.PushKeySecretRef)
		add(live.PlaybackKeySecretRef)
		add(live.APICredentialsSecretRef)
	}
	if trtc := app.Spec.TRTC; trtc != nil {
		add(trtc.APICredentialsSecretRef)
	}
	return names.values
}

// SameAccount reports whether streams of two ImApps are of one Tencent Cloud account,
// in which a name stands for one stream. A push domain, an APPID and a bizID each
// belong to one account.
func SameAccount(a, b *imv1alpha1.ImAppSpec) bool {
	if a.TRTC != nil && b.TRTC != nil && same(a.TRTC.BizID, b.TRTC.BizID) {
		return true
	}
	return a.Live != nil && b.Live != nil && (a.Live.PushDomain == b.Live.PushDomain || same(a.Live.AccountAppID, b.Live.AccountAppID))
}

// same reports whether two numbers are known and equal.
func same(a, b *int64) bool { return a != nil && b != nil && *a == *b }

func secretMetadata() *metav1.PartialObjectMetadata {
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	return meta
}

func owners(secret *metav1.PartialObjectMetadata) []string {
	if uid := OwnerOf(secret); uid != "" {
		return []string{string(uid)}
	}
	return nil
}

// OwnerOf is the UID of the LiveRoom that controls an object, empty for none.
func OwnerOf(obj metav1.Object) types.UID {
	controller := metav1.GetControllerOf(obj)
	if controller == nil || controller.Kind != "LiveRoom" || controller.APIVersion != imv1alpha1.GroupVersion.String() {
		return ""
	}
	return controller.UID
}
