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

package testenv

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestNamespaceName(t *testing.T) {
	g := NewWithT(t)
	g.Expect(namespaceName("TestRoom/is_made_again", "ABCDEFGHIJ")).To(Equal("testroom-is-made-again-abcdefgh"))
	g.Expect(namespaceName("Test/直播间", "ABCDEFGHIJ")).To(Equal("test-abcdefgh"))
	g.Expect(namespaceName(strings.Repeat("a", 39)+"/b", "ABCDEFGHIJ")).To(Equal(strings.Repeat("a", 39) + "-abcdefgh"))
}

func TestLocatePrefersCompleteAssets(t *testing.T) {
	g := NewWithT(t)
	directory := t.TempDir()
	g.Expect(holds(directory, "etcd", "kube-apiserver")).To(BeFalse())
	for _, name := range []string{"etcd", "kube-apiserver"} {
		g.Expect(os.WriteFile(filepath.Join(directory, name), nil, 0o755)).To(Succeed())
	}
	got, err := locate(directory, "/no/such/checkout")
	g.Expect(err).NotTo(HaveOccurred(), "no program has to run")
	g.Expect(got).To(Equal(directory))

	_, err = locate("", t.TempDir())
	g.Expect(err).To(MatchError(ContainSubstring("hack/controlplane")))
}

func TestModuleAbove(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	deep := filepath.Join(root, "internal", "im")
	g.Expect(os.MkdirAll(deep, 0o755)).To(Succeed())
	_, err := moduleAbove(deep)
	g.Expect(err).To(MatchError(ContainSubstring("no go.mod")))
	g.Expect(os.WriteFile(filepath.Join(root, "go.mod"), nil, 0o644)).To(Succeed())
	g.Expect(moduleAbove(deep)).To(Equal(root))
}

func TestCRDPaths(t *testing.T) {
	g := NewWithT(t)
	root, err := ModuleRoot()
	g.Expect(err).NotTo(HaveOccurred())
	absent := filepath.Join(t.TempDir(), "absent")

	g.Expect(New().settings.crds()).To(Equal([]string{filepath.Join(root, "config", "crd", "bases")}))
	g.Expect(New(WithCRDs("testdata", ".")).settings.crds()).To(Equal([]string{"testdata", "."}))
	_, err = New(WithCRDs("testdata", absent)).settings.crds()
	g.Expect(err).To(MatchError(And(ContainSubstring(absent), ContainSubstring("make manifests"))))
	g.Expect(New(WithCRDs(absent), WithOptionalCRDs()).settings.crds()).To(Equal([]string{absent}))
}
