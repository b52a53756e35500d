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
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// executable writes files that count as present binaries.
func executable(t *testing.T, directory string, files ...string) {
	t.Helper()
	if err := os.MkdirAll(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if err := os.WriteFile(filepath.Join(directory, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVersionAgreesWithBuildModule(t *testing.T) {
	content, err := os.ReadFile("build/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	staging := "v0." + strings.TrimPrefix(kubernetesVersion, "v1.")
	for _, want := range []string{
		"\tk8s.io/kubernetes " + kubernetesVersion + " ",
		"k8s.io/api => k8s.io/api " + staging + "\n",
		"k8s.io/apiserver => k8s.io/apiserver " + staging + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("build/go.mod lacks %q", strings.TrimSpace(want))
		}
	}
	for _, each := range wanted(true) {
		if !strings.Contains(text, "\t"+each.importPath+"\n") {
			t.Errorf("build/go.mod has no tool line for %s", each.importPath)
		}
	}
}

func TestMissing(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(t *testing.T, directory string)
		kubectl bool
		want    string
	}{
		{
			name:    "empty directory",
			prepare: func(*testing.T, string) {},
			want:    "etcd, kube-apiserver",
		},
		{
			name: "complete",
			prepare: func(t *testing.T, directory string) {
				t.Helper()
				executable(t, directory, "etcd", "kube-apiserver")
			},
			want: "",
		},
		{
			name: "complete but for the kubectl asked for",
			prepare: func(t *testing.T, directory string) {
				t.Helper()
				executable(t, directory, "etcd", "kube-apiserver")
			},
			kubectl: true,
			want:    "kubectl",
		},
		{
			name: "not executable",
			prepare: func(t *testing.T, directory string) {
				t.Helper()
				executable(t, directory, "etcd", "kube-apiserver")
				if err := os.Chmod(filepath.Join(directory, "etcd"), 0o644); err != nil {
					t.Fatal(err)
				}
			},
			want: "etcd",
		},
		{
			name: "a directory of that name",
			prepare: func(t *testing.T, directory string) {
				t.Helper()
				executable(t, directory, "etcd")
				if err := os.Mkdir(filepath.Join(directory, "kube-apiserver"), 0o755); err != nil {
					t.Fatal(err)
				}
			},
			want: "kube-apiserver",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			directory := t.TempDir()
			test.prepare(t, directory)
			if got := names(missing(directory, wanted(test.kubectl))); got != test.want {
				t.Errorf("missing = %q, want %q", got, test.want)
			}
		})
	}
}

func TestCacheDirectory(t *testing.T) {
	platform := kubernetesVersion + "-" + runtime.GOOS + "-" + runtime.GOARCH
	home := func() (string, error) { return "/home/someone/.cache", nil }

	got, err := cacheDirectory("", home)
	if want := "/home/someone/.cache/liveroom-operator/controlplane/" + platform; err != nil || got != want {
		t.Errorf("by default: %q, %v, want %q", got, err, want)
	}
	got, err = cacheDirectory("/var/cache/room", home)
	if want := "/var/cache/room/controlplane/" + platform; err != nil || got != want {
		t.Errorf("overridden: %q, %v, want %q", got, err, want)
	}
	got, err = cacheDirectory("relative", home)
	if err != nil || !filepath.IsAbs(got) {
		t.Errorf("a relative override gives %q, %v, want an absolute path", got, err)
	}
	_, err = cacheDirectory("", func() (string, error) { return "", errors.New("$HOME is not defined") })
	if err == nil || !strings.Contains(err.Error(), "LIVEROOM_CACHE_DIR") {
		t.Errorf("without a home: %v, want a hint at LIVEROOM_CACHE_DIR", err)
	}
}

func TestFindCheckout(t *testing.T) {
	root := t.TempDir()
	build := filepath.Join(root, "hack", "controlplane", "build")
	deep := filepath.Join(root, "controllers", "liveroom")
	for _, directory := range []string{build, deep} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(build, "go.mod"), []byte("module build\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{root, deep, build} {
		if got, err := findCheckout(from); err != nil || got != checkout(root) {
			t.Errorf("from %s: %q, %v, want %q", from, got, err, root)
		}
	}
	if got, err := findCheckout(t.TempDir()); err == nil {
		t.Errorf("outside a checkout: %q, want an error", got)
	}
}

func TestBuildArguments(t *testing.T) {
	got := buildArguments(controlPlane[0], "/tmp/out/etcd")
	want := []string{
		"build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w" +
			" -X=k8s.io/component-base/version.gitVersion=v1.37.2 -X=k8s.io/client-go/pkg/version.gitVersion=v1.37.2" +
			" -X=k8s.io/component-base/version.gitMajor=1 -X=k8s.io/client-go/pkg/version.gitMajor=1" +
			" -X=k8s.io/component-base/version.gitMinor=37 -X=k8s.io/client-go/pkg/version.gitMinor=37" +
			" -X=k8s.io/component-base/version.gitTreeState=archive -X=k8s.io/client-go/pkg/version.gitTreeState=archive",
		"-o", "/tmp/out/etcd", "go.etcd.io/etcd/server/v3",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("arguments\n got %q\nwant %q", got, want)
	}
}

func TestBuildEnvironment(t *testing.T) {
	got := buildEnvironment([]string{
		"PATH=/usr/bin", "GOFLAGS=-race -mod=vendor", "GOWORK=/home/someone/go.work",
		"CGO_ENABLED=1", "GOOS=plan9", "GOARCH=arm", "GOPROXY=off",
	})
	want := []string{
		"PATH=/usr/bin", "GOPROXY=off",
		"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("environment\n got %q\nwant %q", got, want)
	}
}

func TestGoOutput(t *testing.T) {
	log := &goOutput{}
	log.follow(strings.NewReader(strings.Join([]string{
		"go: downloading k8s.io/api v0.37.2",
		"go: downloading k8s.io/apiserver v0.37.2",
		"k8s.io/api/core/v1",
		"k8s.io/apiserver/pkg/server",
		"go.etcd.io/etcd/server/v3",
		"# k8s.io/apiserver/pkg/server",
		"pkg/server/config.go:12:2: undefined: nothing",
	}, "\n")))
	if got, want := log.progress(), "2 modules downloaded, 3 packages compiled"; got != want {
		t.Errorf("progress = %q, want %q", got, want)
	}
	want := "# k8s.io/apiserver/pkg/server\npkg/server/config.go:12:2: undefined: nothing"
	if got := log.tail(); got != want {
		t.Errorf("tail = %q, want %q", got, want)
	}
	for range 3 * maxComplaints {
		log.add("go: no such host")
	}
	if got := strings.Count(log.tail(), "\n") + 1; got != maxComplaints {
		t.Errorf("tail keeps %d lines, want %d", got, maxComplaints)
	}
}
