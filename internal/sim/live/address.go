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

package live

import (
	"crypto/md5" //nolint:gosec // the provider's algorithm
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// address is what a push or playback URL names.
type address struct {
	scheme, domain, app, name string
	secret, at                string
	param                     string
}

var errAddress = errors.New("not a URL of a stream")

// parse a URL of any of the forms of sections 1.1 and 2.1.
func parse(text string) (address, error) {
	if rest, ok := strings.CutPrefix(text, "srt://"); ok {
		return parseSRT(rest)
	}
	u, err := url.Parse(text)
	if err != nil {
		return address{}, errAddress
	}
	path := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	if u.Host == "" || len(path) != 2 || path[0] == "" || path[1] == "" {
		return address{}, errAddress
	}
	a := address{scheme: u.Scheme, domain: u.Hostname(), app: path[0], name: path[1], param: u.RawQuery}
	for _, part := range strings.Split(u.RawQuery, "&") {
		a.take(part)
	}
	return a, nil
}

// parseSRT takes the form with commas, which names the domain twice.
func parseSRT(rest string) (address, error) {
	host, parameters, ok := strings.Cut(rest, "?streamid=#!::")
	if !ok {
		return address{}, errAddress
	}
	a := address{scheme: "srt"}
	var params []string
	for _, part := range strings.Split(parameters, ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "h":
			a.domain = value
		case "r":
			a.app, a.name, _ = strings.Cut(value, "/")
		default:
			params = append(params, part)
			a.take(part)
		}
	}
	a.param = strings.Join(params, "&")
	if a.domain == "" || a.domain+":9000" != host || a.app == "" || a.name == "" {
		return address{}, errAddress
	}
	return a, nil
}

func (a *address) take(part string) {
	switch name, value, _ := strings.Cut(part, "="); name {
	case "txSecret":
		a.secret = value
	case "txTime":
		a.at = value
	}
}

// fits reports whether the signature is made with one of the keys; the received text
// of the time is part of it.
func (a *address) fits(keys ...string) bool {
	for _, key := range keys {
		sum := md5.Sum([]byte(key + a.name + a.at)) //nolint:gosec // the provider's algorithm
		if key != "" && subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(a.secret)) == 1 {
			return true
		}
	}
	return false
}

// ends is when the URL ends; hexadecimal digits of both cases are taken.
func (a *address) ends() (time.Time, bool) {
	seconds, err := strconv.ParseUint(a.at, 16, 40)
	return time.Unix(int64(seconds), 0), err == nil
}

// file takes the suffix of playback over HTTP off the name; it is not signed.
func (a *address) file() {
	if a.scheme != "http" && a.scheme != "https" {
		return
	}
	for _, suffix := range []string{".flv", ".m3u8"} {
		if name, found := strings.CutSuffix(a.name, suffix); found {
			a.name = name
			return
		}
	}
}
