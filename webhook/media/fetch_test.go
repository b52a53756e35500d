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

package media

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
)

// newFetcher is closed at the end of a test.
func newFetcher(t *testing.T, local bool) *Fetcher {
	t.Helper()
	f := NewFetcher(local)
	t.Cleanup(f.Close)
	return f
}

// free waits for all the memory of a fetcher: what was not given back would be missing.
func free(t *testing.T, f *Fetcher) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := f.held.Acquire(ctx, fetchBytes); err != nil {
		t.Fatal("memory was not given back")
	}
	f.held.Release(fetchBytes)
}

func TestFetch(t *testing.T) {
	t.Parallel()
	const limit = 1000
	whole := func(n int) string { return ("\xff\xd8\xff" + strings.Repeat("x", n))[:n] }
	mux := http.NewServeMux()
	serve := func(path string, handler http.HandlerFunc) { mux.HandleFunc(path, handler) }
	serve("/picture.jpg", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" {
			t.Errorf("told where it comes from: %s", r.Header.Get("Referer"))
		}
		_, _ = io.WriteString(w, whole(limit))
	})
	serve("/unknown", func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, whole(limit))
	})
	serve("/long", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, whole(limit+1)) })
	serve("/unknown-long", func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, whole(limit+1))
	})
	serve("/half", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(limit))
		_, _ = io.WriteString(w, whole(limit/2))
	})
	serve("/unknown-half", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, whole(limit/2))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	serve("/empty", func(http.ResponseWriter, *http.Request) {})
	serve("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = io.WriteString(w, "<html>")
	})
	for _, status := range []int{204, 206, 403, 404, 410, 408, 429, 500, 503} {
		serve(fmt.Sprintf("/status/%d", status), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
	for path, target := range map[string]string{
		"/to/picture": "/picture.jpg", "/to/circle": "/to/circle", "/to/file": "file:///etc/passwd", "/to/user": "http://me:secret@127.0.0.1/",
	} {
		serve(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) })
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	f := newFetcher(t, true)

	for _, c := range []struct {
		path string
		want error
		// over tells that the error may be over later.
		over bool
		kind string
	}{
		{path: "/picture.jpg?sign=secret", kind: "image/jpeg"},
		{path: "/unknown", kind: "image/jpeg"},
		{path: "/to/picture?sign=secret", kind: "image/jpeg"},
		{path: "/page", kind: unknownType},
		{path: "/long", want: ErrTooLarge},
		{path: "/unknown-long", want: ErrTooLarge},
		{path: "/half?sign=secret", over: true},
		{path: "/unknown-half?sign=secret", over: true},
		{path: "/empty", want: ErrGone},
		{path: "/status/204", want: ErrGone},
		{path: "/status/206", want: ErrGone},
		{path: "/status/403", want: ErrGone},
		{path: "/status/404", want: ErrGone},
		{path: "/status/410", want: ErrGone},
		{path: "/status/408?sign=secret", over: true},
		{path: "/status/429", over: true},
		{path: "/status/500", over: true},
		{path: "/status/503", over: true},
		{path: "/to/circle", want: ErrForbidden},
		{path: "/to/file", want: ErrForbidden},
		{path: "/to/user", want: ErrForbidden},
	} {
		file, err := f.Fetch(t.Context(), server.URL+c.path, limit)
		if c.kind != "" {
			if err != nil {
				t.Errorf("%s: %v", c.path, err)
				continue
			}
			// Twice, as an upload is that is refused once.
			for range 2 {
				data, err := io.ReadAll(file)
				if want := whole(limit); err != nil || c.kind == "image/jpeg" && string(data) != want || file.ContentType != c.kind || file.Size() != int64(len(data)) {
					t.Errorf("%s: %v, %s, %d bytes", c.path, err, file.ContentType, len(data))
				}
				if _, err := file.Seek(0, io.SeekStart); err != nil {
					t.Error(err)
				}
			}
			file.Close()
			continue
		}
		final := errors.Is(err, ErrTooLarge) || errors.Is(err, ErrForbidden)
		if err == nil || file != nil || final == c.over || !c.over && !errors.Is(err, c.want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), server.URL) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	free(t, f)
	server.Close()
	if _, err := f.Fetch(t.Context(), server.URL+"/picture.jpg?sign=secret", limit); err == nil || errors.Is(err, ErrForbidden) || strings.Contains(err.Error(), "secret") {
		t.Errorf("an address where nobody answers: %v", err)
	}
	free(t, f)
}

