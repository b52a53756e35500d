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

package v1alpha1

import "testing"

func roomSpec(change func(*LiveRoomSpec)) func(*LiveRoom) {
	return func(r *LiveRoom) { change(&r.Spec) }
}

func cssRoom(name string) func(*LiveRoom) {
	return roomSpec(func(s *LiveRoomSpec) {
		s.Stream = &RoomStream{Type: StreamTypeCSS, CSS: &CSSStream{StreamName: name}, HostSecretName: "host"}
	})
}

func trtcRoom(change func(*TRTCStream)) func(*LiveRoom) {
	return roomSpec(func(s *LiveRoomSpec) {
		s.Stream = &RoomStream{
			Type: StreamTypeTRTC, HostSecretName: "host", TRTC: &TRTCStream{RoomID: 12345, Pusher: UserReference{UserID: "anchor01"}},
		}
		change(s.Stream.TRTC)
	})
}

func TestStreamCreation(t *testing.T) {
	t.Parallel()
	stream := func(s RoomStream) func(*LiveRoom) { return roomSpec(func(spec *LiveRoomSpec) { spec.Stream = &s }) }
	trtc := TRTCStream{RoomID: 12345, Pusher: UserReference{UserID: "anchor01"}}
	viewer := func(secret string) func(*TRTCStream) {
		return func(s *TRTCStream) { s.Viewer, s.ViewerSecretName = &UserReference{UserID: "preview"}, secret }
	}
	const union = "set css with type: CSS, trtc with type: TRTC, and not the other one"
	const characters = "a stream name has letters, digits and - (after an _ the CDN reads the name of a transcoding template): rename it"
	const together = "set viewer and viewerSecretName together"
	proveCreations(t, validRoom, copyRoom, []creation[LiveRoom]{
		{"css", cssRoom("show-42"), ""},
		{"css without a name", cssRoom(""), ""},
		{"css without css", stream(RoomStream{Type: StreamTypeCSS}), union},
		{"css with trtc as well", stream(RoomStream{Type: StreamTypeCSS, CSS: &CSSStream{}, TRTC: &trtc}), union},
		{"trtc", trtcRoom(func(*TRTCStream) {}), ""},
		{"trtc without trtc", stream(RoomStream{Type: StreamTypeTRTC}), union},
		{"trtc with css", stream(RoomStream{Type: StreamTypeTRTC, CSS: &CSSStream{}}), union},
		{"unknown type", stream(RoomStream{Type: "RTSP", CSS: &CSSStream{}}), unsupported},
		{"name of 64 letters", cssRoom(letters(64)), ""},
		{"name of 65 letters", cssRoom(letters(65)), "Too long"},
		{"name with an _", cssRoom("show_42"), characters},
		{"name with a dot", cssRoom("show.42"), characters},
		{"name of a Secret", stream(RoomStream{Type: StreamTypeCSS, CSS: &CSSStream{}, HostSecretName: "Host"}), "spec.stream.hostSecretName"},
		{"room 0", trtcRoom(func(s *TRTCStream) { s.RoomID = 0 }), "greater than or equal to 1"},
		{"largest room", trtcRoom(func(s *TRTCStream) { s.RoomID = 4294967294 }), ""},
		{"room too large", trtcRoom(func(s *TRTCStream) { s.RoomID = 4294967295 }), "less than or equal to 4294967294"},
		{"no pusher", trtcRoom(func(s *TRTCStream) { s.Pusher = UserReference{} }), "set exactly one of accountRef and userID"},
		{"streamID", trtcRoom(func(s *TRTCStream) { s.StreamID = "talk_1" }), ""},
		{"another room's streamID", trtcRoom(func(s *TRTCStream) { s.StreamID = "1400000000_12345_anchor01_main" }), "that is how TRTC names copies by itself"},
		{"streamID with a %", trtcRoom(func(s *TRTCStream) { s.StreamID = "user%40A" }), "spec.stream.trtc.streamID"},
		{"name of a Secret with an empty part", stream(RoomStream{Type: StreamTypeCSS, CSS: &CSSStream{}, HostSecretName: "a..b"}), "spec.stream.hostSecretName"},
		{"name of a Secret with parts", stream(RoomStream{Type: StreamTypeCSS, CSS: &CSSStream{}, HostSecretName: "a.b-1"}), ""},
		{"viewer", trtcRoom(viewer("viewer")), ""},
		{"viewer with an odd Secret", trtcRoom(viewer("a.-b")), "spec.stream.trtc.viewerSecretName"},
		{"viewer without a Secret", trtcRoom(viewer("")), together},
		{"Secret without a viewer", trtcRoom(func(s *TRTCStream) { s.ViewerSecretName = "viewer" }), together},
		{"one Secret for both", trtcRoom(viewer("host")), "hostSecretName and viewerSecretName must differ: whoever may watch must not be able to push"},
	})
}

