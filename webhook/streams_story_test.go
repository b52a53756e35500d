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

package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/live"
)

const (
	liveKey    = "cbkey2026"
	trtcKey    = "trtckey2026"
	pushDomain = "push.example.com"
)

// beginStreams begins a story with an application that takes callbacks about streams.
func beginStreams(t *testing.T) *story {
	t.Helper()
	s := begin(t)
	s.create(s.secret("live-callback", imv1alpha1.CallbackKeyName, liveKey), s.secret("trtc-callback", imv1alpha1.CallbackKeyName, trtcKey))
	update(s, s.app(), func(app *imv1alpha1.ImApp) {
		app.Spec.Live = &imv1alpha1.LiveStreaming{
			PushDomain: pushDomain, PlaybackDomain: "play.example.com", AccountAppID: pointer(int64(1250000000)),
			CallbackKeySecretRef: &imv1alpha1.SecretReference{Name: "live-callback"},
		}
		app.Spec.TRTC = &imv1alpha1.RealTimeCommunication{CallbackKeySecretRef: &imv1alpha1.SecretReference{Name: "trtc-callback"}}
	})
	s.Eventually(func() []string { return []string{s.appStatus().LiveCallbackPath, s.appStatus().TRTCCallbackPath} }).ShouldNot(ContainElement(BeEmpty()))
	return s
}

func (s *story) appStatus() imv1alpha1.ImAppStatus {
	app := s.app()
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(app), app)).To(Succeed())
	return app.Status
}

// streamed is a room with a stream of CSS.
func streamed(name string) func(*imv1alpha1.LiveRoom) {
	return func(room *imv1alpha1.LiveRoom) {
		room.Spec.Stream = &imv1alpha1.RoomStream{Type: imv1alpha1.StreamTypeCSS, CSS: &imv1alpha1.CSSStream{StreamName: name}}
	}
}

// post sends a callback and returns the status and the answer.
func (s *story) post(path string, header http.Header, body []byte) (int, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.ctx, http.MethodPost, "http://"+s.address+path, bytes.NewReader(body))
	s.Expect(err).NotTo(HaveOccurred())
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := sender.Do(request)
	s.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	var text bytes.Buffer
	_, err = text.ReadFrom(response.Body)
	s.Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, text.String()
}

// css sends a callback of CSS about a stream, and expects that it is taken.
func (s *story) css(stream string, fields map[string]any) {
	s.t.Helper()
	t := time.Now().Unix() + 600
	all := map[string]any{
		"app": pushDomain, "appid": 1250000000, "appname": "live", "stream_id": stream, "channel_id": stream, "user_ip": "203.0.113.45",
		"stream_param": "txSecret=44f826f9988eee52f27700c6d9c739e4&txTime=6955B900", "t": t, "sign": live.CallbackSign(liveKey, t),
	}
	maps.Copy(all, fields)
	body, err := json.Marshal(all)
	s.Expect(err).NotTo(HaveOccurred())
	status, answer := s.post(s.appStatus().LiveCallbackPath, nil, body)
	s.Expect(fmt.Sprint(status, answer)).To(Equal(`200{"code":0}`))
}

// trtc sends a callback of TRTC about a room, and expects that it is taken.
func (s *story) trtc(group, kind int, at time.Time, fields map[string]any) {
	s.t.Helper()
	info := map[string]any{"EventTs": at.Unix(), "EventMsTs": at.UnixMilli()}
	maps.Copy(info, fields)
	body, err := json.Marshal(map[string]any{"EventGroupId": group, "EventType": kind, "CallbackTs": time.Now().UnixMilli(), "EventInfo": info})
	s.Expect(err).NotTo(HaveOccurred())
	header := http.Header{"Sign": {live.RoomCallbackSign(trtcKey, body)}, "Sdkappid": {fmt.Sprint(s.sdkAppID)}}
	status, answer := s.post(s.appStatus().TRTCCallbackPath, header, body)
	s.Expect(fmt.Sprint(status, answer)).To(Equal(`200{"code":0}`))
}

