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
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stream is what is known of a name that is pushed or forbidden.
type stream struct {
	push      *push     // nil while nobody pushes
	forbidden time.Time // until when
}

// push is one connection of a host.
type push struct {
	sequence, domain, app, param string
	began                        time.Time
	relay                        *relay // nil unless TRTC pushes
}

// Refusal is why the gate refuses a push (section 3.3).
type Refusal struct{ Code, Sub int }

func (r *Refusal) Error() string { return fmt.Sprintf("refused: %d/%d", r.Code, r.Sub) }

// Disconnect reasons of section 3.3.
const (
	hostStopped   = 1
	gateRefused   = 18
	cut           = 21
	cutByDrop     = 100
	cutByForbid   = 101
	cutByNewPush  = 102
	tooManyPushes = 600
)

var (
	pathNames   = regexp.MustCompile(`^[A-Za-z0-9_%@.-]{1,256}$`)
	pushSchemes = []string{"rtmp", "webrtc", "srt"}
	playSchemes = []string{"http", "https", "rtmp", "webrtc"}
)

// Push is a host's encoder that connects. It returns the sequence of the push, or
// *Refusal. A second push of the name takes the place of the first.
func (s *Simulator) Push(text string) (sequence string, err error) {
	a, err := parse(text)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	refusal := s.refusal(&a)
	if refusal == nil {
		var p *push
		if p, refusal = s.begin(&a); refusal == nil {
			return p.sequence, nil
		}
	}
	s.stats.refused(fmt.Sprintf("push %d/%d", refusal.Code, refusal.Sub))
	if s.options.RefusalsCallBack {
		now := s.options.Clock()
		p := &push{sequence: s.nextSequence(), domain: a.domain, app: a.app, param: a.param, began: now}
		s.tellEnd(a.name, p, now, refusal.Code, refusal.Sub)
	}
	return "", refusal
}

// refusal of a URL, with the lock held. Keys and times are looked at now, and never
// again while the push lasts.
func (s *Simulator) refusal(a *address) *Refusal {
	ends, hexadecimal := a.ends()
	now := s.options.Clock()
	signed := s.options.MasterKey != "" || s.options.BackupKey != ""
	switch {
	case net.ParseIP(a.domain) != nil:
		return &Refusal{gateRefused, 300}
	case !slices.Contains(pushSchemes, a.scheme), a.domain != s.options.PushDomain:
		return &Refusal{gateRefused, 302}
	case !pathNames.MatchString(a.app):
		return &Refusal{gateRefused, 309}
	case a.app != s.options.AppName:
		return &Refusal{gateRefused, 304}
	case !pathNames.MatchString(a.name):
		return &Refusal{gateRefused, 308}
	case signed && (a.at == "" || !hexadecimal):
		return &Refusal{gateRefused, 500}
	case signed && a.secret == "":
		return &Refusal{gateRefused, 502}
	case signed && !a.fits(s.options.MasterKey, s.options.BackupKey):
		return &Refusal{gateRefused, 503}
	case signed && now.After(ends):
		return &Refusal{gateRefused, 501}
	case s.isForbidden(a.name):
		return &Refusal{gateRefused, 305}
	}
	return nil
}

// isForbidden goes by the name alone, with the lock held.
func (s *Simulator) isForbidden(name string) bool {
	known := s.streams[name]
	return known != nil && s.options.Clock().Before(known.forbidden)
}

// known is the stream of a name, which is made if there is room for it. With the lock
// held.
func (s *Simulator) known(name string) (*stream, bool) {
	if known := s.streams[name]; known != nil {
		return known, true
	}
	if len(s.streams) >= maxStreams {
		for other := range s.streams {
			s.forget(other)
		}
	}
	if len(s.streams) >= maxStreams {
		return nil, false
	}
	known := &stream{}
	s.streams[name] = known
	return known, true
}

// forget a stream that nobody pushes and that is not forbidden.
func (s *Simulator) forget(name string) {
	if known := s.streams[name]; known != nil && known.push == nil && !s.isForbidden(name) {
		delete(s.streams, name)
	}
}

