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
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
)

// MediaKind is what a file is uploaded as.
type MediaKind string

// The kinds of media.
const (
	// MediaImage: PNG, JPEG or GIF.
	MediaImage MediaKind = "image"
	// MediaVoice: AMR or MP3, at most 60 s.
	MediaVoice MediaKind = "voice"
	// MediaVideo: MP4.
	MediaVideo MediaKind = "video"
	// MediaThumb: JPEG, the picture of a video, of music or of a mini-program page.
	MediaThumb MediaKind = "thumb"
)

// mediaLimits are the largest sizes that WeChat takes, in bytes.
var mediaLimits = map[MediaKind]int64{
	MediaImage: 10 << 20, MediaVoice: 2 << 20, MediaVideo: 10 << 20, MediaThumb: 64 << 10,
}

// Limit is the largest size of a file of this kind in bytes, 0 for a kind that is not known.
func (k MediaKind) Limit() int64 { return mediaLimits[k] }

// UploadMedia uploads a file of exactly size bytes and returns its media id, which is valid for three days and can be used
// more than once. Content that can be sought from where it stands (io.Seeker) is sent again when the access token is
// refused; of any other the caller gets an Unavailable error and has to bring it once more. Uploading twice does no harm.
//
// The content is not read any more when UploadMedia returns.
func (c *Client) UploadMedia(
	ctx context.Context, kind MediaKind, filename, contentType string, content io.Reader, size int64,
) (mediaID string, err error) {
	if limit := kind.Limit(); limit == 0 || size <= 0 || size > limit {
		err := invalid(mediaUpload, fmt.Sprintf("not a file of 1 to %d bytes", limit))
		c.metrics.called(mediaUpload, err)
		return "", err
	}
	source := newSource(content)
	var answer []byte
	err = c.call(ctx, mediaUpload, func(ctx context.Context, token string) error {
		file, err := source.open(size)
		if err != nil {
			return &Error{Kind: Unavailable, Command: mediaUpload.name, Info: "the content has to be brought again", Err: err}
		}
		defer file.stop()
		req := fileRequest(filename, contentType, file, size)
		req.authorize(url.Values{"type": {string(kind)}}, token)
		answer, err = c.wire.ask(ctx, mediaUpload, req)
		return err
	})
	if err != nil {
		return "", err
	}
	var got struct {
		MediaID      string `json:"media_id"`
		ThumbMediaID string `json:"thumb_media_id"`
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return "", unclear(mediaUpload, "the answer is not understood")
	}
	if got.MediaID == "" {
		got.MediaID = got.ThumbMediaID
	}
	if got.MediaID == "" {
		return "", unclear(mediaUpload, "the answer holds no media id")
	}
	return got.MediaID, nil
}

// fileRequest is a form with one file, streamed, with its length known beforehand.
func fileRequest(filename, contentType string, file io.Reader, size int64) request {
	// Two random numbers in a line of their own: no file holds them by chance, and none by design, as nobody knows them.
	boundary := fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()) //nolint:gosec // it keeps no secret
	if filename = path.Base(filename); filename == "." || filename == "/" {
		filename = "media"
	}
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	head := "--" + boundary + "\r\n" +
		`Content-Disposition: form-data; name="media"; filename="` + quotable(filename) + `"; filelength=` +
		strconv.FormatInt(size, 10) + "\r\nContent-Type: " + quotable(contentType) + "\r\n\r\n"
	tail := "\r\n--" + boundary + "--\r\n"
	return request{
		body:        io.MultiReader(strings.NewReader(head), file, strings.NewReader(tail)),
		length:      int64(len(head)) + size + int64(len(tail)),
		contentType: "multipart/form-data; boundary=" + boundary,
	}
}

// quotable leaves nothing in a text that could end a quoted parameter or a line of a header.
func quotable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, text)
}

// source is the content of an upload, which may have to be read twice.
type source struct {
	content io.Reader
	seeker  io.Seeker
	start   int64
	opened  bool
}

func newSource(content io.Reader) *source {
	s := &source{content: content}
	if seeker, ok := content.(io.Seeker); ok {
		// Pipes have the method as well, and fail.
		if start, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			s.seeker, s.start = seeker, start
		}
	}
	return s
}

// open is the content from its beginning.
func (s *source) open(size int64) (*file, error) {
	if s.opened {
		if s.seeker == nil {
			return nil, errors.New("it has been read and cannot be sought")
		}
		if _, err := s.seeker.Seek(s.start, io.SeekStart); err != nil {
			return nil, err
		}
	}
	s.opened = true
	return &file{content: io.LimitReader(s.content, size), left: size}, nil
}

// file reads exactly as much as was announced, and nothing after stop: a transport may go on reading the body of a request
// that was answered early, when the caller has taken the content back.
type file struct {
	mu      sync.Mutex
	content io.Reader
	left    int64
	stopped bool
}

func (f *file) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return 0, errors.New("the upload has ended")
	}
	n, err := f.content.Read(p)
	f.left -= int64(n)
	if errors.Is(err, io.EOF) && f.left > 0 {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

func (f *file) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
}
