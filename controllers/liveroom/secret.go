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

package liveroom

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/live"
)

// Annotations on a Secret with the URLs of a stream. They say whether it still
// serves, so that its contents need not be read.
const (
	AnnotationURLExpiresAt   = "im.liveroom.io/stream-url-expires-at"
	AnnotationURLFingerprint = "im.liveroom.io/stream-url-fingerprint"
)

// SecretWish is what a Secret with URLs has to be.
type SecretWish struct {
	// Path of the Secret in spec, and its name.
	Path, Name string
	// Fingerprint stands for everything that the URLs are made of, but the time.
	Fingerprint string
	// Expires is when the URLs end at the earliest. Zero means never.
	Expires time.Time
	// Validity of URLs: one that outlasts it is too long.
	Validity time.Duration

	push *live.Push // of a CSS stream
	room *live.Room // as one user of a TRTC room sees it
}

// URLIssue is the value of a change that writes a Secret. It names the URLs without
// holding them.
type URLIssue struct {
	SecretName  string
	Fingerprint string
	// ExpiresAt is not part of what must converge: it differs each time.
	ExpiresAt time.Time `json:"-"`
}

// SecretDrop is the value of a change that deletes a Secret which spec names no
// longer.
type SecretDrop struct {
	SecretName string
	UID        types.UID
}

// SecretState is what the metadata of a Secret tells of the URLs in it. The zero
// value is a Secret that does not exist.
type SecretState struct {
	UID types.UID
	// Foreign says that it exists and the room does not control it.
	Foreign     bool
	Fingerprint string
	ExpiresAt   time.Time
}

func pushWish(name string, push live.Push, validity time.Duration) SecretWish {
	return SecretWish{
		Path: pathHostURLs, Name: name, Expires: push.Expires, Validity: validity, push: &push,
		Fingerprint: fingerprint(push.Key, "push", push.Domain, push.AppName, push.StreamName, validity.String()),
	}
}

func roomWish(path, name string, room live.Room, expires time.Time, validity time.Duration, signer string) SecretWish {
	return SecretWish{
		Path: path, Name: name, Expires: expires, Validity: validity, room: &room,
		Fingerprint: fingerprint(signer, "room", room.PushURL(), validity.String()),
	}
}

// fingerprint tells inputs apart without giving the key away.
func fingerprint(key string, inputs ...string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("im.liveroom.io/stream-url-fingerprint/v1\n" + strings.Join(inputs, "\n")))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// serves reports whether the URLs are those that are wanted, and not due.
func (s SecretState) serves(wish SecretWish, now time.Time) bool {
	if s.UID == "" || s.Foreign || s.Fingerprint != wish.Fingerprint {
		return false
	}
	if wish.Expires.IsZero() {
		return s.ExpiresAt.IsZero()
	}
	return !s.ExpiresAt.Before(wish.Expires) && !s.ExpiresAt.After(now.Add(wish.Validity+clockTolerance))
}

// planSecrets writes what is due, and takes away what is no longer named.
func planSecrets(d Desired, o Observed) []lifecycle.Change {
	if o.Secrets == nil {
		return nil
	}
	var changes []lifecycle.Change
	var named []string
	change := func(verb lifecycle.Verb, path string, value any) {
		changes = append(changes, lifecycle.Change{Verb: verb, Path: path, Condition: imv1alpha1.ConditionStreamURLsIssued, Value: value, Apart: true})
	}
	if d.Stream != nil {
		named = d.Stream.Named
		for _, wish := range d.Stream.Secrets {
			if !o.Secrets[wish.Name].serves(wish, d.Now) {
				change(lifecycle.Set, wish.Path, URLIssue{SecretName: wish.Name, Fingerprint: wish.Fingerprint, ExpiresAt: wish.Expires})
			}
		}
		for _, problem := range d.Stream.Problems {
			change(lifecycle.Set, problem.Path, problem)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Secrets)) {
		if state := o.Secrets[name]; !state.Foreign && state.UID != "" && !slices.Contains(named, name) {
			change(lifecycle.Remove, fmt.Sprintf("stream.secrets[%s]", name), SecretDrop{SecretName: name, UID: state.UID})
		}
	}
	return changes
}

// secrets reads the metadata of the Secrets that the room names, and of those that
// it controls.
func (k *Kind) secrets(ctx context.Context, d Desired) (map[string]SecretState, error) {
	states := map[string]SecretState{}
	owned := &metav1.PartialObjectMetadataList{}
	owned.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	if err := k.client.List(ctx, owned, client.InNamespace(d.Room.Namespace), client.MatchingFields{lookup.ByOwner: string(d.UID)}); err != nil {
		return nil, fmt.Errorf("listing the Secrets of the room: %w", err)
	}
	for i := range owned.Items {
		states[owned.Items[i].Name] = stateOf(&owned.Items[i], d.UID)
	}
	if d.Stream == nil {
		return states, nil
	}
	for _, name := range d.Stream.Named {
		if _, known := states[name]; known {
			continue
		}
		key := types.NamespacedName{Namespace: d.Room.Namespace, Name: name}
		switch secret, err := k.references.SecretMetadata(ctx, key); {
		case apierrors.IsNotFound(err):
		case err != nil:
			return nil, fmt.Errorf("reading Secret %s: %w", key, err)
		default:
			states[name] = stateOf(secret, d.UID)
		}
	}
	return states, nil
}

