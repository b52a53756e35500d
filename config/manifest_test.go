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

package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// gatewayAPI is not part of Kubernetes: the API server of the tests does not
// know its kinds.
const gatewayAPI = "gateway.networking.k8s.io"

func TestTheAPIServerTakesEveryKustomization(t *testing.T) {
	c := administrator(t)
	for _, directory := range kustomizations(t) {
		t.Run(directory, func(t *testing.T) {
			g := NewWithT(t)
			objects := build(t, directory)
			g.Expect(objects).NotTo(BeEmpty())
			moveInto(t, c, "anywhere", objects)
			makeNamespaces(t, c, objects)
			for _, obj := range objects {
				if obj.GroupVersionKind().Group == gatewayAPI {
					continue
				}
				g.Expect(apply(t.Context(), c, obj, client.DryRunAll)).To(Succeed(), "%s %s", obj.GetKind(), obj.GetName())
			}
		})
	}
}

func TestPodsKeepToTheRestrictedProfile(t *testing.T) {
	c := administrator(t)
	for _, directory := range []string{"default", "external", "namespaced", "controller-only"} {
		t.Run(directory, func(t *testing.T) {
			g := NewWithT(t)
			objects := build(t, directory)
			makeNamespaces(t, c, objects)
			workloads := find(objects, "Deployment", "StatefulSet")
			g.Expect(workloads).NotTo(BeEmpty())
			for _, workload := range workloads {
				// The namespace enforces the profile on pods alone.
				g.Expect(c.Create(t.Context(), pod(t, workload), client.DryRunAll)).To(Succeed(), workload.GetName())
			}
		})
	}
}

// pod is a pod of a workload's template.
func pod(t *testing.T, workload *unstructured.Unstructured) *corev1.Pod {
	t.Helper()
	g := NewWithT(t)
	template, found, err := unstructured.NestedMap(workload.Object, "spec", "template")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found).To(BeTrue(), workload.GetName())
	var typed corev1.PodTemplateSpec
	g.Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(template, &typed)).To(Succeed())
	made := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: workload.GetName() + "-0", Namespace: workload.GetNamespace(), Labels: typed.Labels},
		Spec:       typed.Spec,
	}
	// The volumes of a StatefulSet are its templates'.
	claims, _, err := unstructured.NestedSlice(workload.Object, "spec", "volumeClaimTemplates")
	g.Expect(err).NotTo(HaveOccurred())
	for _, claim := range claims {
		name, _, err := unstructured.NestedString(claim.(map[string]any), "metadata", "name")
		g.Expect(err).NotTo(HaveOccurred())
		made.Spec.Volumes = append(made.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
		}})
	}
	return made
}

func TestOnlyOnePodWritesAnEmbeddedJournal(t *testing.T) {
	for _, directory := range []string{"default", "namespaced", "webhook/embedded"} {
		objects := build(t, directory)
		g := NewWithT(t)
		var embedded []string
		for _, workload := range find(objects, "Deployment", "StatefulSet") {
			if !slices.ContainsFunc(pod(t, workload).Spec.Containers[0].Args, func(a string) bool { return strings.HasPrefix(a, "--journal-dir") }) {
				continue
			}
			replicas, _, _ := unstructured.NestedInt64(workload.Object, "spec", "replicas")
			embedded = append(embedded, fmt.Sprintf("%s of %d", workload.GetKind(), replicas))
		}
		g.Expect(embedded).To(Equal([]string{"StatefulSet of 1"}), directory)
		for _, budget := range find(objects, "PodDisruptionBudget") {
			g.Expect(budget.GetName()).NotTo(Equal("liveroom-operator-webhook"), "it would keep the node of the only pod")
		}
	}
}

// TestRoutesReachTheWebhook follows what comes from outside to a port of a pod.
func TestRoutesReachTheWebhook(t *testing.T) {
	g := NewWithT(t)
	objects := build(t, "webhook/embedded")
	var ports []int32
	for _, port := range pod(t, find(objects, "StatefulSet")[0]).Spec.Containers[0].Ports {
		if port.Name == "callbacks" {
			ports = append(ports, port.ContainerPort)
		}
	}
	g.Expect(ports).To(Equal([]int32{8082}))
	services := map[string]corev1.Service{}
	for _, obj := range find(objects, "Service") {
		services[obj.GetName()] = as[corev1.Service](t, obj)
	}

	ingress := as[networkingv1.Ingress](t, build(t, "samples/webhook-exposure/ingress")[0])
	outside := []string{"/im", "/wechat", "/media", "/live", "/trtc"}
	var paths []string
	for _, path := range ingress.Spec.Rules[0].HTTP.Paths {
		paths = append(paths, path.Path)
		g.Expect(path.Backend).To(Equal(ingress.Spec.Rules[0].HTTP.Paths[0].Backend))
	}
	g.Expect(paths).To(Equal(outside))
	path := ingress.Spec.Rules[0].HTTP.Paths[0]
	service := services[path.Backend.Service.Name]
	g.Expect(service.Namespace).To(Equal(ingress.Namespace))
	g.Expect(service.Spec.Ports).To(HaveLen(1))
	g.Expect(service.Spec.Ports[0].Name).To(Equal(path.Backend.Service.Port.Name))
	g.Expect(service.Spec.Ports[0].TargetPort.String()).To(Equal("callbacks"))

	route := find(build(t, "samples/webhook-exposure/gateway"), "HTTPRoute")[0]
	rules, _, err := unstructured.NestedSlice(route.Object, "spec", "rules")
	g.Expect(err).NotTo(HaveOccurred())
	paths = nil
	for _, rule := range rules {
		matches, _, err := unstructured.NestedSlice(rule.(map[string]any), "matches")
		g.Expect(err).NotTo(HaveOccurred())
		value, _, err := unstructured.NestedString(matches[0].(map[string]any), "path", "value")
		g.Expect(err).NotTo(HaveOccurred())
		paths = append(paths, value)
		backends, _, err := unstructured.NestedSlice(rule.(map[string]any), "backendRefs")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(backends).To(Equal([]any{map[string]any{"name": service.Name, "port": int64(service.Spec.Ports[0].Port)}}))
	}
	g.Expect(paths).To(Equal(outside))
	g.Expect(route.GetNamespace()).To(Equal(service.Namespace))
}

// TestTheWebhookWritesNothingButStatus reads the generated rules.
func TestTheWebhookWritesNothingButStatus(t *testing.T) {
	g := NewWithT(t)
	for _, obj := range find(build(t, "webhook/base"), "ClusterRole") {
		for _, rule := range as[rbacv1.ClusterRole](t, obj).Rules {
			allowed := []string{"get", "list", "watch"}
			switch {
			case !slices.ContainsFunc(rule.Resources, func(r string) bool { return !strings.HasSuffix(r, "/status") }):
				allowed = []string{"patch"}
			case !slices.ContainsFunc(rule.Resources, func(r string) bool { return !strings.HasSuffix(r, "reviews") }):
				allowed = []string{"create"} // a question, of which nothing is kept
			}
			for _, verb := range rule.Verbs {
				g.Expect(allowed).To(ContainElement(verb), "%v", rule.Resources)
			}
		}
	}
}
