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
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// envtestIndex lists the released test binaries; setup-envtest reads the same one.
const envtestIndex = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"

const (
	probeTimeout    = 3 * time.Second  // is there a way out at all
	toolTimeout     = 30 * time.Second // to compile setup-envtest
	downloadTimeout = 90 * time.Second // beyond this a build is as quick
)

// downloader gets released binaries through setup-envtest. The newest patch
// release of the wanted minor version is taken, because not every patch is
// published.
type downloader struct {
	tools  string // directory of the tools module
	index  string // address of the list of releases
	report *reporter
}

// fetch downloads the binaries. Every failure is soft for the caller.
func (d downloader) fetch(ctx context.Context, binaries []binary, into string) error {
	if err := d.probe(ctx); err != nil {
		return err
	}
	staging, err := os.MkdirTemp(into, ".download-")
	if err != nil {
		return fmt.Errorf("making a staging directory: %w", err)
	}
	defer removeReadOnly(staging)

	stop := d.report.during(fmt.Sprintf("downloading %s with setup-envtest", names(binaries)), nil)
	defer stop()
	tool := filepath.Join(staging, "setup-envtest")
	if _, err := d.command(ctx, toolTimeout, "go", "build", "-mod=readonly", "-buildvcs=false", "-o", tool,
		"sigs.k8s.io/controller-runtime/tools/setup-envtest"); err != nil {
		return fmt.Errorf("building setup-envtest: %w", err)
	}
	series := strings.TrimPrefix(minor(kubernetesVersion), "v") + ".x"
	found, err := d.command(ctx, downloadTimeout, tool, "use", series,
		"--bin-dir", staging, "--index", d.index, "--print", "path", "--use-env=false", "--installed-only=false")
	if err != nil {
		return fmt.Errorf("setup-envtest use %s: %w", series, err)
	}
	stop()
	return d.keep(strings.TrimSpace(found), binaries, into)
}

// probe asks for the index and nothing more, so that a machine without a way
// out loses no time.
func (d downloader) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, d.index, nil)
	if err != nil {
		return fmt.Errorf("asking for the list of releases: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		// The address would only repeat what the message says.
		if wrapped := new(url.Error); errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return fmt.Errorf("the list of releases cannot be reached: %w", err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the list of releases answers %s", response.Status)
	}
	return nil
}

// command runs a program in the tools module and returns its standard output.
func (d downloader) command(ctx context.Context, limit time.Duration, name string, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = d.tools
	command.Env = buildEnvironment(os.Environ())
	interruptible(command)
	output, err := command.Output()
	if ctx.Err() != nil {
		return "", fmt.Errorf("not done within %s: %w", limit, ctx.Err())
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("%w: %s", err, lastLine(string(exit.Stderr)))
	}
	return string(output), err
}

// keep moves the downloaded binaries to where they stay.
func (d downloader) keep(from string, binaries []binary, into string) error {
	if absent := missing(from, binaries); len(absent) > 0 {
		return fmt.Errorf("the download has no %s", names(absent))
	}
	// setup-envtest leaves its directories read-only, and moving a file out
	// needs write permission.
	if err := os.Chmod(from, 0o755); err != nil {
		return fmt.Errorf("opening the download: %w", err)
	}
	for _, each := range binaries {
		if err := os.Rename(filepath.Join(from, each.name), filepath.Join(into, each.name)); err != nil {
			return fmt.Errorf("keeping %s: %w", each.name, err)
		}
	}
	d.report.printf("downloaded %s (%s)", names(binaries), filepath.Base(from))
	return nil
}

// lastLine is the part of a tool's complaint that fits into one message.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// removeReadOnly removes a tree that may hold read-only directories.
func removeReadOnly(directory string) {
	_ = filepath.WalkDir(directory, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			_ = os.Chmod(path, 0o755)
		}
		return nil
	})
	_ = os.RemoveAll(directory)
}
