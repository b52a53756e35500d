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
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxRequestBytes = 64 << 10
	// clockWindow is how far a caller's clock may be off.
	clockWindow = 5 * time.Minute
	// forbiddenFor is how long a stream is forbidden when the call names no end.
	forbiddenFor = 7 * 24 * time.Hour
)

// apiError is a refusal in the envelope.
type apiError struct{ code, message string }

// parameters of all actions.
type parameters struct {
	AppName, DomainName, StreamName string
	ResumeTime, Reason              string
	PageNum, PageSize               int

	SDKAppID int64    `json:"SdkAppId"`
	RoomID   any      `json:"RoomId"`
	UserIDs  []string `json:"UserIds"`
}

// perform the actions of sections 5 and 8, with the lock held.
var perform = map[string]func(*Simulator, *parameters) (map[string]any, *apiError){
	"DescribeLiveStreamState":      (*Simulator).describe,
	"DropLiveStream":               (*Simulator).drop,
	"ForbidLiveStream":             (*Simulator).forbid,
	"ResumeLiveStream":             (*Simulator).resume,
	"DescribeLiveStreamOnlineList": (*Simulator).online,
	"DismissRoom":                  (*Simulator).dismissRoom,
	"RemoveUser":                   (*Simulator).removeUser,
}

func (s *Simulator) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBytes+1))
	if err != nil || len(body) > maxRequestBytes {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	action := r.Header.Get("X-TC-Action")
	if _, known := perform[action]; !known {
		action = "unknown"
	}
	s.mu.Lock()
	s.calls[action]++
	fault := s.fault(action)
	s.mu.Unlock()
	if fault.Latency > 0 {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(time.Duration(fault.Latency) * time.Millisecond):
		}
	}
	switch {
	case fault.Reset == "BeforeCommit":
		panic(http.ErrAbortHandler)
	case fault.HTTPStatus != 0:
		w.WriteHeader(fault.HTTPStatus)
		return
	}
	result, refused := s.answer(r, body, action, fault.Code)
	if fault.Reset == "AfterCommit" {
		panic(http.ErrAbortHandler)
	}
	if refused != nil {
		s.refuse(action + " " + refused.code)
		result = map[string]any{"Error": map[string]any{"Code": refused.code, "Message": refused.message}}
	}
	if result == nil {
		result = map[string]any{}
	}
	result["RequestId"] = "8e50cdb5-56dc-408b-89b0-31818958d424"
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"Response": result}) // the caller is gone
}

