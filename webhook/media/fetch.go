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
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
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
)

// ErrTooLarge: a file is longer than WeChat takes.
var ErrTooLarge = errors.New("the file is larger than WeChat takes")

// ErrForbidden: the file's address is not one of the internet.
var ErrForbidden = errors.New("the address of the file is not allowed")

// Fetcher fetches files by links in messages. The links are foreign: whoever can
// write to a customer can put any address into one.
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
			MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("%w: too many redirects", ErrForbidden)
			}
			return f.allowed(r.URL)
		},
	}
	return f
}

// Close closes idle connections.
func (f *Fetcher) Close() { f.client.CloseIdleConnections() }

// File is a file in memory.
type File struct {
	*bytes.Reader

	ContentType string

	release func()
}

// Close gives the memory back.
func (f *File) Close() { f.release() }

// Fetch a file of at most limit bytes. Its errors do not quote the link.
func (f *Fetcher) Fetch(ctx context.Context, link string, limit int64) (*File, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, ErrForbidden
	}
	if err := f.allowed(u); err != nil {
		return nil, err
	}
	if err := f.held.Acquire(ctx, min(limit, fetchBytes)); err != nil {
		return nil, fmt.Errorf("waiting for memory: %w", err)
	}
	release := func() { f.held.Release(min(limit, fetchBytes)) }
	file, err := f.read(ctx, link, limit)
	if err != nil {
		release()
		return nil, err
	}
	file.release = release
	return file, nil
}

func (f *Fetcher) read(ctx context.Context, link string, limit int64) (*File, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, ErrForbidden
	}
	response, err := f.client.Do(request)
	if err != nil {
		if errors.Is(err, ErrForbidden) {
			return nil, ErrForbidden
		}
		// An url.Error quotes the link, which opens the file for whoever reads it.
		if inner := new(url.Error); errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, fmt.Errorf("fetching a file: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching a file: status %d", response.StatusCode)
	}
	if response.ContentLength > limit {
		return nil, ErrTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("fetching a file: %w", err)
	case int64(len(data)) > limit:
		return nil, ErrTooLarge
	}
	return &File{Reader: bytes.NewReader(data), ContentType: contentType(response.Header.Get("Content-Type"), data[:min(len(data), sniffed)])}, nil
}

func (f *Fetcher) allowed(u *url.URL) error {
	if u.Host == "" || u.User != nil || u.Scheme != "https" && (!f.local || u.Scheme != "http") {
		return ErrForbidden
	}
	return nil
}

// control sees the address that a name stands for, right before it is connected to.
func (f *Fetcher) control(_, address string, _ syscall.RawConn) error {
	if f.local {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrForbidden
	}
	ip := at.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip) || translated.Contains(ip) {
		return ErrForbidden
	}
	return nil
}

var (
	// shared addresses of providers, where clusters often have their own services.
	shared = netip.MustParsePrefix("100.64.0.0/10")
	// translated addresses stand for those of IPv4.
	translated = netip.MustParsePrefix("64:ff9b::/96")
)
