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
	"context"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the provider's algorithm
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	// signValidity is how far in the future t is, section 3.2.
	signValidity = 10 * time.Minute
	// Times of section 3.1: cssTimeout for an answer, and the tries after the first.
	cssTimeout      = 20 * time.Second
	cssGap          = time.Minute
	cssRetries      = 12
	screenshotGap   = 2 * time.Minute
	screenshotTries = 5
	// Times of section 7.1: the second try is at once, the others follow until a minute
	// has passed.
	trtcTimeout = 5 * time.Second
	trtcGap     = 10 * time.Second
	trtcRetries = 6
	// maxAnswer is how long TRTC takes an answer to be, with its head.
	maxAnswer = 2000

	screenshot = 200
)

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

// delivery is a callback and what became of it.
type delivery struct {
	Number   int       `json:"number"`
	URL      string    `json:"url"`
	Sign     string    `json:"sign,omitempty"` // header of TRTC
	Body     string    `json:"body"`
	Time     time.Time `json:"time"`
	Tries    int       `json:"tries"`
	Statuses []int     `json:"statuses"` // 0 is no answer
	Done     bool      `json:"done"`

	timeout time.Duration
	gaps    []time.Duration
	limit   int
}

// notifyCSS sends a callback of CSS, with the lock held.
func (s *Simulator) notifyCSS(kind int, fields map[string]any) {
	if s.css.URL == "" || s.closed {
		return
	}
	until := s.options.Clock().Add(signValidity)
	if s.disorder.Expired {
		until = until.Add(-2 * signValidity)
	}
	key := s.css.Key
	if s.disorder.WrongSign {
		key += "x"
	}
	sum := md5.Sum([]byte(key + strconv.FormatInt(until.Unix(), 10))) //nolint:gosec // the provider's algorithm
	fields["t"], fields["sign"] = until.Unix(), hex.EncodeToString(sum[:])
	gap, retries := cssGap, cssRetries
	if kind == screenshot {
		gap, retries = screenshotGap, screenshotTries
	}
	d := &delivery{URL: s.css.URL, Body: encode(fields, false), timeout: cssTimeout}
	for range retries {
		d.gaps = append(d.gaps, gap)
	}
	if kind == 1 && s.disorder.HoldStarts {
		s.held = append(s.held, d)
		return
	}
	s.send(d)
	if kind == 0 {
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

// notifyTRTC sends a callback of TRTC, with the lock held.
func (s *Simulator) notifyTRTC(group, kind int, roomID int64, userID string, more map[string]any) {
	now := s.options.Clock()
	info := map[string]any{"RoomId": roomID, "EventTs": now.Unix(), "EventMsTs": now.UnixMilli()}
	if s.disorder.RoomsAsText && kind == 102 {
		info["RoomId"] = strconv.FormatInt(roomID, 10)
	}
	if userID != "" {
		info["UserId"] = userID
	}
	for name, value := range more {
		info[name] = value
	}
	s.sendTRTC(group, kind, now, info)
}

// notifyRelay sends callback 401, with the lock held.
func (s *Simulator) notifyRelay(roomID int64, userID string, status int) {
	now := s.options.Clock()
	s.sendTRTC(4, 401, now, map[string]any{
		"RoomId": strconv.FormatInt(roomID, 10), "RoomType": 0, "EventTsMs": now.UnixMilli(), "UserId": userID, "TaskId": "relay-" + userID,
		"Payload": map[string]any{"Url": "rtmp://" + s.relayDomain() + "/live/", "Status": status},
	})
}

func (s *Simulator) sendTRTC(group, kind int, now time.Time, info map[string]any) {
	if s.trtc.URL == "" || s.closed {
		return
	}
	if s.disorder.Expired {
		now = now.Add(-time.Hour)
	}
	body := encode(map[string]any{"EventGroupId": group, "EventType": kind, "CallbackTs": now.UnixMilli(), "EventInfo": info}, s.disorder.Tabs)
	key := s.trtc.Key
	if s.disorder.WrongSign {
		key += "x"
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	d := &delivery{URL: s.trtc.URL, Body: body, Sign: base64.StdEncoding.EncodeToString(mac.Sum(nil)), timeout: trtcTimeout, limit: maxAnswer, gaps: []time.Duration{0}}
	for range trtcRetries {
		d.gaps = append(d.gaps, trtcGap)
	}
	s.send(d)
}

func encode(fields map[string]any, tabs bool) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if tabs {
		encoder.SetIndent("", "\t")
	}
	_ = encoder.Encode(fields) // numbers and texts only
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
}

// send a callback in the background, with the lock held.
func (s *Simulator) send(d *delivery) {
	if len(s.deliveries) >= maxDeliveries || s.closed {
		return
	}
	d.Number, d.Time = len(s.deliveries), s.options.Clock()
	s.deliveries = append(s.deliveries, d)
	copies := 1
	if s.disorder.Duplicate {
		copies = 2
	}
	for range copies {
		s.running.Go(func() { s.deliver(d) })
	}
}

// deliver tries until it is answered well.
func (s *Simulator) deliver(d *delivery) {
	for try := 0; ; try++ {
		status := s.try(d)
		s.mu.Lock()
		d.Tries++
		d.Statuses = append(d.Statuses, status)
		d.Done = d.Done || status == http.StatusOK
		s.mu.Unlock()
		if status == http.StatusOK || try >= len(d.gaps) {
			return
		}
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(time.Duration(float64(d.gaps[try]) * s.options.TimeScale)):
		}
	}
}

// try once; 0 is no answer, or one that is too long.
func (s *Simulator) try(d *delivery) int {
	ctx, cancel := context.WithTimeout(s.ctx, d.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader([]byte(d.Body)))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/json")
	if d.Sign != "" {
		r.Header.Set("Sign", d.Sign)
		r.Header.Set("SdkAppId", strconv.FormatInt(s.options.SDKAppID, 10))
	}
	response, err := s.http.Do(r)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	var head bytes.Buffer
	_ = response.Header.Write(&head) // into memory
	if err != nil || d.limit > 0 && len(body)+head.Len() > d.limit {
		return 0
	}
	return response.StatusCode
}