// A server that does not go on costs no more than the time for a file, or than its
// caller has. It may be quicker later.
func TestTimeOut(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/mute", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/stuck", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "GIF89a")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, path := range []string{"/mute", "/stuck"} {
		for name, own := range map[string]bool{"its own": true, "its caller's": false} {
			f, ctx, cancel := newFetcher(t, true), t.Context(), func() {}
			if own {
				f.client.Timeout = 50 * time.Millisecond
			} else {
				ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
			}
			_, err := f.Fetch(ctx, server.URL+path+"?sign=secret", 1000)
			cancel()
			if err == nil || errors.Is(err, ErrForbidden) || errors.Is(err, ErrTooLarge) || !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s, %s time: %v", path, name, err)
			}
			free(t, f)
		}
	}
}

// A server must show that it is the one of the link.
func TestUntrusted(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "GIF89a") }))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	f := newFetcher(t, true)
	if _, err := f.Fetch(t.Context(), server.URL, 1000); !errors.Is(err, ErrForbidden) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	trusting := newFetcher(t, true)
	trusting.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	file, err := trusting.Fetch(t.Context(), server.URL, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if file.ContentType != "image/gif" {
		t.Error(file.ContentType)
	}
	file.Close()
}

// Files wait for memory that others hold, and no longer than their callers.
func TestMemory(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush() // of unknown length: it may take all that it was allowed
		_, _ = io.WriteString(w, "GIF89a")
	}))
	t.Cleanup(server.Close)
	f := newFetcher(t, true)
	file, err := f.Fetch(t.Context(), server.URL, fetchBytes)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	go func() {
		_, err := f.Fetch(ctx, server.URL, 1000)
		waiting <- err
	}()
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	file.Close()
	free(t, f)
}

// Errors of calls lose their links, and those that will not heal are told apart.
func TestHarmless(t *testing.T) {
	t.Parallel()
	quoting := func(err error) error {
		return &url.Error{Op: "Get", URL: "https://im/file?sign=secret", Err: err}
	}
	for _, c := range []struct {
		err, want error
	}{
		{quoting(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "im", IsNotFound: true}}), ErrGone},
		{quoting(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", Name: "im", IsTemporary: true}}), nil},
		{quoting(&net.OpError{Op: "dial", Err: ErrForbidden}), ErrForbidden},
		{quoting(context.DeadlineExceeded), context.DeadlineExceeded},
		{io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
	} {
		got := harmless(c.err)
		if c.want != nil && !errors.Is(got, c.want) || c.want == nil && errors.Is(got, ErrForbidden) || strings.Contains(got.Error(), "secret") {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

// WeChat takes what was fetched, by the name that its content gives it.
func TestFetchedForWeChat(t *testing.T) {
	t.Parallel()
	simulator, _, endpoint := simulated(t)
	client, err := wechat.New(wechat.Options{AppID: appID, Secret: appSecret, Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	f := newFetcher(t, true)
	for _, c := range []struct {
		kind wechat.MediaKind
		data string
	}{
		{wechat.MediaImage, "\xff\xd8\xff\xe0picture"},
		{wechat.MediaImage, "GIF89a picture"},
		{wechat.MediaVoice, "#!AMR\n" + strings.Repeat("\x3c"+strings.Repeat("\x01", 31), 50)},
		{wechat.MediaVideo, "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, c.data) }))
		file, err := f.Fetch(t.Context(), server.URL+"/0d7a-2c61", c.kind.Limit())
		server.Close()
		if err != nil {
			t.Fatal(err)
		}
		id, err := client.UploadMedia(t.Context(), c.kind, file.Named("0d7a-2c61"), file.ContentType, file, file.Size())
		file.Close()
		if err != nil {
			t.Errorf("%s: %v", file.ContentType, err)
			continue
		}
		if data, _, err := simulator.Media(appID, id); err != nil || string(data) != c.data {
			t.Errorf("%s: %v, %q", file.ContentType, err, data)
		}
	}
	free(t, f)
}