func (s *Simulator) answer(r *http.Request, body []byte, action, fault string) (map[string]any, *apiError) {
	if refused := s.authenticate(r, body); refused != nil {
		return nil, refused
	}
	if fault != "" {
		return nil, &apiError{fault, "injected fault"}
	}
	act, known := perform[action]
	if !known {
		return nil, &apiError{"InvalidAction", "no such action"}
	}
	trtc := action == "DismissRoom" || action == "RemoveUser"
	version := "2018-08-01"
	if trtc {
		version = "2019-07-22"
	}
	switch {
	case r.Header.Get("X-TC-Version") != version:
		return nil, &apiError{"NoSuchVersion", "no such version"}
	case trtc && r.Header.Get("X-TC-Region") == "":
		return nil, &apiError{"MissingParameter", "X-TC-Region is missing"}
	}
	var p parameters
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	if err := decoder.Decode(&p); err != nil {
		return nil, &apiError{"InvalidParameter", "the body cannot be read"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return act(s, &p)
}

// authenticate rebuilds what was signed from the list of headers that the caller
// names (section 4).
func (s *Simulator) authenticate(r *http.Request, body []byte) *apiError {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "TC3-HMAC-SHA256 ")
	fields := map[string]string{}
	for _, part := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if !ok || r.Method != http.MethodPost || len(scope) != 4 || scope[3] != "tc3_request" {
		return &apiError{"AuthFailure.SignatureFailure", "the authorization cannot be read"}
	}
	key, known := s.options.Credentials[scope[0]]
	if !known {
		return &apiError{"AuthFailure.SecretIdNotFound", "the SecretId is not found"}
	}
	stamp, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	at, now := time.Unix(stamp, 0), s.options.Clock()
	switch {
	case err != nil || at.UTC().Format(time.DateOnly) != scope[1]:
		return &apiError{"AuthFailure.SignatureFailure", "the date is not that of the timestamp"}
	case at.Sub(now).Abs() > clockWindow:
		return &apiError{"AuthFailure.SignatureExpire", "the timestamp is too far off"}
	}
	names := strings.Split(fields["SignedHeaders"], ";")
	if !slices.Contains(names, "content-type") || !slices.Contains(names, "host") || !slices.IsSorted(names) {
		return &apiError{"AuthFailure.SignatureFailure", "content-type and host must be signed"}
	}
	var headers strings.Builder
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		_, _ = fmt.Fprintf(&headers, "%s:%s\n", name, strings.ToLower(strings.TrimSpace(value))) // into memory
	}
	canonical := strings.Join([]string{r.Method, "/", r.URL.RawQuery, headers.String(), fields["SignedHeaders"], hashed(string(body))}, "\n")
	text := strings.Join([]string{"TC3-HMAC-SHA256", strconv.FormatInt(stamp, 10), strings.Join(scope[1:], "/"), hashed(canonical)}, "\n")
	signing := keyed(keyed(keyed("TC3"+key, scope[1]), scope[2]), "tc3_request")
	if !hmac.Equal([]byte(hex.EncodeToString([]byte(keyed(signing, text)))), []byte(fields["Signature"])) {
		return &apiError{"AuthFailure.SignatureFailure", "the signature does not fit"}
	}
	return nil
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func keyed(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return string(mac.Sum(nil))
}

// named checks what all stream actions need.
func (p *parameters) named() *apiError {
	for _, value := range []string{p.AppName, p.DomainName, p.StreamName} {
		if value == "" {
			return &apiError{"MissingParameter", "AppName, DomainName and StreamName are required"}
		}
	}
	return nil
}

func (s *Simulator) describe(p *parameters) (map[string]any, *apiError) {
	if refused := p.named(); refused != nil {
		return nil, refused
	}
	state, known := "inactive", s.streams[p.StreamName]
	switch {
	case known == nil:
	case s.options.Clock().Before(known.forbidden):
		state = "forbid"
	case known.push != nil:
		state = "active"
	}
	return map[string]any{"StreamState": state}, nil
}

// drop is a success when nobody pushes, too.
func (s *Simulator) drop(p *parameters) (map[string]any, *apiError) {
	refused := p.named()
	if refused == nil {
		s.end(p.StreamName, 21, 100)
	}
	return nil, refused
}

// forbid goes by the name of the stream alone.
func (s *Simulator) forbid(p *parameters) (map[string]any, *apiError) {
	if refused := p.named(); refused != nil {
		return nil, refused
	}
	until := s.options.Clock().Add(forbiddenFor)
	if p.ResumeTime != "" {
		var err error
		if until, err = time.Parse(time.RFC3339, p.ResumeTime); err != nil || !strings.HasSuffix(p.ResumeTime, "Z") {
			return nil, &apiError{"InvalidParameter", "ResumeTime is not UTC in ISO 8601"}
		}
	}
	if len(p.Reason) > 2048 {
		return nil, &apiError{"InvalidParameter", "Reason is too long"}
	}
	s.end(p.StreamName, 21, 101)
	known := s.streams[p.StreamName]
	if known == nil {
		known = &stream{}
		s.streams[p.StreamName] = known
	}
	known.forbidden = until
	return nil, nil
}

func (s *Simulator) resume(p *parameters) (map[string]any, *apiError) {
	refused := p.named()
	if known := s.streams[p.StreamName]; refused == nil && known != nil {
		known.forbidden = time.Time{}
	}
	return nil, refused
}

func (s *Simulator) online(p *parameters) (map[string]any, *apiError) {
	page, size := max(p.PageNum, 1), p.PageSize
	if size == 0 {
		size = 10
	}
	if size < 10 || size > 300_000 {
		return nil, &apiError{"InvalidParameter", "PageSize must be 10 to 300000"}
	}
	all := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.streams)) {
		one := s.streams[name].push
		if one == nil || p.StreamName != "" && p.StreamName != name || p.DomainName != "" && p.DomainName != one.domain || p.AppName != "" && p.AppName != one.app {
			continue
		}
		all = append(all, map[string]any{
			"StreamName": name, "AppName": one.app, "DomainName": one.domain, "PushToDelay": 0,
			"PublishTimeList": []map[string]any{{"PublishTime": one.began.UTC().Format(time.RFC3339)}},
		})
	}
	from := min((page-1)*size, len(all))
	return map[string]any{
		"TotalNum": len(all), "TotalPage": (len(all) + size - 1) / size, "PageNum": page, "PageSize": size, "OnlineInfo": all[from:min(from+size, len(all))],
	}, nil
}

// number is the RoomId of the actions for rooms with numbers.
func (s *Simulator) number(p *parameters) (int64, *apiError) {
	number, ok := p.RoomID.(json.Number)
	id, err := number.Int64()
	switch {
	case p.SDKAppID != s.options.SDKAppID:
		return 0, &apiError{"UnauthorizedOperation.SdkAppId", "no right to the application"}
	case !ok || err != nil || id < 1:
		return 0, &apiError{"InvalidParameter.RoomId", "RoomId must be a number"}
	}
	return id, nil
}

func (s *Simulator) dismissRoom(p *parameters) (map[string]any, *apiError) {
	id, refused := s.number(p)
	if refused == nil && !s.dismiss(id) {
		refused = &apiError{"FailedOperation.RoomNotExist", "the room does not exist"}
	}
	return nil, refused
}

func (s *Simulator) removeUser(p *parameters) (map[string]any, *apiError) {
	id, refused := s.number(p)
	switch {
	case refused != nil:
		return nil, refused
	case len(p.UserIDs) < 1 || len(p.UserIDs) > 10:
		return nil, &apiError{"InvalidParameter.UserIds", "UserIds must be 1 to 10"}
	case s.rooms[id] == nil:
		return nil, &apiError{"FailedOperation.RoomNotExist", "the room does not exist"}
	}
	for _, userID := range p.UserIDs {
		s.depart(id, userID, 3)
	}
	return nil, nil
}
