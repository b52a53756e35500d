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

package main

import (
	"os"
	"regexp"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestManifestsUseFlagsThatExist parses the arguments of every container.
func TestManifestsUseFlagsThatExist(t *testing.T) {
	for _, path := range []string{
		"config/manager/deployment.yaml", "config/webhook/embedded/statefulset.yaml", "config/webhook/external/deployment.yaml",
	} {
		g := NewWithT(t)
		text, err := os.ReadFile(path)
		g.Expect(err).NotTo(HaveOccurred())
		var workload struct {
			Spec struct {
				Template corev1.PodTemplateSpec `json:"template"`
			} `json:"spec"`
		}
		g.Expect(yaml.Unmarshal(text, &workload)).To(Succeed(), path)
		g.Expect(workload.Spec.Template.Spec.Containers).To(HaveLen(1), path)
		arguments := workload.Spec.Template.Spec.Containers[0].Args
		command := map[string]func() *cobra.Command{"controller": controllerCommand, "webhook": webhookCommand}[arguments[0]]
		g.Expect(command).NotTo(BeNil(), path)
		made := command()
		g.Expect(made.ParseFlags(arguments[1:])).To(Succeed(), path)
		g.Expect(made.ValidateFlagGroups()).To(Succeed(), path)
	}
}

// TestTheFlagsOfTheWebhookAreDocumented compares what --help lists with the
// document, both ways.
func TestTheFlagsOfTheWebhookAreDocumented(t *testing.T) {
	g := NewWithT(t)
	text, err := os.ReadFile("docs/webhook-setup.md")
	g.Expect(err).NotTo(HaveOccurred())
	names := func(text string, pattern *regexp.Regexp) []string {
		var found []string
		for _, match := range pattern.FindAllStringSubmatch(text, -1) {
			found = append(found, match[1])
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	known := names(webhookCommand().Flags().FlagUsages(), regexp.MustCompile(`(?m)^\s+--([a-z-]+)\s`))
	known = slices.DeleteFunc(known, func(name string) bool { return name == "kubeconfig" }) // not for pods
	g.Expect(known).NotTo(BeEmpty())
	g.Expect(names(string(text), regexp.MustCompile("`--([a-z-]+)`"))).To(Equal(known))
}