// stream reads what status says about a room's stream.
func (s *story) stream(room *imv1alpha1.LiveRoom) func() *imv1alpha1.RoomStreamStatus {
	return func() *imv1alpha1.RoomStreamStatus {
		current := room.DeepCopy()
		if err := s.client.Get(s.ctx, client.ObjectKeyFromObject(room), current); err != nil {
			return nil
		}
		return current.Status.Stream
	}
}

// message of a condition.
func (s *story) message(obj imv1alpha1.Object, name string) string {
	current := obj.DeepCopyObject().(imv1alpha1.Object)
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(obj), current)).To(Succeed())
	return meta.FindStatusCondition(current.GetObjectStatus().Conditions, name).Message
}

func TestRoomShowsItsStream(t *testing.T) {
	s := beginStreams(t)
	app, room := s.app(), s.open(s.room("show", streamed("show-42")))
	streaming := s.condition(room, imv1alpha1.ConditionStreaming)
	s.Eventually(streaming).Should(Equal("Unknown AwaitingCallback"))
	s.Eventually(s.condition(app, imv1alpha1.ConditionStreamCallbacksReceived)).Should(Equal("False AwaitingCallback"))

	began := time.Now().Add(-time.Minute).Truncate(time.Second)
	s.css("show-42", map[string]any{"event_type": 1, "event_time": began.Unix(), "sequence": "6674468118806626493", "errcode": 0, "errmsg": "ok"})
	s.Eventually(streaming).Should(Equal("True Streaming"))
	s.Expect(s.stream(room)()).To(Equal(&imv1alpha1.RoomStreamStatus{State: imv1alpha1.StreamActive, Since: metav1.NewTime(began)}))

	ended := began.Add(30 * time.Second)
	s.css("show-42", map[string]any{"event_type": 0, "event_time": ended.Unix(), "sequence": "6674468118806626493", "errcode": 12, "errmsg": "x", "push_duration": "30000"})
	s.Eventually(streaming).Should(Equal("False NotStreaming"))
	s.Expect(s.message(room, imv1alpha1.ConditionStreaming)).To(Equal("nobody pushes the stream: the network of the host failed"))
	s.css("show-42", map[string]any{"event_type": 100, "file_id": "1", "end_time": ended.Unix(), "video_url": "https://files.example.com/1.flv"})
	want := &imv1alpha1.RoomStreamStatus{
		State: imv1alpha1.StreamInactive, Since: metav1.NewTime(ended), DisconnectCause: "the network of the host failed", DisconnectCode: pointer(int32(12)),
		LastRecording: &imv1alpha1.StreamFile{URL: "https://files.example.com/1.flv", Time: metav1.NewTime(ended)},
	}
	s.Eventually(s.stream(room)).Should(Equal(want))

	// A spec that changes is looked at again; nothing else is written, after a restart
	// either, nor after what came before.
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Name = "another name" })
	s.Eventually(streaming).Should(Equal("False NotStreaming"))
	s.Eventually(s.condition(room, imv1alpha1.ConditionReady)).Should(Equal("True AsDeclared"))
	version := s.version(room)
	s.stop()
	s.start()
	s.css("show-42", map[string]any{"event_type": 1, "event_time": began.Unix(), "sequence": "6674468118806626493"})
	s.css("nobodys", map[string]any{"event_type": 1, "event_time": began.Unix(), "sequence": "1"})
	s.Eventually(s.counter("liveroom_webhook_stream_callbacks_total", "push_started")).Should(Equal(map[string]float64{"duplicate": 1, "unassigned": 1}))
	s.Consistently(func() string { return s.version(room) }, "1s").Should(Equal(version))
	s.Expect(s.stream(room)()).To(Equal(want))

	// Activity and stream are in one status, and leave each other alone.
	s.Expect(s.call(afterSend, text(room, "ann", "hello"))).To(Equal(accepted))
	s.Eventually(s.activity(room)).Should(HaveField("Messages", int64(1)))
	s.Expect(s.stream(room)()).To(Equal(want))

	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Stream = nil })
	s.Eventually(s.stream(room)).Should(BeNil())
	s.Eventually(streaming).Should(Equal("not looked at"))
	update(s, room, streamed("show-43"))
	s.Eventually(streaming).Should(Equal("Unknown AwaitingCallback"))
	s.Expect(s.stream(room)()).To(BeNil(), "what is known of another stream")
	s.Expect(s.activity(room)()).To(HaveField("Messages", int64(1)))

	// Nor is it when nobody saw the room without a stream.
	s.css("show-43", map[string]any{"event_type": 1, "event_time": ended.Unix(), "sequence": "6674468118806626500"})
	s.Eventually(streaming).Should(Equal("True Streaming"))
	s.stop()
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Stream = nil })
	update(s, room, streamed("show-44"))
	s.start()
	s.Eventually(streaming).Should(Equal("Unknown AwaitingCallback"))
	s.Expect(s.stream(room)()).To(BeNil(), "what is known of another stream")
}

