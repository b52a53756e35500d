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
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// A link is foreign text. Nothing is even asked by plain HTTP, or inside.
func TestForbidden(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
	t.Cleanup(server.Close)
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	f := newFetcher(t, false)
	for _, link := range []string{
		"", "picture.jpg", "/picture.jpg", "https://", "https:///picture.jpg", "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "data:,x",
		"https://me:secret@example.com/", "https://example.com/\x00", "https://a/" + strings.Repeat("a", maxLinkBytes), "://", "https://[::1",
		server.URL, "https://localhost" + port, "https://[::ffff:127.0.0.1]" + port, "https://0.0.0.0" + port, "https://[::]" + port,
	} {
		if _, err := f.Fetch(t.Context(), link, 1000); !errors.Is(err, ErrForbidden) {
			t.Errorf("%.80q: %v", link, err)
		}
	}
	free(t, f)
}

// An address of the internet may lead on to one that is not. Nothing is asked there.
func TestForbiddenRedirects(t *testing.T) {
	t.Parallel()
	const host = "example.com" // as the certificate of the server says
	mux := http.NewServeMux()
	mux.HandleFunc(host+"/to", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("target"), http.StatusFound)
	})
	mux.HandleFunc(host+"/picture.gif", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "GIF89a") })
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked %s", r.Host) })
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	f := newFetcher(t, false)
	// The name leads to the server, as if that were on the internet. What else is
	// connected to is checked as ever.
	transport := f.client.Transport.(*http.Transport)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	checked := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == host+":443" {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		}
		return checked(ctx, network, address)
	}
	for target, want := range map[string]error{
		"https://" + host + "/picture.gif":  nil,
		"/picture.gif":                      nil,
		"http://" + host + "/picture.gif":   ErrForbidden,
		"ftp://" + host + "/picture.gif":    ErrForbidden,
		"https://me@" + host + "/":          ErrForbidden,
		server.URL:                          ErrForbidden,
		"https://localhost" + port:          ErrForbidden,
		"https://[::1]" + port:              ErrForbidden,
		"https://[::ffff:127.0.0.1]" + port: ErrForbidden,
		"https://10.0.0.1":                  ErrForbidden,
		"https://100.64.1.1":                ErrForbidden,
		"https://169.254.169.254":           ErrForbidden,
		"https://[fd00::1]":                 ErrForbidden,
	} {
		file, err := f.Fetch(t.Context(), "https://"+host+"/to?target="+url.QueryEscape(target), 1000)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", target, err)
		}
		if err == nil {
			file.Close()
		}
	}
	free(t, f)
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8": true, "119.29.29.29": true, "2001:4860:4860::8888": true, "2402:4e00::": true, "::ffff:8.8.8.8": true,
		"100.63.255.255": true, "100.128.0.0": true, "172.15.0.1": true, "172.32.0.1": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.100.100.200": false, "127.0.0.1": false, "127.9.9.9": false,
		"169.254.169.254": false, "169.254.0.23": false, "172.16.0.1": false, "172.31.255.255": false, "192.0.0.1": false, "192.0.2.1": false,
		"192.168.1.1": false, "198.18.0.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::7f00:1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "fe80::1": false, "fe80::1%eth0": false,
		"fc00::1": false, "fd00:ec2::254": false, "fec0::1": false, "ff02::1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false,
		"2002:7f00:1::": false, "2001:0:1::1": false, "2001:db8::1": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
