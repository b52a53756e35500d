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
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// builder compiles the binaries from the modules that build/go.mod pins. Only
// the go command and access to a module proxy (or a filled module cache) are
// needed: no C compiler, no Git.
type builder struct {
	module string // directory of the build module
	report *reporter
}

// build compiles one binary after the other: each alone already uses every core.
func (b builder) build(ctx context.Context, binaries []binary, into string) error {
	for index, target := range binaries {
		step := fmt.Sprintf("building %s from its Go modules (%d of %d)", target.name, index+1, len(binaries))
		if index == 0 {
			b.report.printf("building %s of Kubernetes %s; some minutes the first time, kept in %s",
				names(binaries), kubernetesVersion, into)
		}
		if err := b.compile(ctx, target, into, step); err != nil {
			return err
		}
	}
	return nil
}

func (b builder) compile(ctx context.Context, target binary, into, step string) error {
	staging, err := os.MkdirTemp(into, ".build-")
	if err != nil {
		return fmt.Errorf("making a staging directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(staging) }()

	output := filepath.Join(staging, target.name)
	command := exec.CommandContext(ctx, "go", buildArguments(target, output)...)
	command.Dir = b.module
	command.Env = buildEnvironment(os.Environ())
	interruptible(command)
	stderr, err := command.StderrPipe()
	if err != nil {
		return fmt.Errorf("building %s: %w", target.name, err)
	}

	started := time.Now()
	log := &goOutput{}
	stop := b.report.during(step, log.progress)
	defer stop()
	if err := command.Start(); err != nil {
		return fmt.Errorf("building %s: %w", target.name, err)
	}
	log.follow(stderr)
	if err := command.Wait(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", target.name, err, log.tail())
	}
	stop()

	if err := os.Rename(output, filepath.Join(into, target.name)); err != nil {
		return fmt.Errorf("keeping %s: %w", target.name, err)
	}
	b.report.printf("built %s in %s", target.name, time.Since(started).Round(time.Second))
	return nil
}

// interruptible makes the end of the command's context an interrupt first, so
// that the go command removes its work directory, and a kill only after a while.
func interruptible(command *exec.Cmd) {
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
}

// buildArguments returns the arguments of the go command for one binary.
func buildArguments(target binary, output string) []string {
	return []string{
		"build", "-v",
		"-mod=readonly",
		"-trimpath",
		"-buildvcs=false",
		"-ldflags", linkerFlags(kubernetesVersion),
		"-o", output,
		target.importPath,
	}
}

// linkerFlags strips the binary and tells Kubernetes its own version, which the
// release build stamps the same way: without it the server calls itself
// v0.0.0-master and clients that compare versions misjudge it.
func linkerFlags(version string) string {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	flags := []string{"-s", "-w"}
	for _, variable := range [][2]string{
		{"gitVersion", version},
		{"gitMajor", parts[0]},
		{"gitMinor", parts[1]},
		{"gitTreeState", "archive"},
	} {
		for _, home := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
			flags = append(flags, fmt.Sprintf("-X=%s.%s=%s", home, variable[0], variable[1]))
		}
	}
	return strings.Join(flags, " ")
}

// buildEnvironment is the caller's environment less what would change or break
// the build: the flags and the workspace of whatever ran this program.
func buildEnvironment(inherited []string) []string {
	environment := make([]string, 0, len(inherited)+5)
	for _, entry := range inherited {
		name, _, _ := strings.Cut(entry, "=")
		switch name {
		case "GOFLAGS", "GOWORK", "GOOS", "GOARCH", "CGO_ENABLED":
		default:
			environment = append(environment, entry)
		}
	}
	return append(environment,
		"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
}

// goOutput reads what `go build -v` says: a line for each module it downloads
// and for each package it compiles, and anything else is a complaint.
type goOutput struct {
	mu         sync.Mutex
	downloaded int
	compiled   int
	complaints []string
}

// maxComplaints bounds what is kept of a failed build's output.
const maxComplaints = 30

// follow consumes the output until its end.
func (o *goOutput) follow(output io.Reader) {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		o.add(lines.Text())
	}
	// A line beyond the buffer ends the scanner; the pipe must still be drained,
	// or the go command would block on it.
	_, _ = io.Copy(io.Discard, output)
}

func (o *goOutput) add(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		o.downloaded++
	case line != "" && !strings.ContainsAny(line, " \t:#"):
		o.compiled++
	default:
		o.complaints = append(o.complaints, line)
		if len(o.complaints) > maxComplaints {
			o.complaints = o.complaints[1:]
		}
	}
}

// progress says how far the build has come.
func (o *goOutput) progress() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.downloaded > 0 {
		return fmt.Sprintf("%d modules downloaded, %d packages compiled", o.downloaded, o.compiled)
	}
	return fmt.Sprintf("%d packages compiled", o.compiled)
}

// tail returns the last complaints of a failed build.
func (o *goOutput) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.complaints, "\n")
}