// begin a push, with the lock held.
func (s *Simulator) begin(a *address) (*push, *Refusal) {
	s.end(a.name, cut, cutByNewPush)
	known, ok := s.known(a.name)
	if !ok {
		return nil, &Refusal{gateRefused, tooManyPushes}
	}
	s.stats.Pushes++
	known.push = &push{sequence: s.nextSequence(), domain: a.domain, app: a.app, param: a.param, began: s.options.Clock()}
	fields := s.about(a.name, known.push, known.push.began)
	fields["event_type"], fields["errcode"], fields["errmsg"], fields["width"], fields["height"] = pushStart, 0, "ok", 0, 0
	s.notifyCSS(pushStart, fields)
	return known.push, nil
}

// about a push, as its callbacks tell.
func (s *Simulator) about(name string, p *push, at time.Time) map[string]any {
	return map[string]any{
		"appid": s.options.AccountAppID, "app": p.domain, "appname": p.app, fieldStream: name, "channel_id": name,
		"event_time": at.Unix(), "sequence": p.sequence, "node": "198.51.100.92", "user_ip": publisherIP,
		"stream_param": p.param, "set_id": 2,
	}
}

// Stop ends a push with an errcode and a sub_errcode of section 3.3; 1 and 0 are the
// host's own wish. It reports whether there was one.
func (s *Simulator) Stop(name string, errcode, sub int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end(name, errcode, sub)
}

// end a push, with the lock held.
func (s *Simulator) end(name string, errcode, sub int) bool {
	known := s.streams[name]
	if known == nil || known.push == nil {
		return false
	}
	p, now := known.push, s.options.Clock()
	known.push = nil
	s.tellEnd(name, p, now, errcode, sub)
	s.forget(name)
	if p.relay != nil {
		s.lost(p.relay, sub)
	}
	return true
}

// tellEnd sends the callback about the end of a push, with the lock held.
func (s *Simulator) tellEnd(name string, p *push, now time.Time, errcode, sub int) {
	fields := s.about(name, p, now)
	fields["event_type"], fields["errcode"], fields["errmsg"] = pushEnd, errcode, endings[errcode]
	if fields["errmsg"] == "" {
		fields["errmsg"] = "unknown"
	}
	fields["push_duration"] = strconv.FormatInt(now.Sub(p.began).Milliseconds(), 10)
	if sub != 0 {
		fields["sub_errcode"] = sub
	}
	s.notifyCSS(pushEnd, fields)
}

// endings are texts of errcodes; the provider's own are not documented, apart from
// the first.
var endings = map[int]string{
	hostStopped: "The push client actively stopped the push",
	6:           "malformed RTMP content",
	7:           "frame too large",
	8:           "no data for a long time",
	12:          "network of the push client",
	gateRefused: "refused",
	19:          "third-party authentication refused",
	cut:         "the push was cut",
	37:          "nobody played",
}

// Play is a viewer's player that opens a URL: an HTTP status.
func (s *Simulator) Play(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.play(text)
	if status == http.StatusOK {
		s.stats.Plays++
	} else {
		s.stats.refused(fmt.Sprintf("play %d", status))
	}
	return status
}

func (s *Simulator) play(text string) int {
	a, err := parse(text)
	if err != nil || !slices.Contains(playSchemes, a.scheme) || a.domain != s.options.PlaybackDomain {
		return http.StatusNotFound
	}
	a.file()
	if s.options.PlaybackKey != "" || s.options.PlaybackBackupKey != "" {
		ends, hexadecimal := a.ends()
		late := s.options.Clock().After(ends.Add(s.options.AuthDelta))
		if !hexadecimal || late || !a.fits(s.options.PlaybackKey, s.options.PlaybackBackupKey) {
			return http.StatusForbidden
		}
	}
	known := s.streams[s.source(a.name)]
	if known == nil || known.push == nil || known.push.app != a.app {
		return http.StatusNotFound
	}
	return http.StatusOK
}

// source is the stream behind a name that ends in a transcoding template.
func (s *Simulator) source(name string) string {
	if i := strings.LastIndexByte(name, '_'); i > 0 && slices.Contains(s.options.Templates, name[i+1:]) {
		return name[:i]
	}
	return name
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
