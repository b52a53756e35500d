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
	"testing"
	"time"
)

// The vectors of the live contract. Its official ones reproduce digests that the
// provider has published.
func TestSecret(t *testing.T) {
	t.Parallel()
	for _, v := range []struct{ name, key, stream, at, want string }{
		{"P1", "e12c46f2612d5106e2034781ab261ca3", "test", "5C271099", "f85a2ab363fe4deaffef9754d79da6fe"},
		{"P2", "somestring", "test", "5c2acacc", "b77e812107e1d8b8f247885a46e1bd34"},
		{"P3", "somestring", "test_900", "5c2acacc", "4beae959b16c77da6a65c7edda1dfefe"},
		{"P4", "Kp3vT9xQ2mLw8ZrA", "show42_main", "6955B900", "44f826f9988eee52f27700c6d9c739e4"},
		{"P5", "Kp3vT9xQ2mLw8ZrA", "show42_main", "6955b900", "c811bba6db37f288f2ed1f82689c5df2"},
		{"P6", "Bk7nD4sYh1Uc6EoJ", "show42_main", "6955B900", "337a50f23fe5dca317ec4fe18f332ba7"},
		{"P7", "Kp3vT9xQ2mLw8ZrA", "1400000000_room-7_anchor01_main", "6955B900", "b1cd1c9cb09255840b0d74f6d27a18a6"},
		{"L1", "ngoeiq03", "test01", "5C01D608", "ce797dc6238156d548ef945e6ad1ea20"},
		{"L2", "ngoeiq03", "test01", "5c01d608", "6cfcc16fa1eb1200c78b8296468b9180"},
		{"L3", "PlayKey2026", "show42_main", "6955B900", "39906ae9c915031c968e1b73bedb6fb7"},
		{"L4", "PlayKey2026", "show42_main_hd720", "6955B900", "f0290daff2985217814dd57966acea30"},
	} {
		if got := Secret(v.key, v.stream, v.at); got != v.want {
			t.Errorf("%s: %s, want %s", v.name, got, v.want)
		}
	}
	if got := Time(time.Unix(1546064025, 0)); got != "5C271099" {
		t.Errorf("P1: txTime %s", got)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	push := Push{Domain: "push.example.com", AppName: "live", StreamName: "show42_main", Key: "Kp3vT9xQ2mLw8ZrA", Expires: at}
	const signed = "txSecret=44f826f9988eee52f27700c6d9c739e4&txTime=6955B900"
	open := push
	open.Key = ""
	play := Playback{Secure: true, Domain: "play.example.com", AppName: "live", StreamName: "show42_main", Key: "PlayKey2026", Expires: at.Add(time.Hour), AuthDelta: time.Hour}
	const watched = "?txSecret=39906ae9c915031c968e1b73bedb6fb7&txTime=6955B900"
	plain := Playback{Domain: "play.example.com", AppName: "live", StreamName: "a-1"}
	for _, v := range []struct{ got, want string }{
		{push.RTMP(), "rtmp://push.example.com/live/show42_main?" + signed},
		{push.WebRTC(), "webrtc://push.example.com/live/show42_main?" + signed},
		{push.SRT(), "srt://push.example.com:9000?streamid=#!::h=push.example.com,r=live/show42_main,txSecret=44f826f9988eee52f27700c6d9c739e4,txTime=6955B900"},
		{push.Server(), "rtmp://push.example.com/live/"},
		{push.StreamKey(), "show42_main?" + signed},
		{open.RTMP(), "rtmp://push.example.com/live/show42_main"},
		{open.SRT(), "srt://push.example.com:9000?streamid=#!::h=push.example.com,r=live/show42_main"},
		{play.FLV(), "https://play.example.com/live/show42_main.flv" + watched},
		{play.HLS(), "https://play.example.com/live/show42_main.m3u8" + watched},
		{play.RTMP(), "rtmp://play.example.com/live/show42_main" + watched},
		{play.WebRTC(), "webrtc://play.example.com/live/show42_main" + watched},
		{plain.FLV(), "http://play.example.com/live/a-1.flv"},
		{plain.CDN(), "https://flv=http%3A%2F%2Fplay.example.com%2Flive%2Fa-1.flv&hls=http%3A%2F%2Fplay.example.com%2Flive%2Fa-1.m3u8"},
		{StreamID(1400000000, 12345, "userA"), "1400000000_12345_userA_main"},
		{StreamID(1400000000, 12345, "user@A"), "1400000000_12345_user%40A_main"},
		{RelayDomain(8888), "8888.livepush.myqcloud.com"},
		{
			Room{SDKAppID: 1400000000, RoomID: 12345, UserID: "anchor01", UserSig: "eJy*-_", LiveDomain: "play.example.com", StreamID: "s_main"}.PushURL(),
			"room://sdkappid=1400000000&roomid=12345&userid=anchor01&usersig=eJy*-_&livedomainname=play.example.com&streamid=s_main",
		},
	} {
		if v.got != v.want {
			t.Errorf("%s\nwant %s", v.got, v.want)
		}
	}
}

func TestCallbackSigns(t *testing.T) {
	t.Parallel()
	for at, want := range map[int64]string{
		1767226200: "6d9af29f32348908624449195eb2cfaa", 1767229800: "3105551823384de368529e0af2ed9b99", 1703732078: "3805b941e61869eab0c6a109c65a39c7",
	} {
		if got := CallbackSign("cbkey2026", at); got != want {
			t.Errorf("%d: %s", at, got)
		}
	}
	for _, v := range []struct{ key, body, want string }{
		{"123654", "{\n\t\"EventGroupId\":\t2,\n\t\"EventType\":\t204,\n\t\"CallbackTs\":\t1664209748188,\n\t\"EventInfo\":\t{\n\t\t\"RoomId\":\t8489,\n\t\t\"EventTs\":\t1664209748,\n\t\t\"EventMsTs\":\t1664209748180,\n\t\t\"UserId\":\t\"user_85034614\",\n\t\t\"Reason\":\t0\n\t}\n}", "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA="},
		{"trtckey2026", `{"EventGroupId":1,"EventType":103,"CallbackTs":1767225600123,"EventInfo":{"RoomId":12345,"EventTs":1767225600,"EventMsTs":1767225600100,"UserId":"anchor01","Role":20,"TerminalType":100,"UserType":1,"Reason":1}}`, "kwT3WNaGx2LNXb+EjALkvuPB+jJV28Jy1/dNx7VWoL0="},
		{"trtckey2026", `{"EventGroupId":1,"EventType":102,"CallbackTs":1767229200456,"EventInfo":{"RoomId":"room-7","EventTs":1767229200,"EventMsTs":1767229200400}}`, "5ofuMRpwIlStXYW4DTg55JRorvBPaEa2oNSm1uPmdl4="},
	} {
		if got := RoomCallbackSign(v.key, []byte(v.body)); got != v.want {
			t.Errorf("%.40s: %s", v.body, got)
		}
	}
}
