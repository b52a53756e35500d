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

package wechat_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

func canonical(tb testing.TB, value any) string {
	tb.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func TestUserInfo(t *testing.T) {
	h := newHarness(t)
	if _, err := h.sim.Follow(testApp, wechat.Follow{
		OpenID: "scanned", Scene: "98765", UnionID: "u", Remark: "r", GroupID: 2, Tags: []int64{128, 2}, Quiet: true,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.sim.Follow(testApp, wechat.Follow{OpenID: "named", Scene: "live_1", SubscribeScene: "ADD_SCENE_LIVESTREAM", Quiet: true}); err != nil {
		t.Fatal(err)
	}
	const (
		plain   = `{"groupid":0,"openid":"oia2TjuEGTNoeX76QEjQNrcURxG8","qr_scene":0,"qr_scene_str":"","remark":"","subscribe":1,"subscribe_scene":"ADD_SCENE_SEARCH","subscribe_time":1763848315,"tagid_list":[]}`
		scanned = `{"groupid":2,"openid":"scanned","qr_scene":98765,"qr_scene_str":"","remark":"r","subscribe":1,"subscribe_scene":"ADD_SCENE_QR_CODE","subscribe_time":1763848315,"tagid_list":[128,2],"unionid":"u"}`
		named   = `{"groupid":0,"openid":"named","qr_scene":0,"qr_scene_str":"live_1","remark":"","subscribe":1,"subscribe_scene":"ADD_SCENE_LIVESTREAM","subscribe_time":1763848315,"tagid_list":[]}`
		left    = `{"openid":"named","subscribe":0,"tagid_list":[]}`
	)
	for openID, want := range map[string]string{testUser: plain, "scanned": scanned, "named": named} {
		expect(t, openID, canonical(t, h.get("user/info", "openid", openID, "lang", "zh_CN")), want)
	}
	if err := h.sim.Unfollow(testApp, "named"); err != nil {
		t.Fatal(err)
	}
	h.settle()
	expect(t, "who has left", canonical(t, h.get("user/info", "openid", "named")), left)
	expect(t, "a stranger", code(h.get("user/info", "openid", "x")), 40003)
	expect(t, "nobody", code(h.get("user/info")), 41009)
	batch := h.post("user/info/batchget", `{"user_list":[{"openid":"named","lang":"zh_CN"},{"openid":"scanned"}]}`)
	expect(t, "a batch", canonical(t, batch), `{"user_info_list":[`+left+","+scanned+"]}")
	expect(t, "a batch with a stranger", code(h.post("user/info/batchget", `{"user_list":[{"openid":"x"}]}`)), 40003)
	expect(t, "an empty batch", code(h.post("user/info/batchget", `{}`)), 40032)
	expect(t, "a batch of 101", code(h.post("user/info/batchget",
		`{"user_list":[`+strings.Repeat(`{"openid":"scanned"},`, 100)+`{"openid":"scanned"}]}`)), 40032)
}

func TestUserList(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.PageSize = 2 })
	for i := range 3 {
		h.follow(fmt.Sprint("o", i))
	}
	page := func(after string) string { return canonical(t, h.get("user/get", "next_openid", after)) }
	expect(t, "the first page", page(""), `{"count":2,"data":{"openid":["`+testUser+`","o0"]},"next_openid":"o0","total":4}`)
	if err := h.sim.Unfollow(testApp, "o0"); err != nil {
		t.Fatal(err)
	}
	expect(t, "the second", page("o0"), `{"count":2,"data":{"openid":["o1","o2"]},"next_openid":"o2","total":3}`)
	expect(t, "the end", page("o2"), `{"count":0,"next_openid":"","total":3}`)
	expect(t, "after a stranger", code(h.get("user/get", "next_openid", "x")), 40003)
	h.settle()
	followers, err := h.sim.Followers(testApp)
	if err != nil || len(followers) != 3 || followers[0].OpenID != testUser || !followers[0].Since.Equal(h.clock.Now()) {
		t.Errorf("%+v, %v", followers, err)
	}
}

func TestNewFollowers(t *testing.T) {
	h := newHarness(t)
	openID, err := h.sim.Follow(testApp, wechat.Follow{})
	if err != nil || len(openID) != 28 || openID[0] != 'o' {
		t.Errorf("%q, %v", openID, err)
	}
	h.settle()
	h.clock.Advance(time.Second)
	if _, err := h.sim.Follow(testApp, wechat.Follow{OpenID: "with space"}); err == nil {
		t.Error("an OpenID with a space")
	}
	expect(t, "the addresses", canonical(t, h.get("getcallbackip")), `{"ip_list":["127.0.0.1","::1"]}`)
	expect(t, "an unknown path", code(h.get("menu/create")), 40066)
}
