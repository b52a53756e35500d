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
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// locate returns the directory that holds etcd and kube-apiserver. A complete
// KUBEBUILDER_ASSETS, as `make test` sets it, costs no process; otherwise
// hack/controlplane decides, with its progress on standard error.
func locate(assets, root string) (string, error) {
	if assets != "" && holds(assets, "etcd", "kube-apiserver") {
		return filepath.Abs(assets)
	}
	command := exec.CommandContext(context.Background(), "go", "run", "./hack/controlplane")
	command.Dir = root
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go run ./hack/controlplane (see its messages above): %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}

// holds tells whether a directory has all of the files.
func holds(directory string, files ...string) bool {
	for _, file := range files {
		info, err := os.Stat(filepath.Join(directory, file))
		if err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// ModuleRoot returns the directory of the nearest go.mod at or above the working
// directory, which go test sets to the package under test.
func ModuleRoot() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	return moduleAbove(directory)
}

func moduleAbove(directory string) (string, error) {
	for current := directory; ; current = filepath.Dir(current) {
		_, err := os.Stat(filepath.Join(current, "go.mod"))
		if err == nil {
			return current, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("finding the module: %w", err)
		}
		if current == filepath.Dir(current) {
			return "", fmt.Errorf("finding the module: no go.mod in %s or above it", directory)
		}
	}
}
