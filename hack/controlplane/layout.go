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
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// kubernetesVersion is the release of kube-apiserver and kubectl. It is the
// version that build/go.mod requires; a test holds the two together.
const kubernetesVersion = "v1.37.2"

// binary is one program of the control plane and the Go package it is built from.
type binary struct {
	name       string
	importPath string
}

// controlPlane is ordered from the quickest to the slowest build, so that an
// interrupted run has already kept what it could.
var controlPlane = []binary{
	{name: "etcd", importPath: "go.etcd.io/etcd/server/v3"},
	{name: "kube-apiserver", importPath: "k8s.io/kubernetes/cmd/kube-apiserver"},
}

var kubectl = binary{name: "kubectl", importPath: "k8s.io/kubernetes/cmd/kubectl"}

// wanted lists what the caller asked for.
func wanted(withKubectl bool) []binary {
	list := append([]binary(nil), controlPlane...)
	if withKubectl {
		list = append(list, kubectl)
	}
	return list
}

// missing returns those of the binaries that the directory does not hold as
// executable files. An unreadable directory holds nothing.
func missing(directory string, binaries []binary) []binary {
	var absent []binary
	for _, candidate := range binaries {
		info, err := os.Stat(filepath.Join(directory, candidate.name))
		if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
			absent = append(absent, candidate)
		}
	}
	return absent
}

// names joins the names of binaries for a message.
func names(binaries []binary) string {
	list := make([]string, 0, len(binaries))
	for _, each := range binaries {
		list = append(list, each.name)
	}
	return strings.Join(list, ", ")
}

// cacheDirectory returns the directory that holds the binaries for this
// platform. override is LIVEROOM_CACHE_DIR and takes the place of the user's own
// cache directory; it is made absolute because the caller may change directory
// before it uses what is printed.
func cacheDirectory(override string, userCache func() (string, error)) (string, error) {
	base := override
	if base == "" {
		home, err := userCache()
		if err != nil {
			return "", fmt.Errorf("finding the user's cache directory (set LIVEROOM_CACHE_DIR to name one): %w", err)
		}
		base = filepath.Join(home, "liveroom-operator")
	}
	absolute, err := filepath.Abs(base)
	if err != nil {
		return "", fmt.Errorf("making the cache directory absolute: %w", err)
	}
	platform := fmt.Sprintf("%s-%s-%s", kubernetesVersion, runtime.GOOS, runtime.GOARCH)
	return filepath.Join(absolute, "controlplane", platform), nil
}

// checkout is the root directory of the source tree.
type checkout string

func (c checkout) buildModule() string {
	return filepath.Join(string(c), "hack", "controlplane", "build")
}

func (c checkout) tools() string { return filepath.Join(string(c), "hack", "tools") }

// findCheckout walks up from a directory to the one that holds the build module.
func findCheckout(from string) (checkout, error) {
	for directory := filepath.Clean(from); ; directory = filepath.Dir(directory) {
		root := checkout(directory)
		_, err := os.Stat(filepath.Join(root.buildModule(), "go.mod"))
		if err == nil {
			return root, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("looking for the build module: %w", err)
		}
		if directory == filepath.Dir(directory) {
			return "", fmt.Errorf("no hack/controlplane/build/go.mod in %s or above it: run this inside the checkout", from)
		}
	}
}