// TestRoomLosesItsStream gives the stream of a room to an older one. The younger room
// goes on, without the stream.
func TestRoomLosesItsStream(t *testing.T) {
	s := beginStreams(t)
	older := s.open(s.room("older"))
	younger := s.open(s.room("younger", streamed("show-42")))
	streaming := s.condition(younger, imv1alpha1.ConditionStreaming)
	began := time.Now().Truncate(time.Second).Add(-time.Minute)
	s.css("show-42", map[string]any{"event_type": 1, "event_time": began.Unix(), "sequence": "6674468118806626493"})
	s.Eventually(streaming).Should(Equal("True Streaming"))
	update(s, older, streamed("show-42"))
	s.Eventually(s.condition(younger, imv1alpha1.ConditionReady)).Should(Equal("False StreamConflict"))
	s.Eventually(streaming).Should(Equal("Unknown StreamConflict"))
	s.Expect(s.stream(younger)()).To(BeNil())
	s.css("show-42", map[string]any{"event_type": 1, "event_time": began.Add(time.Second).Unix(), "sequence": "6674468118806626494"})
	s.Eventually(s.condition(older, imv1alpha1.ConditionStreaming)).Should(Equal("True Streaming"))
	s.Expect(s.call(afterSend, text(younger, "ann", "hello"))).To(Equal(accepted))
	s.Eventually(s.activity(younger)).Should(HaveField("Messages", int64(1)))
}

func TestRoomShowsItsTRTCRoom(t *testing.T) {
	s := beginStreams(t)
	host := &imv1alpha1.ImAccount{ObjectMeta: s.meta("host"), Spec: imv1alpha1.ImAccountSpec{AppRef: imv1alpha1.AppReference{Name: "app"}, UserID: "anchor01"}}
	s.create(host)
	s.Eventually(s.condition(host, imv1alpha1.ConditionReady)).Should(Equal("True AsDeclared"))
	room := s.open(s.room("show", func(room *imv1alpha1.LiveRoom) {
		room.Spec.Stream = &imv1alpha1.RoomStream{Type: imv1alpha1.StreamTypeTRTC, TRTC: &imv1alpha1.TRTCStream{
			RoomID: 12345, Pusher: imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "host"}},
		}}
	}))
	streaming := s.condition(room, imv1alpha1.ConditionStreaming)
	began := time.Now().Truncate(time.Second).Add(-10 * time.Second)
	anchor := func(reason int) map[string]any {
		return map[string]any{"RoomId": 12345, "UserId": "anchor01", "Reason": reason}
	}
	s.trtc(1, 101, began, map[string]any{"RoomId": 12345, "UserId": "anchor01"})
	s.Eventually(streaming).Should(Equal("False NotStreaming"))
	s.Eventually(func() string { // until the account is known to the webhook
		began = began.Add(time.Millisecond)
		s.trtc(2, 201, began, anchor(0))
		return streaming()
	}).Should(Equal("True Streaming"))
	s.trtc(1, 104, began.Add(5*time.Second), anchor(2))
	s.Eventually(streaming).Should(Equal("False NotStreaming"))
	s.Expect(s.stream(room)()).To(Equal(&imv1alpha1.RoomStreamStatus{
		State: imv1alpha1.StreamInactive, Since: metav1.NewTime(began.Add(5 * time.Second).Truncate(time.Second)),
		DisconnectCause: "the connection of the host was lost", DisconnectCode: pointer(int32(2)),
	}))
}

