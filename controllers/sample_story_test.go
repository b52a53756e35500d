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

package controllers_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	"github.com/liveroom-io/liveroom-operator/internal/testenv"
)

// samples are the manifests of a directory of config/samples in the order of its
// kustomization, moved to the story's namespace and simulator.
func (s *story) samples(name string) []*unstructured.Unstructured {
	s.t.Helper()
	root, err := testenv.ModuleRoot()
	s.Expect(err).NotTo(HaveOccurred())
	directory := filepath.Join(root, "config", "samples", name)
	var kustomization struct {
		Resources []string `json:"resources"`
	}
	text, err := os.ReadFile(filepath.Join(directory, "kustomization.yaml"))
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(yaml.Unmarshal(text, &kustomization)).To(Succeed())

	var objects []*unstructured.Unstructured
	for _, file := range kustomization.Resources {
		text, err := os.ReadFile(filepath.Join(directory, file))
		s.Expect(err).NotTo(HaveOccurred())
		decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
		for {
			obj := &unstructured.Unstructured{}
			err := decoder.Decode(obj)
			if errors.Is(err, io.EOF) {
				break
			}
			s.Expect(err).NotTo(HaveOccurred(), file)
			s.moveHere(obj)
			objects = append(objects, obj)
		}
	}
	return objects
}

// moveHere is what an overlay of the samples would change.
func (s *story) moveHere(obj *unstructured.Unstructured) {
	if obj.GetKind() == "Namespace" {
		obj.SetName(s.namespace)
		return
	}
	obj.SetNamespace(s.namespace)
	if obj.GetKind() == "ImApp" {
		s.Expect(unstructured.SetNestedField(obj.Object, s.url, "spec", "endpoint")).To(Succeed())
		s.Expect(unstructured.SetNestedField(obj.Object, s.sdkAppID, "spec", "sdkAppID")).To(Succeed())
	}
}

// apply applies objects as kubectl does on the server's side, and returns the
// resource versions that came out.
func (s *story) apply(objects []*unstructured.Unstructured) map[string]string {
	s.t.Helper()
	versions := map[string]string{}
	for _, obj := range objects {
		applied := obj.DeepCopy()
		s.Expect(s.client.Apply(s.ctx, client.ApplyConfigurationFromUnstructured(applied), client.FieldOwner("kubectl"))).To(Succeed())
		versions[nameOf(applied)] = applied.GetResourceVersion()
	}
	return versions
}

func nameOf(obj *unstructured.Unstructured) string {
	return fmt.Sprintf("%s/%s", obj.GetKind(), obj.GetName())
}

func (s *story) versions(objects []*unstructured.Unstructured) map[string]string {
	s.t.Helper()
	versions := map[string]string{}
	for _, obj := range objects {
		current := obj.DeepCopy()
		s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(obj), current)).To(Succeed())
		versions[nameOf(current)] = current.GetResourceVersion()
	}
	return versions
}

func TestSamplesAppliedTwice(t *testing.T) {
	s := prepare(t, func(o *simim.Options) {
		o.SecretKey = "simulator-only-not-a-real-secret-key" // as credentials.yaml has it
		o.GroupFields = append(o.GroupFields, simim.FieldDefinition{Name: "add_gift"})
	})
	s.start()
	objects := append(s.samples("live-commerce"), s.samples("web-live")...)
	s.apply(objects)
	for _, obj := range objects {
		if obj.GroupVersionKind().Group == imv1alpha1.GroupVersion.Group {
			s.Eventually(s.ready(s.typed(obj))).Should(Equal(asDeclared), nameOf(obj))
		}
	}
	s.Expect(s.sim.Groups()).To(HaveLen(3), "the rooms, and no scratch group")
	s.quiet(time.Second)

	before, requests, written := s.versions(objects), env.Requests().Snapshot(), s.writesToIM()
	s.Expect(s.apply(objects)).To(Equal(before))
	s.quiet(time.Second)
	s.Expect(s.versions(objects)).To(Equal(before))
	s.Expect(env.Requests().Since(requests).By(s.agent()).In(s.namespace).Writes().String()).To(BeEmpty())
	s.Expect(s.writesToIM()).To(Equal(written))
}

// typed is the object of our own kind behind an unstructured one.
func (s *story) typed(obj *unstructured.Unstructured) imv1alpha1.Object {
	s.t.Helper()
	made, err := scheme().New(obj.GroupVersionKind())
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, made)).To(Succeed())
	return made.(imv1alpha1.Object)
}

// quiet waits until the operator has written nothing here for a while.
func (s *story) quiet(length time.Duration) {
	s.t.Helper()
	count := func() int {
		return env.Requests().Snapshot().By(s.agent()).In(s.namespace).Writes().Total()
	}
	last, since := count(), time.Now()
	s.Eventually(func() time.Duration {
		if now := count(); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since)
	}).Should(BeNumerically(">=", length))
}
