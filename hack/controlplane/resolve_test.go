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
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// deliver is a source that leaves the given files and records what it was asked for.
func deliver(t *testing.T, asked *[]string, files ...string) source {
	t.Helper()
	return func(_ context.Context, binaries []binary, into string) error {
		*asked = append(*asked, names(binaries))
		executable(t, into, files...)
		return nil
	}
}

// refuse is a source that has nothing.
func refuse(asked *[]string, reason string) source {
	return func(_ context.Context, binaries []binary, _ string) error {
		*asked = append(*asked, names(binaries))
		return errors.New(reason)
	}
}

func TestResolveOrder(t *testing.T) {
	const both = "etcd, kube-apiserver"
	tests := []struct {
		name     string
		assets   []string // files in KUBEBUILDER_ASSETS, nil when it is unset
		cached   []string
		download []string // nil: the download fails
		build    []string // nil: the build fails

		wantAssets   bool // else the cache directory
		wantDownload string
		wantBuild    string
		wantError    string
	}{
		{
			name:   "complete assets win over the cache",
			assets: []string{"etcd", "kube-apiserver"}, cached: []string{"etcd", "kube-apiserver"},
			wantAssets: true,
		},
		{
			name:   "incomplete assets are passed over",
			assets: []string{"etcd"}, cached: []string{"etcd", "kube-apiserver"},
		},
		{
			name:   "the cache asks nobody",
			cached: []string{"etcd", "kube-apiserver"},
		},
		{
			name:     "a download comes before a build",
			download: []string{"etcd", "kube-apiserver"}, wantDownload: both,
		},
		{
			name:  "a failed download leaves it to the build",
			build: []string{"etcd", "kube-apiserver"}, wantDownload: both, wantBuild: both,
		},
		{
			name:   "only what is missing is asked for",
			cached: []string{"etcd"}, build: []string{"kube-apiserver"},
			wantDownload: "kube-apiserver", wantBuild: "kube-apiserver",
		},
		{
			name:     "an incomplete download is completed by the build",
			download: []string{"etcd"}, build: []string{"kube-apiserver"},
			wantDownload: both, wantBuild: "kube-apiserver",
		},
		{
			name:         "nothing works",
			wantDownload: both, wantBuild: both,
			wantError: "no proxy",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var downloads, builds []string
			cache := filepath.Join(t.TempDir(), "plane")
			executable(t, cache, test.cached...)
			steps := resolver{
				cache:    cache,
				binaries: wanted(false),
				report:   newReporter(&bytes.Buffer{}),
				download: refuse(&downloads, "no way out"),
				build:    refuse(&builds, "no proxy"),
			}
			want := cache
			if test.assets != nil {
				steps.assets = filepath.Join(t.TempDir(), "assets")
				executable(t, steps.assets, test.assets...)
			}
			if test.wantAssets {
				want = steps.assets
			}
			if test.download != nil {
				steps.download = deliver(t, &downloads, test.download...)
			}
			if test.build != nil {
				steps.build = deliver(t, &builds, test.build...)
			}

			got, err := steps.resolve(t.Context())
			if test.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantError) ||
					!strings.Contains(err.Error(), "KUBEBUILDER_ASSETS") || !strings.Contains(err.Error(), cache) {
					t.Fatalf("error = %v, want the cause %q and what to do", err, test.wantError)
				}
			} else if err != nil || got != want {
				t.Fatalf("resolve = %q, %v, want %q", got, err, want)
			}
			if got := strings.Join(downloads, "|"); got != test.wantDownload {
				t.Errorf("downloads asked for %q, want %q", got, test.wantDownload)
			}
			if got := strings.Join(builds, "|"); got != test.wantBuild {
				t.Errorf("builds asked for %q, want %q", got, test.wantBuild)
			}
		})
	}
}

