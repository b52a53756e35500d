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

// Package config_test proves the manifests on a real API server: that it takes
// every kustomization, that pods keep to the restricted profile, and that the
// rights of the webhook are enough and no more.
package config_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/testenv"
)

var env = testenv.New()

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, env)) }

// scheme has every kind that the manifests may hold.
func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, imv1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	return s
}

func administrator(t *testing.T) client.Client {
	t.Helper()
	c, err := client.New(env.Config("test"), client.Options{Scheme: scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kustomizations are the directories that a user can apply. A Component is built
// by those that use it.
func kustomizations(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(filepath.Clean(path))
		if err == nil && !bytes.Contains(text, []byte("\nkind: Component")) {
			found = append(found, filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// kubectl is the one that belongs to the control plane.
var kubectl = sync.OnceValues(func() (string, error) {
	if path := filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"); filepath.IsAbs(path) {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	root, err := testenv.ModuleRoot()
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(context.Background(), "go", "run", "./hack/controlplane", "--with-kubectl")
	command.Dir, command.Stderr = root, os.Stderr
	// Without the variable, which may name a directory that has no kubectl.
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "KUBEBUILDER_ASSETS=") })
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go run ./hack/controlplane --with-kubectl (see its messages above): %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(output)), "kubectl"), nil
})

// build returns the objects of a kustomization, as kubectl apply -k would send them.
func build(t *testing.T, directory string) []*unstructured.Unstructured {
	t.Helper()
	known, _ := built.LoadOrStore(directory, sync.OnceValues(func() ([]byte, error) { return kustomize(directory) }))
	text, err := known.(func() ([]byte, error))()
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		obj := &unstructured.Unstructured{}
		err := decoder.Decode(obj)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatalf("%s: %v", directory, err)
		}
		objects = append(objects, obj)
	}
}

// built keeps what each kustomization gives, as several tests look at it.
var built sync.Map

func kustomize(directory string) ([]byte, error) {
	path, err := kubectl()
	if err != nil {
		return nil, err
	}
	var problem bytes.Buffer
	command := exec.CommandContext(context.Background(), path, "kustomize", directory)
	command.Stderr = &problem
	text, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl kustomize %s: %w\n%s", directory, err, problem.String())
	}
	return text, nil
}

// apply applies an object as kubectl does on the server's side.
func apply(ctx context.Context, c client.Client, obj *unstructured.Unstructured, options ...client.ApplyOption) error {
	options = append(options, client.FieldOwner("kubectl"), client.ForceOwnership)
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(obj.DeepCopy()), options...)
}

// moveInto puts the objects that name no namespace into one, as kubectl apply -n does.
func moveInto(t *testing.T, c client.Client, namespace string, objects []*unstructured.Unstructured) {
	t.Helper()
	for _, obj := range objects {
		if obj.GetNamespace() != "" || obj.GroupVersionKind().Group == gatewayAPI {
			continue
		}
		namespaced, err := c.IsObjectNamespaced(obj)
		if err != nil {
			t.Fatalf("%s %s: %v", obj.GetKind(), obj.GetName(), err)
		}
		if namespaced {
			obj.SetNamespace(namespace)
		}
	}
}

// makeNamespaces makes the namespaces among the objects, which even a dry run of
// the others needs.
func makeNamespaces(t *testing.T, c client.Client, objects []*unstructured.Unstructured) {
	t.Helper()
	wanted := map[string]*unstructured.Unstructured{}
	for _, obj := range objects {
		if name := obj.GetNamespace(); name != "" && wanted[name] == nil {
			namespace := &unstructured.Unstructured{}
			namespace.SetAPIVersion("v1")
			namespace.SetKind("Namespace")
			namespace.SetName(name)
			wanted[name] = namespace
		}
	}
	for _, obj := range objects {
		if obj.GetKind() == "Namespace" {
			wanted[obj.GetName()] = obj
		}
	}
	for name, namespace := range wanted {
		var before unstructured.Unstructured
		before.SetGroupVersionKind(namespace.GroupVersionKind())
		// Labels that a kustomization gave it stay when the next one has none.
		err := c.Get(t.Context(), client.ObjectKey{Name: name}, &before)
		if err == nil && len(namespace.GetLabels()) == 0 {
			continue
		}
		if client.IgnoreNotFound(err) != nil {
			t.Fatal(err)
		}
		if err := apply(t.Context(), c, namespace); err != nil && !apierrors.IsConflict(err) {
			t.Fatalf("namespace %s: %v", name, err)
		}
	}
}

// find returns the objects of a kind.
func find(objects []*unstructured.Unstructured, kinds ...string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range objects {
		if slices.Contains(kinds, obj.GetKind()) {
			found = append(found, obj)
		}
	}
	return found
}

// as converts an object to its type.
func as[T any](t *testing.T, obj *unstructured.Unstructured) T {
	t.Helper()
	var typed T
	NewWithT(t).Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, &typed)).To(Succeed(), obj.GetName())
	return typed
}
