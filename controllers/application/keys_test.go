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

package application

import (
	"context"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/live/control"
)

// vault is a cache and an API server with one Secret, nil for none.
type vault struct {
	cached string // version that the cache has
	secret *corev1.Secret
	reads  int
}

func (v *vault) SecretMetadata(context.Context, types.NamespacedName) (*metav1.PartialObjectMetadata, error) {
	if v.secret == nil {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, "keys")
	}
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{ResourceVersion: v.cached}}, nil
}

func (v *vault) Secret(context.Context, types.NamespacedName) (*corev1.Secret, error) {
	v.reads++
	return v.secret, nil
}

func (v *vault) put(version, cached string, data map[string][]byte) {
	v.cached = cached
	v.secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{ResourceVersion: version}, Data: data}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	v := &vault{}
	keys, err := NewKeys(v)
	if err != nil {
		t.Fatal(err)
	}
	name := types.NamespacedName{Namespace: "ns", Name: "keys"}
	type reader func(context.Context, types.NamespacedName, ...string) ([]string, error)
	expect := func(what string, read reader, reads int, want ...string) {
		t.Helper()
		got, err := read(t.Context(), name, "a", "b")
		if wait, missing := hold.As(err); missing != (want == nil) || missing && wait.Reason != imv1alpha1.ReasonKeyNotFound {
			t.Errorf("%s: %v", what, err)
		}
		if !slices.Equal(got, want) || v.reads != reads {
			t.Errorf("%s: got %q with %d reads, want %q with %d", what, got, v.reads, want, reads)
		}
	}
	data := func(a, b string) map[string][]byte { return map[string][]byte{"a": []byte(a), "b": []byte(b)} }

	expect("no Secret", keys.Read, 0)
	expect("no Secret, and none before", keys.Last, 0)
	v.put("10", "10", data("1", " \n"))
	expect("a blank key", keys.Read, 1)
	v.put("20", "20", data("1", "2\n"))
	expect("first", keys.Read, 2, "1", "2")
	expect("again", keys.Read, 2, "1", "2")
	v.put("40", "30", data("3", "4"))
	expect("changed, and once more before the cache knows", keys.Read, 3, "3", "4")
	v.cached = "40"
	expect("the cache catches up", keys.Read, 3, "3", "4")
	v.secret = nil
	expect("gone", keys.Read, 3)
	expect("gone, for a deletion", keys.Last, 3, "3", "4")
}

func TestControls(t *testing.T) {
	t.Parallel()
	controls, err := NewControls()
	if err != nil {
		t.Fatal(err)
	}
	client := func(endpoint, id, key string) *control.Client {
		t.Helper()
		c, err := controls.Client(control.Config{Endpoint: endpoint, Credentials: control.Credentials{SecretID: id, SecretKey: key}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := client("http://127.0.0.1:1", "id", "key")
	if client("http://127.0.0.1:1", "id", "key") != first {
		t.Error("the same account has two clients, which do not keep its limits together")
	}
	if client("http://127.0.0.1:2", "id", "key") == first || client("http://127.0.0.1:1", "other", "key") == first {
		t.Error("another endpoint or account has the same client")
	}
	rotated := client("http://127.0.0.1:1", "id", "rotated")
	if rotated == first || client("http://127.0.0.1:1", "id", "rotated") != rotated {
		t.Error("a rotated key does not replace the client for good")
	}
	if _, err := controls.Client(control.Config{Endpoint: "live"}); err == nil {
		t.Error("an endpoint that is no URL is accepted")
	}
}
