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

package wechat

import (
	"slices"
	"strconv"
)

// maxBatch is how many users one call may ask for.
const maxBatch = 100

// userAnswer is what user/info tells of somebody who follows. Names and
// pictures have not been told since the end of 2021.
type userAnswer struct {
	Subscribe      int     `json:"subscribe"`
	OpenID         string  `json:"openid"`
	SubscribeTime  int64   `json:"subscribe_time"`
	UnionID        string  `json:"unionid,omitempty"`
	Remark         string  `json:"remark"`
	GroupID        int64   `json:"groupid"`
	Tags           []int64 `json:"tagid_list"`
	SubscribeScene string  `json:"subscribe_scene"`
	QRScene        int64   `json:"qr_scene"`
	QRSceneText    string  `json:"qr_scene_str"`
}

// strangerAnswer is what user/info tells of somebody who has left.
type strangerAnswer struct {
	Subscribe int     `json:"subscribe"`
	OpenID    string  `json:"openid"`
	Tags      []int64 `json:"tagid_list"`
}

// info is what is told of a follower, under the account's lock.
func (f *follower) info() any {
	if !f.follows {
		return strangerAnswer{OpenID: f.openID, Tags: []int64{}}
	}
	p := f.profile
	answer := userAnswer{
		Subscribe: 1, OpenID: f.openID, SubscribeTime: f.since.Unix(), UnionID: p.UnionID, Remark: p.Remark,
		GroupID: p.GroupID, Tags: append([]int64{}, p.Tags...), SubscribeScene: p.SubscribeScene,
	}
	if answer.SubscribeScene == "" {
		answer.SubscribeScene = "ADD_SCENE_SEARCH"
		if p.Scene != "" {
			answer.SubscribeScene = "ADD_SCENE_QR_CODE"
		}
	}
	if number, err := strconv.ParseInt(p.Scene, 10, 64); err == nil {
		answer.QRScene = number
	} else {
		answer.QRSceneText = p.Scene
	}
	return answer
}

// user finds somebody who follows the account, or did.
func (a *account) user(openID string) (*follower, *Refusal) {
	if openID == "" {
		return nil, refuse(codeOpenIDMissing)
	}
	f, ok := a.followers[openID]
	if !ok {
		return nil, refuse(codeOpenID)
	}
	return f, nil
}

func runUserInfo(_ *Simulator, c *call) (any, error) {
	a := c.account
	a.mu.Lock()
	defer a.mu.Unlock()
	f, refusal := a.user(c.query.Get("openid"))
	if refusal != nil {
		return nil, refusal
	}
	return f.info(), nil
}

func runUserBatch(_ *Simulator, c *call) (any, error) {
	var request struct {
		Users []struct {
			OpenID string `json:"openid"`
		} `json:"user_list"`
	}
	if refusal := c.decodeBody(&request); refusal != nil {
		return nil, refusal
	}
	if len(request.Users) == 0 || len(request.Users) > maxBatch {
		return nil, refuse(codeTooManyOpenIDs)
	}
	a := c.account
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]any, 0, len(request.Users))
	for _, user := range request.Users {
		f, refusal := a.user(user.OpenID)
		if refusal != nil {
			return nil, refusal
		}
		list = append(list, f.info())
	}
	return map[string]any{"user_info_list": list}, nil
}

// listAnswer is a page of the list of followers.
type listAnswer struct {
	Total int `json:"total"`
	Count int `json:"count"`
	Data  *struct {
		OpenIDs []string `json:"openid"`
	} `json:"data,omitempty"`
	NextOpenID string `json:"next_openid"`
}

func runUserList(s *Simulator, c *call) (any, error) {
	a := c.account
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.inOrder()
	if after := c.query.Get("next_openid"); after != "" {
		f, ok := a.followers[after]
		if !ok {
			return nil, refuse(codeOpenID)
		}
		// Somebody who has left in the meantime still marks the place.
		place, found := slices.BinarySearchFunc(all, f.order, func(x *follower, order uint64) int { return int(x.order) - int(order) })
		if found {
			place++
		}
		all = all[place:]
	}
	answer := listAnswer{Total: a.following, Count: min(len(all), s.options.PageSize)}
	if answer.Count == 0 {
		return answer, nil
	}
	ids := make([]string, 0, answer.Count)
	for _, f := range all[:answer.Count] {
		ids = append(ids, f.openID)
	}
	answer.NextOpenID = ids[len(ids)-1]
	answer.Data = &struct {
		OpenIDs []string `json:"openid"`
	}{ids}
	return answer, nil
}
