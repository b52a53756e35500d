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

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const (
	// web is what the demo applies for web live interaction.
	web = "config/samples/web-live"
	// talk is its room, with a TRTC room of this number.
	talk     = "talk"
	talkRoom = "12345"
	// Keys and domains of the samples.
	livePushKey, livePlaybackKey = "simulatorOnlyPushKey", "simulatorOnlyPlaybackKey"
	liveCallbackKey, trtcKey     = "simulatorOnlyCallbackKey", "simulatorOnlyTRTCKey"
	liveSecretID                 = "AKIDsimulatoronly"
	liveSecretKey                = "simulator-only-not-a-real-secret-key"
	// backend is the ServiceAccount that asks for UserSigs, audience that of its token.
	backend  = "web-backend"
	audience = imv1alpha1.DefaultUserSigAudience
)

// broadcast shows streams: a host pushes, viewers watch, and the state of a room
// reaches them.
func (d *demo) broadcast(ctx context.Context) error {
	heading("kubectl apply --server-side -n " + namespace + " -k " + web)
	output, err := d.plane.run(ctx, "apply", "--server-side", "-n", namespace, "-k", web)
	if err != nil {
		return err
	}
	fmt.Println(output)
	if err := d.connectStreams(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{d.pushCSS, d.enterTRTC, d.watchTRTC, d.pause, d.end} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	text, err := d.plane.run(ctx, "get", "liverooms", "-n", namespace)
	if err == nil {
		fmt.Println(text)
	}
	return err
}

// connectStreams waits for the room, and enters the callback URLs in the consoles.
func (d *demo) connectStreams(ctx context.Context) error {
	app, room := &imv1alpha1.ImApp{}, &imv1alpha1.LiveRoom{}
	if _, err := d.await(ctx, "the room is ready, and the webhook tells its paths", readyTimeout, func(ctx context.Context) (string, error) {
		if err := d.read(ctx, talk, room); err != nil {
			return "", err
		}
		if err := d.read(ctx, application, app); err != nil {
			return "", err
		}
		if app.Status.LiveCallbackPath == "" || app.Status.TRTCCallbackPath == "" {
			return "liveCallbackPath or trtcCallbackPath is empty", nil
		}
		return condition(room, imv1alpha1.ConditionReady, imv1alpha1.ReasonAsDeclared), nil
	}); err != nil {
		return err
	}
	base := "http://" + d.webhook.address
	err := d.live.call(ctx, http.MethodPut, "callbacks", map[string]any{
		"css": base + app.Status.LiveCallbackPath, "cssKey": liveCallbackKey, "trtc": base + app.Status.TRTCCallbackPath, "trtcKey": trtcKey,
	}, nil)
	if err == nil {
		fmt.Println("The callback URLs are entered in the consoles of CSS and TRTC.")
	}
	return err
}

// secretOf reads what a host is given.
func (d *demo) secretOf(ctx context.Context, name string) (map[string]string, error) {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	if err := d.plane.client.Get(ctx, client.ObjectKeyFromObject(secret), secret); err != nil {
		return nil, fmt.Errorf("reading Secret %s: %w", name, err)
	}
	texts := map[string]string{}
	for key, value := range secret.Data {
		texts[key] = string(value)
	}
	return texts, nil
}

// streaming waits for the condition Streaming of a room.
func (d *demo) streaming(ctx context.Context, name, reason string) (*imv1alpha1.LiveRoom, error) {
	room := &imv1alpha1.LiveRoom{}
	took, err := d.await(ctx, name+" is "+reason, soon, func(ctx context.Context) (string, error) {
		if err := d.read(ctx, name, room); err != nil {
			return "", err
		}
		return condition(room, imv1alpha1.ConditionStreaming, reason), nil
	})
	if err == nil {
		for _, c := range room.Status.Conditions {
			if c.Type == imv1alpha1.ConditionStreaming {
				fmt.Printf("      Streaming=%s after %s: %s\n", c.Status, took.Round(time.Millisecond), c.Message)
			}
		}
	}
	return room, err
}

// pushCSS lets an encoder push to the URL that its host was given, and a viewer watch.
func (d *demo) pushCSS(ctx context.Context) error {
	note("The host of the %s takes the URL out of Secret %s-host, and pushes.", teaRoom, teaRoom)
	given, err := d.secretOf(ctx, teaRoom+"-host")
	if err != nil {
		return err
	}
	link, _, _ := strings.Cut(given[imv1alpha1.StreamKeyURL], "?")
	fmt.Printf("      %s?txSecret=…, until %s\n", link, given[imv1alpha1.StreamKeyExpiresAt])
	if err := d.live.call(ctx, http.MethodPost, "push", map[string]any{"url": given[imv1alpha1.StreamKeyURL]}, nil); err != nil {
		return err
	}
	room, err := d.streaming(ctx, teaRoom, imv1alpha1.ReasonStreaming)
	if err != nil {
		return err
	}
	playback := room.Status.Playback
	for _, link := range []string{playback.FLV, playback.HLS, playback.WebRTC} {
		if err := d.live.call(ctx, http.MethodGet, "play?url="+url.QueryEscape(link), nil, nil); err != nil {
			return err
		}
	}
	fmt.Println("      viewers watch it as FLV, HLS and WebRTC at the URLs of status.playback")
	note("Her network fails.")
	if err := d.live.call(ctx, http.MethodPost, "stop", map[string]any{"streamName": room.Status.StreamName, "errcode": 12}, nil); err != nil {
		return err
	}
	_, err = d.streaming(ctx, teaRoom, imv1alpha1.ReasonNotStreaming)
	return err
}

// enterTRTC lets the host of the talk enter as her page does.
func (d *demo) enterTRTC(ctx context.Context) error {
	note("The host of the talk opens her page, which pushes to the room:// URL of Secret %s-host.", talk)
	if err := d.enterAsHost(ctx); err != nil {
		return err
	}
	_, err := d.streaming(ctx, talk, imv1alpha1.ReasonStreaming)
	return err
}

func (d *demo) enterAsHost(ctx context.Context) error {
	given, err := d.secretOf(ctx, talk+"-host")
	if err != nil {
		return err
	}
	return d.live.call(ctx, http.MethodPost, "trtc/enter", map[string]any{"url": given[imv1alpha1.StreamKeyURL]}, nil)
}

// watchTRTC lets a viewer watch with low delay: the back end of the page asks the
// webhook for her UserSig, with the token of its ServiceAccount.
func (d *demo) watchTRTC(ctx context.Context) error {
	const viewer = "viewer-4711"
	note("The page's back end asks for the UserSig of %s, and she watches with low delay.", viewer)
	token, err := d.plane.run(ctx, "create", "token", backend, "-n", namespace, "--audience="+audience)
	if err != nil {
		return err
	}
	issued, err := d.webhook.userSig(ctx, strings.TrimSpace(token), namespace+"/"+application, viewer)
	if err != nil {
		return err
	}
	room := &imv1alpha1.LiveRoom{}
	if err := d.read(ctx, talk, room); err != nil {
		return err
	}
	link := room.Status.Playback.LowLatency + "&userid=" + viewer + "&usersig=" + issued
	if err := d.live.call(ctx, http.MethodPost, "trtc/enter", map[string]any{"url": link}, nil); err != nil {
		return err
	}
	fmt.Printf("      %s&userid=%s&usersig=…\n", room.Status.Playback.LowLatency, viewer)
	return nil
}

// patch the state of the talk, and print how soon viewers are told, and what.
func (d *demo) patch(ctx context.Context, state imv1alpha1.RoomState, value string) error {
	before, err := d.notices(ctx)
	if err != nil {
		return err
	}
	change := fmt.Sprintf(`{"spec":{"stateControl":{"state":%q}}}`, state)
	note("kubectl patch liveroom %s --type=merge -p '%s'", talk, change)
	if _, err := d.plane.run(ctx, "patch", "liveroom", talk, "-n", namespace, "--type=merge", "-p", change); err != nil {
		return err
	}
	took, err := d.await(ctx, "viewers are told", soon, func(ctx context.Context) (string, error) {
		now, err := d.notices(ctx)
		for _, notice := range now[min(len(before), len(now)):] {
			for _, field := range notice.Fields {
				if field.Custom && field.Value == value {
					return "", err
				}
			}
		}
		return "there is no notice of " + value, err
	})
	if err != nil {
		return err
	}
	room := &imv1alpha1.LiveRoom{}
	if _, err := d.await(ctx, "the room is as declared", soon, func(ctx context.Context) (string, error) {
		if err := d.read(ctx, talk, room); err != nil {
			return "", err
		}
		if room.Status.EffectiveState == nil || room.Status.EffectiveState.Value != state || room.Status.ObservedGeneration != room.Generation {
			return fmt.Sprintf("the state is %v", room.Status.EffectiveState), nil
		}
		return condition(room, imv1alpha1.ConditionReady, imv1alpha1.ReasonAsDeclared), nil
	}); err != nil {
		return err
	}
	all, err := d.notices(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("      told after %s:\n", took.Round(time.Millisecond))
	for _, notice := range all[len(before):] {
		for _, field := range notice.Fields {
			fmt.Printf("        %s = %s\n", field.Name, field.Value)
		}
	}
	return nil
}

func (d *demo) notices(ctx context.Context) ([]simim.Notice, error) {
	var held struct {
		Notices []simim.Notice `json:"notices"`
	}
	err := d.im.call(ctx, http.MethodGet, "groups/"+talk+"/notices", nil, &held)
	return held.Notices, err
}

// inRoom are the users in the TRTC room, and whether they publish.
func (d *demo) inRoom(ctx context.Context) (map[string]bool, error) {
	var rooms map[string]map[string]bool
	err := d.live.call(ctx, http.MethodGet, "trtc/rooms", nil, &rooms)
	return rooms[talkRoom], err
}

// pause the talk: viewers are told, and the host is out until it goes on.
func (d *demo) pause(ctx context.Context) error {
	if err := d.patch(ctx, imv1alpha1.RoomPaused, "paused"); err != nil {
		return err
	}
	if err := d.gone(ctx, "the host is out of the TRTC room", func(users map[string]bool) bool { return !users["anchor"] && len(users) == 1 }); err != nil {
		return err
	}
	if _, err := d.streaming(ctx, talk, imv1alpha1.ReasonNotStreaming); err != nil {
		return err
	}
	if err := d.patch(ctx, imv1alpha1.RoomLive, "live"); err != nil {
		return err
	}
	if err := d.enterAsHost(ctx); err != nil {
		return err
	}
	_, err := d.streaming(ctx, talk, imv1alpha1.ReasonStreaming)
	return err
}

// end the talk: viewers are told, and the TRTC room is dismissed.
func (d *demo) end(ctx context.Context) error {
	if err := d.patch(ctx, imv1alpha1.RoomEnded, "ended"); err != nil {
		return err
	}
	if err := d.gone(ctx, "the TRTC room is dismissed", func(users map[string]bool) bool { return len(users) == 0 }); err != nil {
		return err
	}
	_, err := d.streaming(ctx, talk, imv1alpha1.ReasonNotStreaming)
	return err
}

func (d *demo) gone(ctx context.Context, what string, is func(map[string]bool) bool) error {
	_, err := d.await(ctx, what, soon, func(ctx context.Context) (string, error) {
		users, err := d.inRoom(ctx)
		if !is(users) {
			return fmt.Sprintf("in the room are %v", users), err
		}
		return "", err
	})
	if err == nil {
		fmt.Printf("      %s\n", what)
	}
	return err
}
