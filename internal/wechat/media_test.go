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

package wechat

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// uploaded is the one file of a form.
type uploaded struct{ name, filename, contentType, length, content string }

func parseUpload(t *testing.T, r received) uploaded {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(r.contentType)
	if err != nil || kind != "multipart/form-data" {
		t.Fatalf("%q: %v", r.contentType, err)
	}
	form := multipart.NewReader(strings.NewReader(r.body), parameters["boundary"])
	part, err := form.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	_, disposition, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(part)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := form.NextPart(); !errors.Is(err, io.EOF) {
		t.Errorf("there is more: %v", err)
	}
	return uploaded{part.FormName(), part.FileName(), part.Header.Get("Content-Type"), disposition["filelength"], string(content)}
}

const uploadAnswer = `{"type":"image","media_id":"m1","created_at":1763848315}`

func TestUploadMedia(t *testing.T) {
	tests := map[string]struct {
		kind     MediaKind
		filename string
		content  string
		answer   string
		want     uploaded
		id       string
	}{
		"image":     {MediaImage, "a.jpg", "abc", uploadAnswer, uploaded{"media", "a.jpg", "image/jpeg", "3", "abc"}, "m1"},
		"thumb":     {MediaThumb, "a.jpg", "abc", `{"type":"thumb","thumb_media_id":"t1"}`, uploaded{"media", "a.jpg", "image/jpeg", "3", "abc"}, "t1"},
		"errcode 0": {MediaVideo, "a.jpg", "abc", `{"errcode":0,"media_id":"m2"}`, uploaded{"media", "a.jpg", "image/jpeg", "3", "abc"}, "m2"},
		"hostile name": {
			MediaVoice, "/b/\"a\r\nX: y\\.jpg", "\r\n--", uploadAnswer, uploaded{"media", "_a__X: y_.jpg", "image/jpeg", "4", "\r\n--"}, "m1",
		},
		"no name": {MediaImage, "", "a", uploadAnswer, uploaded{"media", "media", "image/jpeg", "1", "a"}, "m1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			c := newClient(t, p)
			p.then(mediaUpload, says(test.answer))
			id, err := c.UploadMedia(t.Context(), test.kind, test.filename, "image/jpeg", strings.NewReader(test.content), int64(len(test.content)))
			if err != nil || id != test.id {
				t.Fatalf("got %q, %v", id, err)
			}
			r := p.received(mediaUpload)[0]
			if got := parseUpload(t, r); got != test.want {
				t.Errorf("uploaded %+v", got)
			}
			if r.query != "access_token="+p.token+"&type="+string(test.kind) {
				t.Errorf("asked %s", r.query)
			}
		})
	}
}

