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
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Players ask for parts.
func TestParts(t *testing.T) {
	t.Parallel()
	video := "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00" + strings.Repeat("0123456789", 10_000)
	s := newStage(t, provider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("Content-Length", fmt.Sprint(len(video)))
		_, _ = io.WriteString(w, video)
	}))
	last := len(video) - 1
	for _, c := range []struct {
		asked, got string
		status     int
		body       string
	}{
		{"bytes=0-1", fmt.Sprintf("bytes 0-1/%d", len(video)), http.StatusPartialContent, video[:2]},
		{"bytes=70000-70009", fmt.Sprintf("bytes 70000-70009/%d", len(video)), http.StatusPartialContent, video[70000:70010]},
		{"bytes=100-", fmt.Sprintf("bytes 100-%d/%d", last, len(video)), http.StatusPartialContent, video[100:]},
		{"bytes=-5", fmt.Sprintf("bytes %d-%d/%d", last-4, last, len(video)), http.StatusPartialContent, video[last-4:]},
		{"bytes=0-1,5-6", "", http.StatusOK, video},
		{"lines=1-2", "", http.StatusRequestedRangeNotSatisfiable, "invalid range\n"},
		{fmt.Sprintf("bytes=%d-", len(video)), fmt.Sprintf("bytes */%d", len(video)), http.StatusRequestedRangeNotSatisfiable, "invalid range: failed to overlap\n"},
	} {
		got := s.get(http.MethodGet, s.link(mediaID), "Range", c.asked)
		if got.Status != c.status || got.Header.Get("Content-Range") != c.got || got.Body != c.body || got.Cut {
			t.Errorf("%s: %d %q, %d bytes", c.asked, got.Status, got.Header.Get("Content-Range"), len(got.Body))
		}
	}
	s.count(outcomeServed, 5)
	s.count(outcomeRange, 2)
}

// A file that does not say how long it is may be as long as allowed. One that is
// longer, or ends early, must not look whole.
func TestUnknownLength(t *testing.T) {
	t.Parallel()
	limit := int64(64 << 10)
	for _, c := range []struct {
		name  string
		bytes int64
		end   func()
		cut   bool
		want  outcome
	}{
		{"short", 100, nil, false, outcomeServed},
		{"empty", 0, nil, false, outcomeServed},
		{"just as long as allowed", limit, nil, false, outcomeServed},
		{"one byte longer", limit + 1, nil, true, outcomeOverrun},
		{"broken off", 5000, func() { panic(http.ErrAbortHandler) }, true, outcomeInterrupted},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := strings.Repeat("GIF89a", int(c.bytes/6+1))[:c.bytes]
			s := newStage(t, provider(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "image/gif")
				_ = http.NewResponseController(w).Flush()
				_, _ = io.WriteString(w, data)
				_ = http.NewResponseController(w).Flush()
				if c.end != nil {
					c.end()
				}
			}))
			s.account.Object.Spec.Media = &imv1alpha1.CustomerMedia{MaxBytes: &limit}
			got := s.get(http.MethodGet, s.link(mediaID))
			if got.Status != http.StatusOK || got.Cut != c.cut || !strings.HasPrefix(data, got.Body) || !c.cut && got.Body != data || int64(len(got.Body)) > limit {
				t.Errorf("%d, cut %v, %d bytes", got.Status, got.Cut, len(got.Body))
			}
			s.count(c.want, 1)
		})
	}
}

// A file of known length that ends early is cut as well.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	s := newStage(t, provider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/gif")
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, strings.Repeat("GIF89a", 10_000))
	}))
	if got := s.get(http.MethodGet, s.link(mediaID)); got.Status != http.StatusOK || !got.Cut {
		t.Errorf("%d, %d bytes, cut %v", got.Status, len(got.Body), got.Cut)
	}
	s.count(outcomeInterrupted, 1)
}

// A video that breaks off at once can still be told as such: nothing of it has been
// passed on.
func TestBrokenOffAtOnce(t *testing.T) {
	t.Parallel()
	for name, declare := range map[string]bool{"declared": true, "undeclared": false} {
		videos := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "video/mp4")
			if declare {
				w.Header().Set("Content-Length", "1000")
			}
			_, _ = io.WriteString(w, "\x00\x00\x00\x18ftypisom")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}))
		t.Cleanup(videos.Close)
		s := newStage(t, provider(t, refusal(`{"video_url":"`+videos.URL+`"}`)))
		if got := s.get(http.MethodGet, s.link(mediaID)); got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %v", name, got)
		}
		s.count(outcomeUnavailable, 1)
		if strings.Contains(s.log.String(), videos.URL) {
			t.Errorf("%s: logged: %s", name, s.log.String())
		}
	}
}

// The server's deadlines are made for pushes and callbacks. A file takes longer.
func TestLongerThanDeadlines(t *testing.T) {
	t.Parallel()
	const deadline = 100 * time.Millisecond
	half := strings.Repeat("GIF89a", 2000)
	s := newStage(t, provider(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/gif")
		w.Header().Set("Content-Length", fmt.Sprint(2*len(half)))
		_, _ = io.WriteString(w, half)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(3 * deadline): // the time that has to pass is what is tested
			_, _ = io.WriteString(w, half)
		case <-r.Context().Done():
		}
	}), func(server *http.Server) { server.ReadTimeout, server.WriteTimeout = deadline, deadline })
	if got := s.get(http.MethodGet, s.link(mediaID)); got.Status != http.StatusOK || got.Cut || got.Body != half+half {
		t.Errorf("%d, cut %v, %d bytes", got.Status, got.Cut, len(got.Body))
	}
	s.count(outcomeServed, 1)
}

// dated remembers the deadline that an answer had when it was last written to.
type dated struct {
	*httptest.ResponseRecorder

	next, last time.Time
}

func (d *dated) SetWriteDeadline(at time.Time) error {
	d.next = at
	return nil
}

func (d *dated) Write(p []byte) (int, error) {
	d.last = d.next
	return d.ResponseRecorder.Write(p)
}

// A client that reads slowly gets time for each piece, and no more than that.
func TestWriteDeadline(t *testing.T) {
	t.Parallel()
	answer := &dated{ResponseRecorder: httptest.NewRecorder()}
	to := &sink{ResponseWriter: answer, controller: http.NewResponseController(answer)}
	for range 2 {
		before := time.Now()
		if _, err := io.WriteString(to, "GIF89a"); err != nil {
			t.Fatal(err)
		}
		if at := answer.last; at.Before(before.Add(writeTimeout)) || at.After(time.Now().Add(writeTimeout)) {
			t.Errorf("until %v", at.Sub(before))
		}
	}
}
