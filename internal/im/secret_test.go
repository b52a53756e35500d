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

package im

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
)

// assertNoSecret checks that an error, in whatever way it is printed, carries no key, no UserSig and no query.
func assertNoSecret(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, text := range []string{err.Error(), fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			for _, secret := range []string{testKey, "usersig", "identifier=", "eJ"} {
				if strings.Contains(text, secret) {
					t.Errorf("an error carries %q: %s", secret, text)
				}
			}
		}
	}
}

// indiscreet fails or answers with everything it knows of a request.
type indiscreet struct{ answer bool }

func (i indiscreet) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	if !i.answer {
		return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: fmt.Errorf("no route for %s", r.URL)}
	}
	info, _ := json.Marshal(r.URL.Query().Get("usersig"))
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(`{"ErrorCode":70003,"ErrorInfo":` + string(info) + `}`)),
	}, nil
}

func TestNoSecretInErrors(t *testing.T) {
	for _, answer := range []bool{false, true} {
		c := newClient(t, "http://127.0.0.1:1", func(config *Config) { config.Transport = indiscreet{answer} })
		err := destroy(t.Context(), c)
		if err == nil || !strings.Contains(err.Error(), "withheld") {
			t.Errorf("got %v", err)
		}
		assertNoSecret(t, err)
	}
}

func TestNoSecretInPrints(t *testing.T) {
	credentials := Credentials{Administrator: "the-admin", SecretKey: testKey}
	signer := NewSigner(testAppID, testKey)
	c := newClient(t, "http://127.0.0.1:1")
	values := []any{credentials, &credentials, Config{Credentials: credentials}, signer, *signer, c, struct{ s *Signer }{signer}}
	for _, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, testKey) || strings.Contains(text, fmt.Sprintf("%x", testKey)) {
				t.Errorf("%T printed with %s shows the key", value, verb)
			}
		}
	}
	if text, err := json.Marshal(Config{Credentials: credentials, Clock: systemClock{}}.Credentials); err != nil || string(text) != `"[redacted]"` {
		t.Errorf("got %s, %v", text, err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "c", credentials, "p", &credentials)
	if strings.Contains(log.String(), testKey) || strings.Contains(log.String(), "the-admin") {
		t.Errorf("logged %s", log.String())
	}
	if credentials.MarshalLog() != redacted {
		t.Errorf("logs %v", credentials.MarshalLog())
	}
}

func TestSigner(t *testing.T) {
	s := NewSigner(testAppID, testKey)
	sig, err := s.Sign("alice", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := tencentyun.VerifyUserSig(testAppID, testKey, "alice", sig, time.Now().Add(59*time.Minute)); err != nil {
		t.Error(err)
	}
	if err := tencentyun.VerifyUserSig(testAppID, testKey, "alice", sig, time.Now().Add(61*time.Minute)); err == nil {
		t.Error("the UserSig does not end")
	}
	tests := map[string]struct {
		signer   *Signer
		userID   string
		validity time.Duration
	}{
		"no user":            {s, "", time.Hour},
		"long user":          {s, strings.Repeat("a", 33), time.Hour},
		"line in the user":   {s, "a\nb", time.Hour},
		"user not ASCII":     {s, "爱", time.Hour},
		"no time":            {s, "alice", 0},
		"less than a second": {s, "alice", 999 * time.Millisecond},
		"a century":          {s, "alice", 100 * 365 * 24 * time.Hour},
		"no key":             {NewSigner(testAppID, ""), "alice", time.Hour},
		"no application":     {NewSigner(0, testKey), "alice", time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sig, err := test.signer.Sign(test.userID, test.validity)
			if err == nil || sig != "" {
				t.Errorf("got %q, %v", sig, err)
			}
			if err != nil && strings.Contains(err.Error(), testKey) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
	if _, err := s.Sign(strings.Repeat("a", 32), time.Second); err != nil {
		t.Error(err)
	}
}

func TestFingerprint(t *testing.T) {
	a := NewSigner(testAppID, testKey).Fingerprint()
	if len(a) != 16 || strings.Contains(testKey, a) || a != NewSigner(testAppID, testKey).Fingerprint() {
		t.Errorf("got %q", a)
	}
	if b := NewSigner(testAppID, testKey+"0").Fingerprint(); b == a {
		t.Error("two keys look the same")
	}
	if b := NewSigner(testAppID+1, testKey).Fingerprint(); b == a {
		t.Error("two applications look the same")
	}
}

func TestNewRefusesWrongConfigurations(t *testing.T) {
	good := Config{Endpoint: "https://h", SDKAppID: 1, Credentials: Credentials{Administrator: "a", SecretKey: testKey}}
	tests := map[string]func(*Config){
		"no endpoint":      func(c *Config) { c.Endpoint = "" },
		"no scheme":        func(c *Config) { c.Endpoint = "console.tim.qq.com" },
		"other scheme":     func(c *Config) { c.Endpoint = "ftp://h" },
		"path":             func(c *Config) { c.Endpoint = "https://h/v4" },
		"query":            func(c *Config) { c.Endpoint = "https://h?usersig=x" },
		"password":         func(c *Config) { c.Endpoint = "https://u:" + testKey + "@h" },
		"not a URL":        func(c *Config) { c.Endpoint = "https://h:" + testKey + "\x7f" },
		"no application":   func(c *Config) { c.SDKAppID = 0 },
		"no administrator": func(c *Config) { c.Credentials.Administrator = "" },
		"no key":           func(c *Config) { c.Credentials.SecretKey = "" },
		"negative rate":    func(c *Config) { c.RequestsPerSecond = -1 },
		"share beyond one": func(c *Config) { c.Share = 1.5 },
		"share below zero": func(c *Config) { c.Share = -0.5 },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			config := good
			change(&config)
			c, err := New(config)
			if err == nil {
				c.Close()
				t.Fatal("it was accepted")
			}
			if strings.Contains(err.Error(), testKey) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
	c, err := New(good)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestRegionEndpoint(t *testing.T) {
	for _, region := range []string{"China", "Singapore", "Seoul", "Tokyo", "Frankfurt", "SiliconValley", "Jakarta"} {
		endpoint, ok := RegionEndpoint(region)
		if u, err := url.Parse(endpoint); !ok || err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("%s: got %q, %v", region, endpoint, ok)
		}
	}
	if endpoint, ok := RegionEndpoint("Mars"); ok || endpoint != "" {
		t.Errorf("got %q, %v", endpoint, ok)
	}
	if endpoint, _ := RegionEndpoint("China"); endpoint != "https://console.tim.qq.com" {
		t.Errorf("got %q", endpoint)
	}
}
