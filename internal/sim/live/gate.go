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
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// stream is what is known of a name.
type stream struct {
	push      *push     // nil while nobody pushes
	forbidden time.Time // until when
}

// push is one connection of a host.
type push struct {
	sequence, domain, app, param string
	began                        time.Time
}

// Refusal is why the gate refuses a push (section 3.3).
type Refusal struct{ Code, Sub int }

func (r *Refusal) Error() string { return fmt.Sprintf("refused: %d/%d", r.Code, r.Sub) }

var streamNames = regexp.MustCompile(`^[A-Za-z0-9_%@.-]{1,256}$`)

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
	if u.Host == "" || len(path) != 2 {
		return address{}, errAddress
	}
	a := address{scheme: u.Scheme, domain: u.Hostname(), app: path[0], name: path[1], param: u.RawQuery}
	for _, part := range strings.Split(u.RawQuery, "&") {
		a.take(part)
	}
	return a, nil
}

func parseSRT(rest string) (address, error) {
	host, parameters, ok := strings.Cut(rest, "?streamid=#!::")
	if !ok || !strings.HasSuffix(host, ":9000") {
		return address{}, errAddress
	}
	a := address{scheme: "srt"}
	for _, part := range strings.Split(parameters, ",") {
		if name, value, _ := strings.Cut(part, "="); name == "h" {
			a.domain = value
		} else if name == "r" {
			a.app, a.name, _ = strings.Cut(value, "/")
		}
		a.take(part)
	}
	a.param = "txSecret=" + a.secret + "&txTime=" + a.at
	if a.domain+":9000" != host {
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
	seconds, err := strconv.ParseInt(a.at, 16, 64)
	return time.Unix(seconds, 0), err == nil
}

// Push is a host's encoder that connects. It returns the sequence of the push, or
// *Refusal. A second push of the name takes the place of the first.
func (s *Simulator) Push(text string) (sequence string, err error) {
	a, err := parse(text)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal := s.refusal(&a); refusal != nil {
		s.refusals[fmt.Sprintf("push %d/%d", refusal.Code, refusal.Sub)]++
		return "", refusal
	}
	return s.begin(&a)
}

func (s *Simulator) refusal(a *address) *Refusal {
	ends, readable := a.ends()
	now := s.options.Clock()
	signed := s.options.MasterKey != "" || s.options.BackupKey != ""
	known := s.streams[a.name]
	switch {
	case a.scheme != "rtmp" && a.scheme != "webrtc" && a.scheme != "srt", a.domain != s.options.PushDomain:
		return &Refusal{18, 302}
	case a.app != s.options.AppName:
		return &Refusal{18, 304}
	case !streamNames.MatchString(a.name):
		return &Refusal{18, 308}
	case signed && (a.at == "" || !readable):
		return &Refusal{18, 500}
	case signed && a.secret == "":
		return &Refusal{18, 502}
	case signed && !a.fits(s.options.MasterKey, s.options.BackupKey):
		return &Refusal{18, 503}
	case signed && now.After(ends):
		return &Refusal{18, 501}
	case known != nil && now.Before(known.forbidden):
		return &Refusal{18, 305}
	}
	return nil
}

// begin a push, with the lock held.
func (s *Simulator) begin(a *address) (string, error) {
	known := s.streams[a.name]
	if known == nil {
		if len(s.streams) >= maxStreams {
			return "", &Refusal{18, 600}
		}
		known = &stream{}
		s.streams[a.name] = known
	}
	if known.push != nil {
		s.end(a.name, 21, 102)
	}
	known.push = &push{sequence: s.nextSequence(), domain: a.domain, app: a.app, param: a.param, began: s.options.Clock()}
	fields := s.about(a.name, known.push, known.push.began)
	fields["event_type"], fields["errcode"], fields["errmsg"], fields["width"], fields["height"] = 1, 0, "ok", 0, 0
	s.notifyCSS(1, fields)
	return known.push.sequence, nil
}

// about a push, as its callbacks tell.
func (s *Simulator) about(name string, p *push, at time.Time) map[string]any {
	return map[string]any{
		"appid": s.options.AccountAppID, "app": p.domain, "appname": p.app, "stream_id": name, "channel_id": name,
		"event_time": at.Unix(), "sequence": p.sequence, "node": "198.51.100.92", "user_ip": "203.0.113.45",
		"stream_param": p.param, "set_id": 2,
	}
}

// Stop ends a push with an errcode of section 3.3; 1 is the host's own wish. It
// reports whether there was one.
func (s *Simulator) Stop(name string, errcode int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end(name, errcode, 0)
}

// end a push, with the lock held.
func (s *Simulator) end(name string, errcode, sub int) bool {
	known := s.streams[name]
	if known == nil || known.push == nil {
		return false
	}
	p, now := known.push, s.options.Clock()
	known.push = nil
	fields := s.about(name, p, now)
	fields["event_type"], fields["errcode"], fields["errmsg"] = 0, errcode, "the push has ended"
	fields["push_duration"] = strconv.FormatInt(now.Sub(p.began).Milliseconds(), 10)
	if sub != 0 {
		fields["sub_errcode"] = sub
	}
	s.notifyCSS(0, fields)
	return true
}

// Play is a viewer's player that opens a URL: an HTTP status.
func (s *Simulator) Play(text string) int {
	a, err := parse(text)
	if err != nil || a.domain != s.options.PlaybackDomain || a.app != s.options.AppName {
		return 404
	}
	if a.scheme == "http" || a.scheme == "https" {
		a.name = strings.TrimSuffix(strings.TrimSuffix(a.name, ".flv"), ".m3u8")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.PlaybackKey != "" {
		ends, readable := a.ends()
		if !readable || !a.fits(s.options.PlaybackKey) || s.options.Clock().After(ends.Add(s.options.AuthDelta)) {
			return 403
		}
	}
	if known := s.streams[a.name]; known == nil || known.push == nil {
		return 404
	}
	return 200
}

// Streaming reports whether somebody pushes a stream.
func (s *Simulator) Streaming(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[name] != nil && s.streams[name].push != nil
}

// ForbiddenUntil is until when a stream is forbidden; zero or past means that it is not.
func (s *Simulator) ForbiddenUntil(name string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.streams[name]; known != nil {
		return known.forbidden
	}
	return time.Time{}
}
