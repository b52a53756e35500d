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

package reference

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

// counting counts reads and holds them until the gate opens.
type counting struct {
	client.Reader
	reads atomic.Int32
	gate  chan struct{}
}

func (c *counting) Get(ctx context.Context, key client.ObjectKey, obj client.Object, options ...client.GetOption) error {
	c.reads.Add(1)
	if c.gate != nil {
		<-c.gate
	}
	return c.Reader.Get(ctx, key, obj, options...)
}

func reading(t *testing.T, objects ...client.Object) (*Reader, *counting, client.Client) {
	t.Helper()
	c := fake.NewClientBuilder().WithObjects(objects...).Build()
	live := &counting{Reader: c}
	reader, err := NewReader(c, live)
	if err != nil {
		t.Fatal(err)
	}
	return reader, live, c
}

func lists(data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "lists"}, Data: data}
}

var key = types.NamespacedName{Namespace: "shop", Name: "lists"}

func reasonOf(err error) string {
	wait, _ := hold.As(err)
	if wait == nil {
		return ""
	}
	return wait.Reason
}

func TestConfigMap(t *testing.T) {
	object := lists(map[string]string{"a": "one", "b": "two"})
	reader, live, c := reading(t, object)
	data, version, err := reader.ConfigMap(t.Context(), key)
	if err != nil || len(data) != 2 || data["b"] != "two" {
		t.Errorf("got %v, %v", data, err)
	}
	if seen, err := reader.ConfigMapVersion(t.Context(), key); err != nil || seen != version || live.reads.Load() != 1 {
		t.Errorf("got version %s, %v after %d reads, want %s", seen, err, live.reads.Load(), version)
	}
	object.Data["a"] = "changed"
	if err := c.Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	data, newer, err := reader.ConfigMap(t.Context(), key)
	if err != nil || data["a"] != "changed" || newer == version {
		t.Errorf("got %v of version %s, %v", data, newer, err)
	}
}

func TestConfigMapThatCannotBeRead(t *testing.T) {
	reader, live, _ := reading(t)
	_, _, err := reader.ConfigMap(t.Context(), key)
	if got := reasonOf(err); got != imv1alpha1.ReasonReferenceNotFound || live.reads.Load() != 0 {
		t.Errorf("got %v after %d reads", err, live.reads.Load())
	}
	if _, err := reader.ConfigMapVersion(t.Context(), key); reasonOf(err) != imv1alpha1.ReasonReferenceNotFound {
		t.Errorf("got %v", err)
	}
	reader, _, _ = reading(t, lists(map[string]string{"a": strings.Repeat("a", MaxConfigMapBytes-1), "b": "b"}))
	if _, _, err = reader.ConfigMap(t.Context(), key); reasonOf(err) != imv1alpha1.ReasonInvalid {
		t.Errorf("got %v", err)
	}
}

// Who asks for one version at the same time shares one read.
func TestConfigMapIsReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader, live, _ := reading(t, lists(map[string]string{"a": "one"}))
		live.gate = make(chan struct{})
		ended := make(chan error)
		for range 8 {
			go func() {
				_, _, err := reader.ConfigMap(t.Context(), key)
				ended <- err
			}()
		}
		synctest.Wait()
		close(live.gate)
		for range 8 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if n := live.reads.Load(); n != 1 {
			t.Errorf("%d reads", n)
		}
	})
}

func TestViewKnowsWhetherValuesBelongTogether(t *testing.T) {
	object := lists(map[string]string{"a": "1", "b": "1"})
	reader, _, c := reading(t, object)
	read := func(view *View, name, want string) {
		t.Helper()
		got, err := view.Value(t.Context(), "shop", imv1alpha1.ConfigMapKeyReference{Name: "lists", Key: name}, MaxValueBytes)
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	view := reader.View()
	read(view, "a", "1")
	read(view, "b", "1")
	if view.Mixed() {
		t.Error("values of one version are mixed")
	}
	object.Data = map[string]string{"a": "2", "b": "2"}
	if err := c.Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	read(view, "b", "2")
	if !view.Mixed() {
		t.Error("values of two versions are not mixed")
	}
	view = reader.View()
	read(view, "a", "2")
	read(view, "b", "2")
	if view.Mixed() {
		t.Error("the next view is mixed")
	}
}
