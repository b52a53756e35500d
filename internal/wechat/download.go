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
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

const (
	// MaxMediaBytes bounds a downloaded file: no follower can send a larger one.
	MaxMediaBytes = 32 << 20
	// peekBytes of an answer are looked at to tell a file from JSON. The JSON that takes the place of a file is shorter.
	peekBytes = 4 << 10
	// maxFileRedirects of the address of a video.
	maxFileRedirects = 3
)

// ErrMediaTooLong is the error of reading a file that is longer than MaxMediaBytes.
var ErrMediaTooLong = errors.New("the file is longer than 32 MiB")

// Media is a file on its way.
type Media struct {
	// Body has to be closed. Reading it fails when the context of the call ends, and with ErrMediaTooLong.
	Body io.ReadCloser
	// ContentType is as WeChat says, such as image/jpeg or audio/amr. May be empty.
	ContentType string
	// Length is in bytes, -1 if it is not known.
	Length int64
	// Filename as WeChat says, the media id with an extension. May be empty, and is foreign text.
	Filename string
}

// DownloadMedia opens a file that a follower sent. For a video WeChat names an address, which is followed.
func (c *Client) DownloadMedia(ctx context.Context, mediaID string) (*Media, error) {
	var media *Media
	err := c.call(ctx, mediaGet, func(ctx context.Context, token string) error {
		var req request
		req.authorize(url.Values{"media_id": {mediaID}}, token)
		var err error
		media, err = c.download(ctx, req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return media, nil
}

// download makes one attempt. The time for the whole file starts here and ends with the body.
func (c *Client) download(ctx context.Context, req request) (media *Media, err error) {
	ctx, cancel := context.WithTimeout(ctx, mediaGet.timeout)
	defer func() {
		if err != nil {
			cancel()
		}
	}()
	response, err := c.wire.do(ctx, mediaGet, req)
	if err != nil {
		return nil, err
	}
	body := bufio.NewReaderSize(response.Body, peekBytes)
	start, peekErr := body.Peek(peekBytes)
	if peekErr != nil && !errors.Is(peekErr, io.EOF) {
		_ = response.Body.Close()
		return nil, c.wire.failed(ctx, mediaGet, true, harmless(peekErr, req.secrets))
	}
	if !isJSON(response.Header.Get("Content-Type"), start) {
		return newMedia(response, body, cancel)
	}
	_ = response.Body.Close()
	if err := c.wire.check(mediaGet, start, req.secrets); err != nil {
		return nil, err
	}
	var video struct {
		URL string `json:"video_url"`
	}
	if err := json.Unmarshal(start, &video); err != nil || video.URL == "" {
		return nil, unclear(mediaGet, "the answer is neither a file nor the address of a video")
	}
	return c.follow(ctx, cancel, video.URL)
}

// follow loads a video from the address that WeChat gave. The access token stays here.
func (c *Client) follow(ctx context.Context, cancel context.CancelFunc, address string) (*Media, error) {
	target, err := url.Parse(address)
	if err != nil || target.Scheme != "http" && target.Scheme != "https" || target.Host == "" {
		return nil, unclear(mediaGet, "the address of the video is not understood")
	}
	message, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, unclear(mediaGet, "the address of the video is not understood")
	}
	response, err := c.files.Do(message)
	if err != nil {
		// The address is good for whoever has it.
		return nil, c.wire.failed(ctx, mediaGet, true, harmless(err, []string{address}))
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, statusError(mediaGet, response.StatusCode)
	}
	return newMedia(response, response.Body, cancel)
}

// newFileClient follows the redirects of a content network, within bounds.
func newFileClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxFileRedirects {
				return errors.New("the address of the video leads in circles")
			}
			return nil
		},
	}
}

// isJSON tells JSON from a file by the content type where it is one of a file, and else by how the body starts: WeChat
// sends its errors as text/plain at times.
func isJSON(contentType string, start []byte) bool {
	kind, _, _ := strings.Cut(contentType, "/")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "image", "audio", "video", "voice":
		return false
	}
	start = bytes.TrimSpace(start)
	if len(start) == 0 || start[0] != '{' {
		return false
	}
	return json.Valid(start) || strings.Contains(strings.ToLower(contentType), "json")
}

// newMedia makes a file of an answer whose body is read through another reader.
func newMedia(response *http.Response, body io.Reader, cancel context.CancelFunc) (*Media, error) {
	if response.ContentLength > MaxMediaBytes {
		_ = response.Body.Close()
		return nil, &Error{Kind: Invalid, Command: mediaGet.name, Err: ErrMediaTooLong}
	}
	media := &Media{
		Body:        &fileBody{content: body, left: MaxMediaBytes, close: response.Body.Close, cancel: cancel},
		ContentType: response.Header.Get("Content-Type"), Length: response.ContentLength,
	}
	if _, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Disposition")); err == nil {
		media.Filename = parameters["filename"]
	}
	return media, nil
}

// fileBody is the bounded body of a download.
type fileBody struct {
	content io.Reader
	left    int64
	close   func() error
	cancel  context.CancelFunc
}

// Read implements io.Reader.
func (b *fileBody) Read(p []byte) (int, error) {
	// One byte more than allowed tells a file that is too long from one that just fits.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.content.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n + int(b.left), ErrMediaTooLong
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = harmless(err, nil)
	}
	return n, err
}

// Close ends the download.
func (b *fileBody) Close() error {
	err := b.close()
	b.cancel()
	return err
}