func TestUploadMediaRefuses(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	for name, test := range map[string]struct {
		kind MediaKind
		size int64
	}{
		"another kind": {"file", 1}, "nothing": {MediaImage, 0}, "a long image": {MediaImage, 10<<20 + 1},
		"a long voice": {MediaVoice, 2<<20 + 1}, "a long video": {MediaVideo, 10<<20 + 1}, "a long thumb": {MediaThumb, 64<<10 + 1},
	} {
		if _, err := c.UploadMedia(t.Context(), test.kind, "a", "b/c", strings.NewReader(""), test.size); KindOf(err) != Invalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n := len(p.received(mediaUpload)); n > 0 {
		t.Errorf("%d requests", n)
	}
	for name, answer := range map[string]string{"no id": `{"type":"image"}`, "no object": `[]`, "no JSON": "x"} {
		p.then(mediaUpload, says(answer))
		if _, err := c.UploadMedia(t.Context(), MediaImage, "a", "b/c", strings.NewReader("a"), 1); KindOf(err) != Unavailable {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The content is sent again from where it stood, if that can be done.
func TestUploadMediaAgain(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	if err := c.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.rotate()
	p.then(mediaUpload, refuses(40001, "invalid"), says(uploadAnswer))
	content := strings.NewReader("xxabcd")
	_, _ = content.Seek(2, io.SeekStart)
	if id, err := c.UploadMedia(t.Context(), MediaImage, "a", "b/c", content, 3); err != nil || id != "m1" {
		t.Errorf("got %q, %v", id, err)
	}
	for _, r := range p.received(mediaUpload) {
		if got := parseUpload(t, r); got.content != "abc" {
			t.Errorf("uploaded %+v", got)
		}
	}

	p.rotate()
	p.then(mediaUpload, refuses(40001, "invalid"), says(uploadAnswer))
	if _, err := c.UploadMedia(t.Context(), MediaImage, "a", "b/c", io.MultiReader(strings.NewReader("abc")), 3); KindOf(err) != Unavailable {
		t.Errorf("got %v", err)
	}
	if id, err := c.UploadMedia(t.Context(), MediaImage, "a", "b/c", io.MultiReader(strings.NewReader("abc")), 3); err != nil || id != "m1" {
		t.Errorf("got %q, %v", id, err)
	}
}

func TestUploadMediaOfBrokenContent(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	broken := errors.New("the line broke")
	for name, content := range map[string]io.Reader{
		"short": strings.NewReader("ab"), "failing": io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(broken)),
	} {
		if _, err := c.UploadMedia(t.Context(), MediaImage, "a", "b/c", content, 3); KindOf(err) != Unavailable {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// More than announced is left alone.
	p.then(mediaUpload, says(uploadAnswer))
	content := strings.NewReader("abcd")
	if _, err := c.UploadMedia(t.Context(), MediaImage, "a", "b/c", content, 3); err != nil || content.Len() != 1 {
		t.Errorf("%d bytes are left, %v", content.Len(), err)
	}
}

// A server that answers before it has read everything: the content is the caller's again when the call returns.
func TestUploadMediaAnsweredEarly(t *testing.T) {
	early := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == stableToken.path {
			_, _ = io.WriteString(w, `{"access_token":"t","expires_in":7200}`)
			return
		}
		_, _ = io.WriteString(w, `{"errcode":40005,"errmsg":"invalid file type"}`)
	}))
	defer early.Close()
	c, err := New(Options{AppID: testAppID, Secret: testSecret, Endpoint: early.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	content := bytes.NewReader(make([]byte, 8<<20))
	if _, err := c.UploadMedia(t.Context(), MediaVideo, "a", "video/mp4", content, 8<<20); err == nil {
		t.Error("taken")
	}
	// The race detector watches.
	content.Reset(nil)
}

func saysFile(contentType, disposition, body string) step {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		if disposition != "" {
			w.Header().Set("Content-Disposition", disposition)
		}
		_, _ = io.WriteString(w, body)
	}
}

func TestDownloadMedia(t *testing.T) {
	long := strings.Repeat("\xff\xd8{}", 10_000)
	tests := map[string]struct {
		step step
		want Media
		body string
	}{
		"image": {
			saysFile("image/jpeg", `attachment; filename="m1.jpg"`, "\xff\xd8..."),
			Media{ContentType: "image/jpeg", Length: 5, Filename: "m1.jpg"}, "\xff\xd8...",
		},
		"voice of unknown length": {saysFile("audio/amr", "", long), Media{ContentType: "audio/amr", Length: -1}, long},
		"voice as a text":         {saysFile("text/plain", "", "#!AMR\n"), Media{ContentType: "text/plain", Length: 6}, "#!AMR\n"},
		"looks like JSON":         {saysFile("image/gif", "", `{"errcode":1}`), Media{ContentType: "image/gif", Length: 13}, `{"errcode":1}`},
		"begins like JSON":        {saysFile("application/octet-stream", "", "{\x00"), Media{ContentType: "application/octet-stream", Length: 2}, "{\x00"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			c := newClient(t, p)
			p.then(mediaGet, test.step)
			media, err := c.DownloadMedia(t.Context(), "m1")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(media.Body)
			if err != nil || string(body) != test.body {
				t.Errorf("got %.40q, %v", body, err)
			}
			if err := media.Body.Close(); err != nil {
				t.Error(err)
			}
			if media.Body = nil; !reflect.DeepEqual(*media, test.want) {
				t.Errorf("got %+v", *media)
			}
			if got := p.received(mediaGet)[0]; got.method != "GET" || got.query != "access_token="+p.token+"&media_id=m1" {
				t.Errorf("asked %+v", got)
			}
		})
	}
}

func TestDownloadMediaRefused(t *testing.T) {
	tests := map[string]struct {
		step step
		want Kind
	}{
		"expired":            {saysFile("application/json; encoding=utf-8", "", `{"errcode":40007,"errmsg":"invalid media_id"}`), MediaExpired},
		"expired, as a text": {saysFile("text/plain", "", ` {"errcode":40007,"errmsg":"invalid media_id"}`), MediaExpired},
		"neither":            {saysFile("application/json", "", `{"x":1}`), Unavailable},
		"broken JSON":        {saysFile("application/json", "", `{"x":`), Unavailable},
		"a long file":        {announces(MaxMediaBytes + 1), Invalid},
		"no address":         {saysFile("application/json", "", `{"video_url":"file:///etc/passwd"}`), Unavailable},
		"no host":            {saysFile("application/json", "", `{"video_url":"http:///a"}`), Unavailable},
		"odd address":        {saysFile("application/json", "", `{"video_url":"http://h:x/\u0000"}`), Unavailable},
		"reset":              {resets, Unavailable},
		"cut":                {cuts, Unavailable},
		"bad gateway":        {saysStatus(http.StatusBadGateway), Unavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			c := newClient(t, p)
			p.then(mediaGet, test.step)
			if media, err := c.DownloadMedia(t.Context(), "m1"); KindOf(err) != test.want || media != nil {
				t.Errorf("got %+v, %v", media, err)
			}
		})
	}
}

func announces(length int) step {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("Content-Length", strconv.Itoa(length))
		_, _ = w.Write(make([]byte, 2*peekBytes))
		panic(http.ErrAbortHandler)
	}
}