func TestStreamUpdate(t *testing.T) {
	t.Parallel()
	const name = "streamName is immutable: create another LiveRoom for another stream"
	const room = "roomID is immutable: create another LiveRoom for another TRTC room"
	proveUpdates(t, validRoom, copyRoom, []update[LiveRoom]{
		{"stream added", nil, cssRoom("show42"), ""},
		{"stream removed", cssRoom("show42"), roomSpec(func(s *LiveRoomSpec) { s.Stream = nil }), ""},
		{"host Secret", cssRoom("show42"), roomSpec(func(s *LiveRoomSpec) { s.Stream.HostSecretName = "other" }), ""},
		{"type", cssRoom("show42"), trtcRoom(func(*TRTCStream) {}), "the type of a stream is immutable: create another LiveRoom"},
		{"name", cssRoom("show42"), cssRoom("show43"), name},
		{"name added", cssRoom(""), cssRoom("show42"), name},
		{"name removed", cssRoom("show42"), cssRoom(""), name},
		{"room", trtcRoom(func(*TRTCStream) {}), trtcRoom(func(s *TRTCStream) { s.RoomID++ }), room},
		{"pusher and streamID", trtcRoom(func(*TRTCStream) {}), trtcRoom(func(s *TRTCStream) { s.Pusher.UserID, s.StreamID = "anchor02", "own" }), ""},
	})
}

func TestLiveStreamingCreation(t *testing.T) {
	t.Parallel()
	live := func(change func(*LiveStreaming)) func(*ImApp) {
		return func(a *ImApp) {
			a.Spec.Live = &LiveStreaming{PushDomain: "push.example.com", PlaybackDomain: "play.example.com"}
			change(a.Spec.Live)
		}
	}
	trtc := func(change func(*RealTimeCommunication)) func(*ImApp) {
		return func(a *ImApp) { a.Spec.TRTC = &RealTimeCommunication{}; change(a.Spec.TRTC) }
	}
	service := func(change func(*UserSigService)) func(*ImApp) {
		return func(a *ImApp) {
			a.Spec.UserSigService = &UserSigService{AllowedUserIDs: []string{"viewer-*"}}
			change(a.Spec.UserSigService)
		}
	}
	delta := func(seconds int32, key *SecretReference) func(*ImApp) {
		return live(func(l *LiveStreaming) { l.PlaybackAuthDeltaSeconds, l.PlaybackKeySecretRef = &seconds, key })
	}
	validity := func(seconds int32) func(*ImApp) {
		return live(func(l *LiveStreaming) { l.URLValiditySeconds = &seconds })
	}
	key := &SecretReference{Name: "play"}
	proveCreations(t, validApp, func(a ImApp) *ImApp { return a.DeepCopy() }, []creation[ImApp]{
		{"domains", live(func(*LiveStreaming) {}), ""},
		{"no push domain", live(func(l *LiveStreaming) { l.PushDomain = "" }), "spec.live.pushDomain"},
		{"playback domain with a path", live(func(l *LiveStreaming) { l.PlaybackDomain = "example.com/live" }), "spec.live.playbackDomain"},
		{"delta with a key", delta(3600, key), ""},
		{"delta without a key", delta(3600, nil), "playbackAuthDeltaSeconds belongs to playback authentication: set playbackKeySecretRef, or leave it out"},
		{"key without a delta", live(func(l *LiveStreaming) { l.PlaybackKeySecretRef = key }), ""},
		{"http", live(func(l *LiveStreaming) { l.PlaybackScheme = PlaybackSchemeHTTP }), ""},
		{"unknown scheme", live(func(l *LiveStreaming) { l.PlaybackScheme = "RTMP" }), unsupported},
		{"path with a slash", live(func(l *LiveStreaming) { l.AppName = "a/b" }), "spec.live.appName"},
		{"validity of 10 min", validity(600), ""},
		{"validity of less", validity(599), "greater than or equal to 600"},
		{"validity of more than 30 days", validity(2592001), "less than or equal to 2592000"},
		{"endpoint with a path", live(func(l *LiveStreaming) { l.APIEndpoint = "https://example.com/v3" }), "spec.live.apiEndpoint"},
		{"trtc", trtc(func(c *RealTimeCommunication) { c.APIRegion, c.APIEndpoint = "ap-singapore", "http://127.0.0.1:18092" }), ""},
		{"unknown form of a region", trtc(func(c *RealTimeCommunication) { c.APIRegion = "Guangzhou" }), "spec.trtc.apiRegion"},
		{"bizID of 0", trtc(func(c *RealTimeCommunication) { c.BizID = new(int64(0)) }), "greater than or equal to 1"},
		{"UserSigs", service(func(*UserSigService) {}), ""},
		{"UserSigs for nobody", service(func(s *UserSigService) { s.AllowedUserIDs = []string{} }), "spec.userSigService.allowedUserIDs"},
		{"pattern with a dot", service(func(s *UserSigService) { s.AllowedUserIDs = []string{"a.b"} }), "spec.userSigService.allowedUserIDs[0]"},
		{"origin with a path", service(func(s *UserSigService) { s.AllowedOrigins = []string{"https://example.com/"} }), "spec.userSigService.allowedOrigins[0]"},
		{"validity of a minute", service(func(s *UserSigService) { s.MaxValiditySeconds = new(int32(60)) }), ""},
		{"validity of 59 s", service(func(s *UserSigService) { s.MaxValiditySeconds = new(int32(59)) }), "greater than or equal to 60"},
		{"administrator", service(func(s *UserSigService) { s.Administrator = AdministratorSignatureAllow }), ""},
		{"administrator, perhaps", service(func(s *UserSigService) { s.Administrator = "Perhaps" }), unsupported},
	})
}
