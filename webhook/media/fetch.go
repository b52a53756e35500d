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
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// fetchTimeout bounds one file.
	fetchTimeout = 30 * time.Second
	// fetchBytes are held in memory at once, of all files.
	fetchBytes = 64 << 20
	// maxRedirects are followed.
	maxRedirects = 3
	// maxLinkBytes of a link.
	maxLinkBytes = 4 << 10
	// maxAnswerHeader bounds the head of an answer.
	maxAnswerHeader = 64 << 10
)

// ErrTooLarge means that a file is longer than WeChat takes.
var ErrTooLarge = errors.New("the file is larger than WeChat takes")

// ErrForbidden means that a link leads to no file that may be fetched, and will not later.
var ErrForbidden = errors.New("the address of the file is not allowed")

// ErrGone is an ErrForbidden: the address is good, and there is no file.
var ErrGone = fmt.Errorf("%w: there is no file to be had", ErrForbidden)

// Fetcher fetches files by links in messages, over a connection of its own:
// proxies are not used, because they would look up the address where nobody
// checks it. The links are foreign: whoever can write to a customer can put any
// address into one.
type Fetcher struct {
	client *http.Client
	held   *semaphore.Weighted
	local  bool
}

// NewFetcher returns a fetcher. With local it also takes plain HTTP, and addresses
// that are not of the internet, as simulators have.
func NewFetcher(local bool) *Fetcher {
	f := &Fetcher{held: semaphore.NewWeighted(fetchBytes), local: local}
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: f.control}
	f.client = &http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
			MaxIdleConns: 32, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: maxAnswerHeader,
			// The length that is announced is the one that counts.
			DisableCompression: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("%w: too many redirects", ErrForbidden)
			}
			// It would quote the link to another server.
			r.Header.Del("Referer")
			return f.allowed(r.URL)
		},
	}
	return f
}

// Close closes idle connections.
func (f *Fetcher) Close() { f.client.CloseIdleConnections() }

// File is a file in memory. It can be read more than once, by seeking.
type File struct {
	*bytes.Reader

	// ContentType is what the content shows, or else what the sender says, if it is
	// one of media; application/octet-stream otherwise.
	ContentType string

	release func()
}

// Named gives a name the extension of what the content is, which those who take
// files by their names ask for. It stays as it is when the content does not show.
func (f *File) Named(name string) string {
	extensions := extensionsOf[f.ContentType]
	if len(extensions) == 0 || slices.Contains(extensions, strings.ToLower(path.Ext(name))) {
		return name
	}
	return name + extensions[0]
}

// Close gives the memory back. It has to be called once.
func (f *File) Close() { f.release() }

// Fetch a file of at most limit bytes. It waits for memory while too many others
// are held. An error that is neither ErrTooLarge nor ErrForbidden may be over
// later. Errors do not quote the link, which opens the file for whoever reads it.
func (f *Fetcher) Fetch(ctx context.Context, link string, limit int64) (*File, error) {
	if len(link) > maxLinkBytes {
		return nil, ErrForbidden
	}
	u, err := url.Parse(link)
	if err != nil {
		return nil, ErrForbidden
	}
	if err := f.allowed(u); err != nil {
		return nil, err
	}
	limit = min(limit, fetchBytes)
	if err := f.held.Acquire(ctx, limit); err != nil {
		return nil, fmt.Errorf("waiting for memory: %w", err)
	}
	file, err := f.read(ctx, u, limit)
	if err != nil {
		f.held.Release(limit)
		return nil, err
	}
	// What is kept from here on is the memory of the file alone.
	kept := min(int64(file.capacity), limit)
	f.held.Release(limit - kept)
	return &File{Reader: bytes.NewReader(file.data), ContentType: file.contentType, release: func() { f.held.Release(kept) }}, nil
}

// fetched is a file with the memory that it takes.
type fetched struct {
	data        []byte
	capacity    int
	contentType string
}

func (f *Fetcher) read(ctx context.Context, u *url.URL, limit int64) (*fetched, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, ErrForbidden
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, harmless(err)
	}
	defer func() { _ = response.Body.Close() }()
	switch status := response.StatusCode; {
	case status == http.StatusOK:
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return nil, fmt.Errorf("fetching a file: status %d", status)
	default:
		return nil, ErrGone
	}
	if response.ContentLength > limit {
		return nil, ErrTooLarge
	}
	// One byte more than announced, or than allowed, tells a longer file; memory does
	// not grow beyond that.
	size := limit
	if response.ContentLength >= 0 {
		size = response.ContentLength
	}
	data := make([]byte, size+1)
	n, err := fill(data, response.Body)
	switch {
	case err != nil:
		return nil, harmless(err)
	case n == len(data):
		return nil, ErrTooLarge
	case n == 0:
		return nil, ErrGone
	}
	declared := response.Header.Get("Content-Type")
	return &fetched{data: data[:n], capacity: len(data), contentType: contentType(declared, data[:min(n, sniffed)])}, nil
}

// fill memory up, or less of it if there is no more to read. Unlike io.ReadFull it
// tells a file that is over from one that breaks off, which shows as
// io.ErrUnexpectedEOF.
func fill(data []byte, from io.Reader) (int, error) {
	n := 0
	for n < len(data) {
		read, err := from.Read(data[n:])
		n += read
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil && n < len(data):
			return n, err
		}
	}
	return n, nil
}

// harmless is an error of a call without its link, which url.Error quotes.
func harmless(err error) error {
	if errors.Is(err, ErrForbidden) {
		return ErrForbidden
	}
	var unknown *net.DNSError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return ErrGone
	case errors.As(err, &untrusted):
		return fmt.Errorf("%w: its certificate is not valid", ErrForbidden)
	}
	if quoting := new(url.Error); errors.As(err, &quoting) {
		err = quoting.Err
	}
	return fmt.Errorf("fetching a file: %w", err)
}

func (f *Fetcher) allowed(u *url.URL) error {
	if u.Host == "" || u.User != nil || u.Scheme != "https" && (!f.local || u.Scheme != "http") {
		return ErrForbidden
	}
	return nil
}
