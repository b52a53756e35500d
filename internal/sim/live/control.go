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
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	// forbiddenFor is how long a stream is forbidden when the call names no end, and
	// maxForbidden how long at most.
	forbiddenFor = 7 * 24 * time.Hour
	maxForbidden = 90 * 24 * time.Hour
	maxReason    = 2048
	// Page sizes of the online list.
	usualPage = 10
	maxPage   = 300_000
	// maxRemoved users in a call.
	maxRemoved = 10
)

func missing(what string) *apiError {
	return &apiError{"MissingParameter", what + " is missing"}
}

func invalid(what string) *apiError { return &apiError{"InvalidParameter", what} }

// named checks what all actions on one stream need. That the domain and the path are
// those of the push is not asked: streams go by name alone (section 5).
func (p *parameters) named() *apiError {
	for _, one := range []struct{ name, value string }{{"AppName", p.AppName}, {"DomainName", p.DomainName}, {"StreamName", p.StreamName}} {
		if one.value == "" {
			return missing(one.name)
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
	case s.isForbidden(p.StreamName):
		state = "forbid"
	case known != nil && known.push != nil:
		state = "active"
	}
	return map[string]any{"StreamState": state}, nil
}

// drop is a success when nobody pushes, too.
func (s *Simulator) drop(p *parameters) (map[string]any, *apiError) {
	refused := p.named()
	if refused == nil {
		s.end(p.StreamName, cut, cutByDrop)
	}
	return nil, refused
}

func (s *Simulator) forbid(p *parameters) (map[string]any, *apiError) {
	if refused := p.named(); refused != nil {
		return nil, refused
	}
	now := s.options.Clock()
	until := now.Add(forbiddenFor)
	if p.ResumeTime != "" {
		var err error
		until, err = time.Parse(time.RFC3339, p.ResumeTime)
		switch {
		case err != nil || !strings.HasSuffix(p.ResumeTime, "Z"):
			return nil, invalid("ResumeTime is not UTC in ISO 8601")
		case !until.After(now) || until.After(now.Add(maxForbidden)):
			return nil, invalid("ResumeTime is past, or more than 90 days away")
		}
	}
	if len(p.Reason) > maxReason {
		return nil, invalid("Reason is too long")
	}
	known, ok := s.known(p.StreamName)
	if !ok {
		return nil, &apiError{"FailedOperation", "there are too many streams"}
	}
	known.forbidden = until
	s.end(p.StreamName, cut, cutByForbid)
	return nil, nil
}

func (s *Simulator) resume(p *parameters) (map[string]any, *apiError) {
	refused := p.named()
	if known := s.streams[p.StreamName]; refused == nil && known != nil {
		known.forbidden = time.Time{}
		s.forget(p.StreamName)
	}
	return nil, refused
}

func (s *Simulator) online(p *parameters) (map[string]any, *apiError) {
	page, size := p.PageNum, p.PageSize
	if page == 0 {
		page = 1
	}
	if size == 0 {
		size = usualPage
	}
	if page < 1 || size < usualPage || size > maxPage {
		return nil, invalid("PageNum must be at least 1, and PageSize from 10 to 300000")
	}
	all := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.streams)) {
		one := s.streams[name].push
		if one == nil || !fits(p.StreamName, name) || !fits(p.DomainName, one.domain) || !fits(p.AppName, one.app) {
			continue
		}
		all = append(all, map[string]any{
			"StreamName": name, "AppName": one.app, "DomainName": one.domain, "PushToDelay": 0,
			"PublishTimeList": []map[string]any{{"PublishTime": one.began.UTC().Format(time.RFC3339)}},
		})
	}
	pages := (len(all) + size - 1) / size
	shown := []map[string]any{}
	if page <= pages {
		shown = all[(page-1)*size : min(page*size, len(all))]
	}
	return map[string]any{"TotalNum": len(all), "TotalPage": pages, "PageNum": page, "PageSize": size, "OnlineInfo": shown}, nil
}

// fits reports whether a filter lets a value through.
func fits(filter, value string) bool { return filter == "" || filter == value }

// room that a call is for, whose id must be a text or a number.
func (s *Simulator) room(p *parameters, text bool) (id RoomID, refused *apiError) {
	switch {
	case p.SdkAppId == nil:
		return id, &apiError{"MissingParameter.SdkAppId", "SdkAppId is missing"}
	case *p.SdkAppId != s.options.SDKAppID:
		return id, &apiError{"UnauthorizedOperation.SdkAppId", "no right to the application"}
	case len(p.RoomId) == 0:
		return id, &apiError{"MissingParameter.RoomId", "RoomId is missing"}
	case bytes.HasPrefix(p.RoomId, []byte(`"`)) != text || json.Unmarshal(p.RoomId, &id) != nil:
		return id, &apiError{"InvalidParameter.RoomId", "RoomId is not of the kind that the action takes"}
	case s.rooms[id] == nil:
		return id, &apiError{"FailedOperation.RoomNotExist", "the room does not exist"}
	}
	return id, nil
}

func (s *Simulator) dismissNumber(p *parameters) (map[string]any, *apiError) {
	return s.dismissAny(p, false)
}

func (s *Simulator) dismissName(p *parameters) (map[string]any, *apiError) {
	return s.dismissAny(p, true)
}

func (s *Simulator) dismissAny(p *parameters, text bool) (map[string]any, *apiError) {
	id, refused := s.room(p, text)
	if refused == nil {
		s.dismiss(id)
	}
	return nil, refused
}

func (s *Simulator) removeFromNumber(p *parameters) (map[string]any, *apiError) {
	return s.removeFromAny(p, false)
}

func (s *Simulator) removeFromName(p *parameters) (map[string]any, *apiError) {
	return s.removeFromAny(p, true)
}

// removeFromAny is a success for users who are not in the room, too.
func (s *Simulator) removeFromAny(p *parameters, text bool) (map[string]any, *apiError) {
	id, refused := s.room(p, text)
	switch {
	case refused != nil && refused.code != "FailedOperation.RoomNotExist":
		return nil, refused
	case p.UserIds == nil:
		return nil, &apiError{"MissingParameter.UserIds", "UserIds is missing"}
	case len(p.UserIds) < 1 || len(p.UserIds) > maxRemoved:
		return nil, &apiError{"InvalidParameter.UserIds", "UserIds must be 1 to 10"}
	}
	for _, userID := range p.UserIds {
		s.depart(id, userID, leftRemoved)
	}
	return nil, refused
}
