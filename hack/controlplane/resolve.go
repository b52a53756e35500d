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
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// source puts the binaries into a directory, each by an atomic rename, so that
// whatever the directory holds at any time is whole.
type source func(ctx context.Context, binaries []binary, into string) error

// resolver goes through the places where the binaries may be, cheapest first.
type resolver struct {
	assets   string // KUBEBUILDER_ASSETS, empty when unset
	cache    string // this program's own directory for the wanted version
	binaries []binary
	report   *reporter
	download source // may fail: it is only a shortcut
	build    source
}

// resolve returns a directory that holds every wanted binary.
func (r resolver) resolve(ctx context.Context) (string, error) {
	if r.assets != "" {
		absent := missing(r.assets, r.binaries)
		if len(absent) == 0 {
			return filepath.Abs(r.assets)
		}
		r.report.printf("KUBEBUILDER_ASSETS (%s) has no %s: looking elsewhere", r.assets, names(absent))
	}
	if len(missing(r.cache, r.binaries)) == 0 {
		return r.cache, nil
	}

	if err := os.MkdirAll(r.cache, 0o755); err != nil {
		return "", fmt.Errorf("making the cache directory (set LIVEROOM_CACHE_DIR to use another): %w", err)
	}
	release, err := lock(ctx, r.cache+".lock", r.report)
	if err != nil {
		return "", err
	}
	defer release()

	// Whoever held the lock may have done all of the work.
	absent := missing(r.cache, r.binaries)
	if len(absent) == 0 {
		return r.cache, nil
	}
	if err := r.download(ctx, absent, r.cache); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("interrupted: %w", ctx.Err())
		}
		r.report.printf("no download: %v", err)
	}
	absent = missing(r.cache, r.binaries)
	if len(absent) == 0 {
		return r.cache, nil
	}
	if err := r.build(ctx, absent, r.cache); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("interrupted: %w", ctx.Err())
		}
		return "", fmt.Errorf("%w\n%s", err, advice(absent, r.cache))
	}
	return r.cache, nil
}

// advice says what a person can do when the binaries can neither be downloaded
// nor built.
func advice(absent []binary, cache string) string {
	lines := []string{
		"",
		fmt.Sprintf("There is no %s to run against. One of these helps:", names(absent)),
		"  - give the go command access to a module proxy (see `go env GOPROXY`) and run `make controlplane` again;",
		fmt.Sprintf("  - set KUBEBUILDER_ASSETS to a directory with %s of Kubernetes %s;", names(absent), minor(kubernetesVersion)),
		fmt.Sprintf("  - copy such binaries into %s (made by `make controlplane` on another machine of this kind).", cache),
	}
	return strings.Join(lines, "\n")
}

// minor cuts the patch number off: v1.37.2 becomes v1.37.
func minor(version string) string {
	return version[:strings.LastIndexByte(version, '.')]
}