func TestResolveTwiceAtOnceBuildsOnce(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "plane")
	building, goOn := make(chan struct{}), make(chan struct{})
	var builds int // guarded by the lock under test; the race detector watches
	var progress lockedBuffer
	steps := resolver{
		cache:    cache,
		binaries: wanted(false),
		report:   newReporter(&progress),
		download: func(context.Context, []binary, string) error { return errors.New("no way out") },
		build: func(_ context.Context, _ []binary, into string) error {
			builds++
			close(building)
			<-goOn
			executable(t, into, "etcd", "kube-apiserver")
			return nil
		},
	}

	var both sync.WaitGroup
	resolve := func() {
		if got, err := steps.resolve(t.Context()); err != nil || got != cache {
			t.Errorf("resolve = %q, %v, want %q", got, err, cache)
		}
	}
	both.Go(resolve)
	<-building
	both.Go(resolve)
	// The second caller says that it waits; only then may the first one finish.
	deadline := time.After(10 * time.Second)
	for {
		next := progress.written() // taken before the look, so that no line is missed
		if strings.Contains(progress.String(), "waiting for another run") {
			break
		}
		select {
		case <-deadline:
			t.Fatalf("the second caller says nothing: %q", progress.String())
		case <-next:
		}
	}
	close(goOn)
	both.Wait()
	if builds != 1 {
		t.Errorf("%d builds, want 1", builds)
	}
}

func TestLockWaitEndsWithContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plane.lock")
	report := newReporter(&lockedBuffer{})
	release, err := lock(t.Context(), path, report)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(ctx, path, report); !errors.Is(err, context.Canceled) {
		t.Errorf("lock while held = %v, want the context's end", err)
	}
	release()
	again, err := lock(t.Context(), path, report)
	if err != nil {
		t.Fatalf("lock after release: %v", err)
	}
	again()
}

func TestReporterBeats(t *testing.T) {
	var out lockedBuffer
	beats := make(chan time.Time)
	moment := time.Unix(0, 0)
	report := &reporter{
		out:   &out,
		now:   func() time.Time { moment = moment.Add(10 * time.Second); return moment },
		ticks: func() (<-chan time.Time, func()) { return beats, func() {} },
	}
	stop := report.during("building etcd", func() string { return "7 packages compiled" })
	beats <- time.Time{}
	beats <- time.Time{}
	stop()
	stop()
	want := "controlplane: building etcd\n" +
		"controlplane: building etcd: 10s, 7 packages compiled\n" +
		"controlplane: building etcd: 20s, 7 packages compiled\n"
	if got := out.String(); got != want {
		t.Errorf("progress\n got %q\nwant %q", got, want)
	}
}

func TestProbe(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		response.WriteHeader(status)
	}))
	from := downloader{index: server.URL}
	if err := from.probe(t.Context()); err != nil {
		t.Errorf("reachable: %v", err)
	}
	status = http.StatusForbidden
	if err := from.probe(t.Context()); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("refused: %v, want the status", err)
	}
	server.Close()
	err := from.probe(t.Context())
	if err == nil || !strings.Contains(err.Error(), "cannot be reached") || strings.Contains(err.Error(), server.URL) {
		t.Errorf("unreachable: %v", err)
	}
}

func TestKeepDownload(t *testing.T) {
	staging, into := t.TempDir(), t.TempDir()
	unpacked := filepath.Join(staging, "1.37.0-linux-amd64")
	executable(t, unpacked, "etcd", "kube-apiserver", "kubectl")
	if err := os.Chmod(unpacked, 0o555); err != nil {
		t.Fatal(err)
	}
	from := downloader{report: newReporter(&bytes.Buffer{})}
	if err := from.keep(unpacked, wanted(false), into); err != nil {
		t.Fatal(err)
	}
	if absent := missing(into, wanted(false)); len(absent) > 0 {
		t.Errorf("not kept: %s", names(absent))
	}
	if err := from.keep(unpacked, wanted(false), into); err == nil || !strings.Contains(err.Error(), "etcd, kube-apiserver") {
		t.Errorf("keeping what is no longer there: %v", err)
	}
}

// lockedBuffer is a buffer that several goroutines write and one waits on.
type lockedBuffer struct {
	mu      sync.Mutex
	content bytes.Buffer
	changed chan struct{}
}

func (b *lockedBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
	return b.content.Write(line)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.String()
}

// written returns a channel that the next write closes.
func (b *lockedBuffer) written() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.changed
}
