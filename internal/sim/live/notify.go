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
	"bytes"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the provider's algorithm
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"
)

// signValidity is how far in the future t is, section 3.2.
const signValidity = 10 * time.Minute

// Disorder makes callbacks come as they should not.
type Disorder struct {
	// WrongSign and Expired spoil the signatures.
	WrongSign bool `json:"wrongSign"`
	Expired   bool `json:"expired"`
	// Duplicate sends every callback twice.
	Duplicate bool `json:"duplicate"`
	// HoldStarts sends the starts of pushes after the next end.
	HoldStarts bool `json:"holdStarts"`
	// Tabs prints the bodies of TRTC with tabs.
	Tabs bool `json:"tabs"`
	// RoomsAsText makes room ids texts when a room is dismissed.
	RoomsAsText bool `json:"roomsAsText"`
	// LeaveBeforeDismiss tells that each user has left before it tells that the room is
	// dismissed by the API.
	LeaveBeforeDismiss bool `json:"leaveBeforeDismiss"`
}

// SetDisorder changes how callbacks come from now on. What was held is sent when
// HoldStarts ends.
func (s *Simulator) SetDisorder(d Disorder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disorder = d
	if !d.HoldStarts {
		s.release()
	}
}

// signed adds t and sign to the fields of CSS, with the lock held.
func (s *Simulator) signed(fields map[string]any) {
	if s.css.Key == "" {
		return
	}
	until := s.options.Clock().Add(signValidity)
	if s.disorder.Expired {
		until = until.Add(-2 * signValidity)
	}
	sum := md5.Sum([]byte(s.key(s.css.Key) + strconv.FormatInt(until.Unix(), 10))) //nolint:gosec // the provider's algorithm
	fields["t"], fields["sign"] = until.Unix(), hex.EncodeToString(sum[:])
}

// key is the one that signs, or another.
func (s *Simulator) key(key string) string {
	if s.disorder.WrongSign {
		return key + "x"
	}
	return key
}

// notifyCSS sends a callback of CSS, with the lock held.
func (s *Simulator) notifyCSS(kind int, fields map[string]any) {
	target := s.css.of(kind)
	if target == "" {
		return
	}
	s.signed(fields)
	d := &delivery{Delivery: Delivery{Kind: kind, URL: target, Body: encode(fields, false)}, plan: &usualPlan}
	if kind == screenshot {
		d.plan = &screenshotPlan
	}
	if kind == pushStart && s.disorder.HoldStarts && len(s.held) < maxPending {
		s.held = append(s.held, d)
		return
	}
	s.send(d)
	if kind == pushEnd {
		s.release()
	}
}

// release what was held, with the lock held.
func (s *Simulator) release() {
	for _, d := range s.held {
		s.send(d)
	}
	s.held = nil
}

// Groups and types of TRTC's callbacks, section 7.2.
const (
	groupRoom  = 1
	groupMedia = 2
	groupRelay = 4

	roomCreated   = 101
	roomDismissed = 102
	userEntered   = 103
	userLeft      = 104
	roleSwitched  = 105
	relayStatus   = 401
)

// notifyRoom sends a callback about a room, with the lock held.
func (s *Simulator) notifyRoom(group, kind int, id RoomID, userID string, more map[string]any) {
	now := s.options.Clock()
	info := map[string]any{"RoomId": id, "EventTs": now.Unix(), "EventMsTs": now.UnixMilli()}
	if s.disorder.RoomsAsText && kind == roomDismissed {
		info["RoomId"] = id.String()
	}
	if userID != "" {
		info["UserId"] = userID
	}
	maps.Copy(info, more)
	s.notifyTRTC(group, kind, now, info)
}

// notifyTRTC sends a callback of TRTC, with the lock held.
func (s *Simulator) notifyTRTC(group, kind int, now time.Time, info map[string]any) {
	if s.trtc.URL == "" {
		return
	}
	if s.disorder.Expired {
		now = now.Add(-time.Hour)
	}
	body := encode(map[string]any{"EventGroupId": group, "EventType": kind, "CallbackTs": now.UnixMilli(), "EventInfo": info}, s.disorder.Tabs)
	d := &delivery{Delivery: Delivery{Kind: kind, URL: s.trtc.URL, Body: body}, plan: &roomPlan, app: strconv.FormatInt(s.options.SDKAppID, 10)}
	if s.trtc.Key != "" {
		mac := hmac.New(sha256.New, []byte(s.key(s.trtc.Key)))
		mac.Write([]byte(body))
		d.Sign = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	s.send(d)
}

// encode a body; with tabs it is as TRTC prints it, with one after each colon, too.
func encode(fields map[string]any, tabs bool) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(fields) // values that come from JSON, or as simple
	compact := bytes.TrimSuffix(out.Bytes(), []byte("\n"))
	if !tabs {
		return string(compact)
	}
	var printed bytes.Buffer
	_ = json.Indent(&printed, compact, "", "\t") // it is JSON
	lines := strings.Split(printed.String(), "\n")
	for i, line := range lines {
		// Names have no quotation marks in them, so the first end of one is the name's.
		lines[i] = strings.Replace(line, `": `, "\":\t", 1)
	}
	return strings.Join(lines, "\n")
}