func lengthOf(length int) step {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		for ; length > 0; length -= 1 << 16 {
			if _, err := w.Write(make([]byte, min(length, 1<<16))); err != nil {
				return
			}
		}
	}
}

// The length is bounded whether it is announced or not.
func TestDownloadMediaTooLong(t *testing.T) {
	for _, length := range []int{MaxMediaBytes, MaxMediaBytes + 1} {
		p := newProvider(t)
		c := newClient(t, p)
		p.then(mediaGet, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "video/mp4")
			w.(http.Flusher).Flush()
			lengthOf(length)(w, r)
		})
		media, err := c.DownloadMedia(t.Context(), "m1")
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, media.Body)
		_ = media.Body.Close()
		if tooLong := length > MaxMediaBytes; n != MaxMediaBytes || errors.Is(err, ErrMediaTooLong) != tooLong || !tooLong && err != nil {
			t.Errorf("%d bytes: got %d, %v", length, n, err)
		}
	}
}

// A video is somewhere else, and the token does not go there.
func TestDownloadVideo(t *testing.T) {
	var asked []string
	network := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String()+r.Header.Get("Referer")+r.Header.Get("Authorization"))
		switch r.URL.Path {
		case "/v":
			http.Redirect(w, r, "/w?sign=1", http.StatusFound)
		case "/w":
			saysFile("video/mp4", "", "video")(w, r)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer network.Close()
	p := newProvider(t)
	c := newClient(t, p)
	p.then(mediaGet, saysFile("application/json", "", `{"video_url":"`+network.URL+`/v"}`))
	media, err := c.DownloadMedia(t.Context(), "m1")
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(media.Body); err != nil || string(body) != "video" || media.ContentType != "video/mp4" || media.Length != 5 {
		t.Errorf("got %q of %+v, %v", body, media, err)
	}
	_ = media.Body.Close()
	if got := strings.Join(asked, " "); got != "/v /w?sign=1"+network.URL+"/v" {
		t.Errorf("asked %s", got)
	}

	p.then(mediaGet, saysFile("", "", `{"video_url":"`+network.URL+`/round"}`), saysFile("", "", `{"video_url":"`+network.URL+`/gone"}`))
	for range 2 {
		if _, err := c.DownloadMedia(t.Context(), "m1"); KindOf(err) != Unavailable || strings.Contains(err.Error(), network.URL) {
			t.Errorf("got %v", err)
		}
	}
}

func TestDownloadMediaWithAnotherToken(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	if err := c.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.rotate()
	p.then(mediaGet, refuses(42001, "access_token expired"), saysFile("image/png", "", "x"))
	media, err := c.DownloadMedia(t.Context(), "m1")
	if err != nil {
		t.Fatal(err)
	}
	_ = media.Body.Close()
	if got := p.received(mediaGet); len(got) != 2 || !strings.Contains(got[1].query, p.token) {
		t.Errorf("asked %+v", got)
	}
}

// The file ends with the caller's context.
func TestDownloadMediaGivenUp(t *testing.T) {
	p := newProvider(t)
	c := newClient(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.then(mediaGet, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(make([]byte, 2*peekBytes))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	media, err := c.DownloadMedia(ctx, "m1")
	if err != nil {
		t.Fatal(err)
	}
	defer media.Body.Close()
	cancel()
	if _, err := io.Copy(io.Discard, media.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