// stateOf reads annotations; one that cannot be read counts as absent, which makes
// the URLs due.
func stateOf(secret metav1.Object, owner types.UID) SecretState {
	state := SecretState{UID: secret.GetUID(), Foreign: lookup.OwnerOf(secret) != owner}
	if state.Foreign {
		return state
	}
	state.Fingerprint = secret.GetAnnotations()[AnnotationURLFingerprint]
	if end, err := time.Parse(time.RFC3339, secret.GetAnnotations()[AnnotationURLExpiresAt]); err == nil {
		state.ExpiresAt = end.UTC()
	}
	return state
}

// issue writes a Secret. Metadata may come from an old cache, so the API server is
// asked once more whose the Secret is; the write names the UID that was seen and so
// cannot hit another Secret of the same name.
func (k *Kind) issue(ctx context.Context, conn *application.Connection, d Desired, issue URLIssue) error {
	at := slices.IndexFunc(d.Stream.Secrets, func(wish SecretWish) bool { return wish.Name == issue.SecretName })
	if at < 0 {
		return fmt.Errorf("no URLs for Secret %s", issue.SecretName)
	}
	wish := d.Stream.Secrets[at]
	key := types.NamespacedName{Namespace: d.Room.Namespace, Name: issue.SecretName}
	var uid types.UID
	switch secret, err := k.references.Secret(ctx, key); {
	case apierrors.IsNotFound(err):
	case err != nil:
		return fmt.Errorf("reading Secret %s: %w", key, err)
	case stateOf(secret, d.UID).Foreign:
		return hold.New(imv1alpha1.ReasonSecretConflict, "Secret %s exists and is not controlled by this LiveRoom: delete it, or name another one", key)
	default:
		uid = secret.UID
	}
	var signer *im.Signer
	if conn != nil {
		signer = conn.Signer()
	}
	data, err := wish.data(signer, k.clock.Now())
	if err != nil {
		return err
	}
	secret := secretOf(d, issue, data)
	if uid != "" {
		secret.WithUID(uid)
	}
	if err := k.client.Apply(ctx, secret, lifecycle.FieldOwner, client.ForceOwnership); err != nil {
		return fmt.Errorf("writing Secret %s: %w", key, err)
	}
	return nil
}

// data makes the contents of a Secret. signer is needed for a TRTC room only.
func (w SecretWish) data(signer *im.Signer, now time.Time) (map[string][]byte, error) {
	data := map[string][]byte{}
	put := func(key, text string) { data[key] = []byte(text) }
	if !w.Expires.IsZero() {
		put(imv1alpha1.StreamKeyExpiresAt, w.Expires.UTC().Format(time.RFC3339))
	}
	if w.push != nil {
		put(imv1alpha1.StreamKeyURL, w.push.RTMP())
		put(imv1alpha1.StreamKeyWebRTC, w.push.WebRTC())
		put(imv1alpha1.StreamKeySRT, w.push.SRT())
		put(imv1alpha1.StreamKeyServer, w.push.Server())
		put(imv1alpha1.StreamKeyStreamKey, w.push.StreamKey())
		return data, nil
	}
	room := *w.room
	if roomWish(w.Path, w.Name, room, w.Expires, w.Validity, signer.Fingerprint()).Fingerprint != w.Fingerprint {
		wait := hold.New(imv1alpha1.ReasonPending, "the key was replaced during this pass")
		wait.Silent, wait.After = true, time.Second
		return nil, wait
	}
	signature, err := signer.Sign(room.UserID, w.Expires.Sub(now))
	if err != nil {
		return nil, fmt.Errorf("issuing a UserSig: %w", err)
	}
	room.UserSig = signature
	put(imv1alpha1.StreamKeyURL, room.PushURL())
	put(imv1alpha1.StreamKeyUserID, room.UserID)
	put(imv1alpha1.StreamKeyUserSig, signature)
	return data, nil
}

func secretOf(d Desired, issue URLIssue, data map[string][]byte) *applycorev1.SecretApplyConfiguration {
	annotations := map[string]string{AnnotationURLFingerprint: issue.Fingerprint}
	if !issue.ExpiresAt.IsZero() {
		annotations[AnnotationURLExpiresAt] = issue.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return applycorev1.Secret(issue.SecretName, d.Room.Namespace).
		WithOwnerReferences(applymetav1.OwnerReference().
			WithAPIVersion(imv1alpha1.GroupVersion.String()).WithKind("LiveRoom").
			WithName(d.Room.Name).WithUID(d.UID).WithController(true).WithBlockOwnerDeletion(true)).
		WithAnnotations(annotations).
		WithType(corev1.SecretTypeOpaque).
		WithData(data)
}

// drop deletes a Secret, unless it has become another one. Already gone is success.
func (k *Kind) drop(ctx context.Context, d Desired, drop SecretDrop) error {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: d.Room.Namespace, Name: drop.SecretName}}
	err := k.client.Delete(ctx, secret, client.Preconditions{UID: &drop.UID})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting Secret %s: %w", client.ObjectKeyFromObject(secret), err)
	}
	return nil
}
