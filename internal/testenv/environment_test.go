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

package testenv_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/liveroom-io/liveroom-operator/internal/testenv"
)

// Two environments, so that Run is seen to start more than one; the second one
// has nothing but Kubernetes itself.
var (
	env  = testenv.New(testenv.WithCRDs("testdata"))
	bare = testenv.New(testenv.WithoutCRDs(), testenv.WithAPIServerFlag("max-requests-inflight", "17"))
)

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, env, bare)) }

var roomKind = schema.GroupVersionKind{Group: "testenv.liveroom.io", Version: "v1", Kind: "Room"}

func room(namespace, name, title string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"title": title}}}
	object.SetGroupVersionKind(roomKind)
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

func newClient(t *testing.T, from *testenv.Environment, userAgent string) client.WithWatch {
	t.Helper()
	made, err := client.NewWithWatch(from.Config(userAgent), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestServesTheWantedVersion(t *testing.T) {
	g := NewWithT(t)
	made, err := discovery.NewDiscoveryClientForConfig(env.Config("version"))
	g.Expect(err).NotTo(HaveOccurred())
	version, err := made.ServerVersion()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect([]string{version.Major, version.Minor}).To(Equal([]string{"1", "37"}))
}

func TestInstallsCRDs(t *testing.T) {
	g := NewWithT(t)
	namespace := env.Namespace(t)
	c := newClient(t, env, "install")

	g.Expect(c.Create(t.Context(), room(namespace, "good", "晚间直播"))).To(Succeed())
	err := c.Create(t.Context(), room(namespace, "bad", strings.Repeat("长", 31)))
	g.Expect(apierrors.IsInvalid(err)).To(BeTrue(), "the schema refuses a title that is too long: %v", err)

	serves := func(from *testenv.Environment) error {
		made, err := discovery.NewDiscoveryClientForConfig(from.Config("install"))
		g.Expect(err).NotTo(HaveOccurred())
		_, err = made.ServerResourcesForGroupVersion("testenv.liveroom.io/v1")
		return err
	}
	g.Expect(serves(env)).To(Succeed())
	g.Expect(apierrors.IsNotFound(serves(bare))).To(BeTrue(), "the bare environment has no such kind")
}

func TestNamespacesDiffer(t *testing.T) {
	g := NewWithT(t)
	first, second := env.Namespace(t), env.Namespace(t)
	g.Expect(first).NotTo(Equal(second))
	g.Expect(first).To(HavePrefix("testnamespacesdiffer-"))
	g.Expect(newClient(t, env, "names").Get(t.Context(), client.ObjectKey{Name: first}, &corev1.Namespace{})).To(Succeed())
}

func TestKubeconfigNamesTheServer(t *testing.T) {
	NewWithT(t).Expect(string(env.Kubeconfig())).To(ContainSubstring(strings.TrimSuffix(env.Config("kubeconfig").Host, "/")))
}

func TestCountsRequests(t *testing.T) {
	g := NewWithT(t)
	namespace := env.Namespace(t)
	manager, other := newClient(t, env, "manager"), newClient(t, env, "other")
	before := env.Requests().Snapshot()

	object := room(namespace, "counted", "one")
	g.Expect(manager.Create(t.Context(), object)).To(Succeed())
	object.Object["status"] = map[string]any{"ready": true}
	g.Expect(manager.Status().Update(t.Context(), object)).To(Succeed())
	g.Expect(manager.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(room(namespace, "counted", "two")),
		client.FieldOwner("manager"), client.ForceOwnership)).To(Succeed())
	g.Expect(manager.Create(t.Context(), &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: namespace, Name: "said"},
		InvolvedObject: corev1.ObjectReference{Namespace: namespace, Name: "counted"},
	})).To(Succeed())
	g.Expect(manager.Get(t.Context(), client.ObjectKeyFromObject(object), object)).To(Succeed())
	g.Expect(other.Delete(t.Context(), object)).To(Succeed())

	mine := env.Requests().Since(before).By("manager").In(namespace)
	request := testenv.Request{
		UserAgent: "manager", Verb: "create", Group: "testenv.liveroom.io", Resource: "rooms", Namespace: namespace,
	}
	status, apply := request, request
	status.Verb, status.Subresource = "update", "status"
	apply.Verb = "apply"
	g.Expect(mine.Writes()).To(Equal(testenv.Counts{request: 1, status: 1, apply: 1}), mine.String())
	g.Expect(mine.Events().Total()).To(Equal(1))
	g.Expect(mine.Reads().Of("rooms").Total()).To(Equal(1))
	g.Expect(env.Requests().Since(before).By("other").In(namespace).Writes().Total()).To(Equal(1))
	g.Expect(bare.Requests().Snapshot().By("manager")).To(BeEmpty(), "each environment has its own counter")
}

// An environment stops in good time even while a client watches, and leaves no
// temporary directory behind.
func TestStopWhileWatched(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane of its own")
	}
	g := NewWithT(t)
	directory := t.TempDir()
	t.Setenv("TMPDIR", directory)
	own := testenv.New(testenv.WithoutCRDs())
	g.Expect(own.Start()).To(Succeed())
	g.Expect(own.Start()).To(MatchError("already started"))
	watcher := newClient(t, own, "watcher")
	watch, err := watcher.Watch(t.Context(), &corev1.ConfigMapList{})
	g.Expect(err).NotTo(HaveOccurred())
	defer watch.Stop()

	started := time.Now()
	g.Expect(own.Stop()).To(Succeed())
	t.Logf("stopped in %s", time.Since(started))
	g.Expect(own.Stop()).To(Succeed(), "a second stop does nothing")
	left, err := filepath.Glob(filepath.Join(directory, "*"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(BeEmpty())

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err = watcher.Get(ctx, client.ObjectKey{Name: "default"}, &corev1.Namespace{})
	g.Expect(err).To(HaveOccurred())
	g.Expect(errors.Is(err, context.DeadlineExceeded)).To(BeFalse(), "nothing listens any more: %v", err)
}
