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
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
	"pgregory.net/rapid"
)

// component is what the TWebLive component makes of a URL. It is written from its
// rules (section 6.2 of the live contract), not from how URLs are built here.
type component struct {
	sdkAppID, roomID                      int64
	userID, userSig, streamID, liveDomain string
	flv, hls                              string
}

var errProtocol = errors.New("unsupported protocol")

// parseInt reads the digits at the beginning, as the function of that name does.
func parseInt(text string) int64 {
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, _ := strconv.ParseInt(text[:end], 10, 64)
	return n
}

// enter splits what follows room:// at every &, and takes each part by its prefix.
// Nothing is decoded.
func enter(link string) (c component, err error) {
	rest, ok := strings.CutPrefix(link, "room://")
	if !ok {
		return c, errProtocol
	}
	for _, part := range strings.Split(rest, "&") {
		for prefix, take := range map[string]func(string){
			"roomid=": func(v string) { c.roomID = parseInt(v) }, "sdkappid=": func(v string) { c.sdkAppID = parseInt(v) },
			"userid=": func(v string) { c.userID = v }, "usersig=": func(v string) { c.userSig = v },
			"streamid=": func(v string) { c.streamID = v }, "livedomainname=": func(v string) { c.liveDomain = v },
		} {
			if value, found := strings.CutPrefix(part, prefix); found {
				take(value)
			}
		}
	}
	return c, nil
}

// startPush refuses a URL of somebody else than the pusher.
func startPush(pusher, link string) (component, error) {
	c, err := enter(link)
	if err == nil && c.userID != pusher {
		err = fmt.Errorf("userid %q is not the pusher's", c.userID)
	}
	return c, err
}

// decode is decodeURIComponent: a + stays a +.
func decode(text string) (string, error) { return url.PathUnescape(text) }

// startPlay takes a room:// URL, or one that begins with flv= and is split at &hls=.
func startPlay(link string) (c component, err error) {
	if strings.HasPrefix(link, "room://") {
		return enter(link)
	}
	rest, ok := strings.CutPrefix(link, "https://")
	if !ok {
		return c, errProtocol
	}
	files, ok := strings.CutPrefix(rest, "flv=")
	if !ok {
		return c, errProtocol
	}
	parts := strings.Split(files, "&hls=")
	if c.flv, err = decode(parts[0]); err == nil && len(parts) > 1 {
		c.hls, err = decode(parts[1])
	}
	return c, err
}

// Every URL that can be built means to the component what it was built of.
func TestTWebLive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		userID := rapid.StringMatching(`[A-Za-z0-9_-]{1,32}`).Draw(t, "userID")
		userSig, err := tencentyun.GenUserSig(1400000000, "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e", userID, rapid.IntRange(60, 15552000).Draw(t, "validity"))
		if err != nil {
			t.Fatal(err)
		}
		roomID := rapid.Int64Range(1, 4294967294).Draw(t, "roomID")
		r := Room{
			SDKAppID: rapid.Int64Range(1, 4294967295).Draw(t, "sdkAppID"), RoomID: roomID, UserID: userID, UserSig: userSig,
			LiveDomain: "play.example.com", StreamID: rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`).Draw(t, "streamID"),
		}
		if rapid.Bool().Draw(t, "default") {
			r.StreamID = StreamID(r.SDKAppID, r.RoomID, r.UserID)
		}
		want := component{sdkAppID: r.SDKAppID, roomID: r.RoomID, userID: userID, userSig: userSig, liveDomain: "play.example.com", streamID: r.StreamID}
		if got, err := startPush(userID, r.PushURL()); err != nil || got != want {
			t.Fatalf("%v: %+v", err, got)
		}
		want.liveDomain, want.streamID = "", ""
		for _, link := range []string{r.PlayURL(), r.Prefix() + "&userid=" + userID + "&usersig=" + userSig} {
			if got, err := startPlay(link); err != nil || got != want {
				t.Fatalf("%v: %+v", err, got)
			}
		}
		p := Playback{
			Secure: rapid.Bool().Draw(t, "secure"), Domain: "play.example.com", AppName: "live", StreamName: rapid.StringMatching(`[A-Za-z0-9%_-]{1,64}`).Draw(t, "streamName"),
			Key: rapid.StringMatching(`[A-Za-z0-9]{0,16}`).Draw(t, "key"), Expires: time.Unix(rapid.Int64Range(1, 1<<32).Draw(t, "expires"), 0),
		}
		if got, err := startPlay(p.CDN()); err != nil || (got != component{flv: p.FLV(), hls: p.HLS()}) {
			t.Fatalf("%v: %+v", err, got)
		}
	})
}

// What the component refuses is refused by what stands in for it.
func TestTWebLiveRefuses(t *testing.T) {
	t.Parallel()
	r := Room{SDKAppID: 1, RoomID: 2, UserID: "anchor", UserSig: "sig"}
	if _, err := startPush("another", r.PushURL()); err == nil {
		t.Error("another's URL is taken")
	}
	for _, link := range []string{"rtmp://play.example.com/live/a", "https://play.example.com/live/a.flv"} {
		if _, err := startPlay(link); !errors.Is(err, errProtocol) {
			t.Errorf("%s: %v", link, err)
		}
	}
}