// TestApplicationShowsWhetherStreamCallbacksArrive follows the condition, and a change of keys.
func TestApplicationShowsWhetherStreamCallbacksArrive(t *testing.T) {
	s := beginStreams(t)
	app := s.app()
	received := s.condition(app, imv1alpha1.ConditionStreamCallbacksReceived)
	path := s.appStatus().LiveCallbackPath
	s.css("nobodys", map[string]any{"event_type": 1, "event_time": time.Now().Unix(), "sequence": "1"})
	s.Eventually(func() string { return s.message(app, imv1alpha1.ConditionStreamCallbacksReceived) }).Should(
		Equal("no authentic callback came yet: set the callback URL of TRTC to the webhook's public address followed by status.trtcCallbackPath, with the key of Secret trtc-callback"))
	s.trtc(1, 101, time.Now(), map[string]any{"RoomId": 1})
	s.Eventually(received).Should(Equal("True Receiving"))

	s.stop()
	version := s.version(app)
	s.start()
	s.Consistently(func() string { return s.version(app) }, "1s").Should(Equal(version))

	update(s, s.secret("live-callback", "", ""), func(secret *corev1.Secret) {
		secret.Data = map[string][]byte{imv1alpha1.CallbackKeyName: []byte("another key"), imv1alpha1.FormerCallbackKeyName: []byte(liveKey)}
	})
	s.Eventually(func() string { return s.appStatus().LiveCallbackPath }).ShouldNot(Equal(path))
	s.Eventually(received).Should(Equal("True AwaitingCallback"), "callbacks on the former path are taken as well")
	t1 := time.Now().Unix() + 600
	body := fmt.Appendf(nil, `{"event_type":347,"t":%d,"sign":%q,"appid":1250000000}`, t1, live.CallbackSign(liveKey, t1))
	status, _ := s.post(path, nil, body)
	s.Expect(status).To(Equal(http.StatusOK))

	// Nobody has told the console.
	update(s, s.secret("live-callback", "", ""), func(secret *corev1.Secret) { delete(secret.Data, imv1alpha1.FormerCallbackKeyName) })
	s.Eventually(received).Should(Equal("False AwaitingCallback"))
	body = fmt.Appendf(nil, `{"event_type":347,"t":%d,"sign":%q,"appid":1250000000}`, t1, live.CallbackSign("another key", t1))
	s.Eventually(func() int { status, _ := s.post(s.appStatus().LiveCallbackPath, nil, body); return status }).Should(Equal(http.StatusOK))
	s.Eventually(received).Should(Equal("True Receiving"))
	path = s.appStatus().LiveCallbackPath

	s.Expect(s.client.Delete(s.ctx, s.secret("live-callback", "", ""))).To(Succeed())
	s.Eventually(received).Should(Equal("False KeyNotFound"))
	s.Expect(s.appStatus().LiveCallbackPath).To(BeEmpty())
	s.Eventually(func() int { status, _ := s.post(path, nil, body); return status }).Should(Equal(http.StatusNotFound))

	update(s, app, func(a *imv1alpha1.ImApp) { a.Spec.Live, a.Spec.TRTC = nil, nil })
	s.Eventually(func() string { return s.appStatus().TRTCCallbackPath }).Should(BeEmpty())
	s.Expect(received()).To(Equal("not looked at"))
	s.Expect(s.callbackPath()).NotTo(BeEmpty())
}

// version of an object on the API server.
func (s *story) version(obj client.Object) string {
	current := obj.DeepCopyObject().(client.Object)
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(obj), current)).To(Succeed())
	return current.GetResourceVersion()
}

// counter reads a counter's values of an event by outcome.
func (s *story) counter(name, event string) func() map[string]float64 {
	return func() map[string]float64 {
		families, err := s.metrics.Gather()
		s.Expect(err).NotTo(HaveOccurred())
		found := map[string]float64{}
		for _, family := range families {
			if family.GetName() != name {
				continue
			}
			for _, metric := range family.GetMetric() {
				labels := map[string]string{}
				for _, label := range metric.GetLabel() {
					labels[label.GetName()] = label.GetValue()
				}
				if labels["event"] == event {
					found[labels["outcome"]] = metric.GetCounter().GetValue()
				}
			}
		}
		return found
	}
}
