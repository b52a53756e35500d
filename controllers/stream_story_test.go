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

package controllers_test

import (
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/live"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const (
	hostSecret = "host-url"
	pushKey    = "Kp3vT9xQ2mLw8ZrA"
)

// movable is a clock that a test puts forward.
type movable struct {
	clock.RealClock
	by atomic.Int64
}

func (c *movable) Now() time.Time                  { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *movable) Since(t time.Time) time.Duration { return c.Now().Sub(t) }
func (c *movable) forward(d time.Duration)         { c.by.Add(int64(d)) }

// streaming adds spec.live to an ImApp. Push domains are the story's own, because
// they stand for an account.
func (s *story) streaming(app *imv1alpha1.ImApp) *imv1alpha1.ImApp {
	app.Spec.Live = &imv1alpha1.LiveStreaming{
		PushDomain: "push." + s.namespace + ".example.com", PlaybackDomain: "play.example.com",
		PushKeySecretRef: &imv1alpha1.SecretReference{Name: "push-key"},
	}
	return app
}

func (s *story) key(name, key, value string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}, Data: map[string][]byte{key: []byte(value)},
	}
}

func css(name string) func(*imv1alpha1.LiveRoomSpec) {
	return func(spec *imv1alpha1.LiveRoomSpec) {
		spec.Stream = &imv1alpha1.RoomStream{
			Type: imv1alpha1.StreamTypeCSS, CSS: &imv1alpha1.CSSStream{StreamName: name}, HostSecretName: hostSecret,
		}
	}
}

// beginStreaming is begin for an application with streams.
func beginStreaming(t *testing.T) *story {
	t.Helper()
	s := prepare(t)
	s.start()
	s.create(s.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.streaming(s.app()))
	return s
}

// held is what a Secret holds, nil when it does not exist.
func (s *story) held(name string) map[string][]byte {
	var secret corev1.Secret
	if s.client.Get(s.ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, &secret) != nil {
		return nil
	}
	return secret.Data
}

func (s *story) pushURL() string { return string(s.held(hostSecret)[imv1alpha1.StreamKeyURL]) }

// signed reports whether a push URL has the right signature of a key, and its end.
func signed(text, stream, key string) (ends time.Time, ok bool) {
	parsed, err := url.Parse(text)
	if err != nil {
		return time.Time{}, false
	}
	at := parsed.Query().Get("txTime")
	seconds, err := strconv.ParseInt(at, 16, 64)
	return time.Unix(seconds, 0), err == nil && parsed.Query().Get("txSecret") == live.Secret(key, stream, at)
}

func TestStreamURLsAreIssuedAndLeftAlone(t *testing.T) {
	s := beginStreaming(t)
	s.Eventually(s.ready(s.app())).Should(Equal(asDeclared))
	before := env.Requests().Snapshot()
	room := s.room("one", css("show42"))
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.condition(room, imv1alpha1.ConditionStreamURLsIssued)()).To(Equal(asDeclared))
	writes := env.Requests().Since(before).By(s.agent()).In(s.namespace)
	s.Expect(writes.Writes().Total()).To(Equal(3), "the mark, the Secret, status: "+writes.String())

	ends, ok := signed(s.pushURL(), "show42", pushKey)
	s.Expect(ok).To(BeTrue(), s.pushURL())
	s.Expect(time.Until(ends)).To(And(BeNumerically(">", 7*time.Hour), BeNumerically("<=", 24*time.Hour)))
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
	s.Expect(room.Status.HostURLExpiresAt.Time).To(BeTemporally("==", ends))
	s.Expect(room.Status.StreamName).To(Equal("show42"))
	s.Expect(room.Status.Playback).To(Equal(&imv1alpha1.RoomPlayback{
		FLV: "https://play.example.com/live/show42.flv", HLS: "https://play.example.com/live/show42.m3u8",
		RTMP: "rtmp://play.example.com/live/show42", WebRTC: "webrtc://play.example.com/live/show42",
		CDN: "https://flv=https%3A%2F%2Fplay.example.com%2Flive%2Fshow42.flv&hls=https%3A%2F%2Fplay.example.com%2Flive%2Fshow42.m3u8",
	}))
	var secret corev1.Secret
	s.Expect(s.client.Get(s.ctx, client.ObjectKey{Namespace: s.namespace, Name: hostSecret}, &secret)).To(Succeed())
	s.Expect(metav1.IsControlledBy(&secret, room)).To(BeTrue())

	// Another pass and a restart write nothing.
	before = env.Requests().Snapshot()
	s.again(room, "again")
	s.stop()
	reads := s.sim.Calls("get_group_info")
	s.start()
	s.Eventually(func() int { return s.sim.Calls("get_group_info") }).Should(BeNumerically(">", reads))
	s.Consistently(func() int { return env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes().Total() }, "1s").Should(Equal(1), "the echo")

	// A URL that is deleted comes back; a Secret that is no longer named goes.
	s.Expect(s.client.Delete(s.ctx, &secret)).To(Succeed())
	s.Eventually(s.pushURL).ShouldNot(BeEmpty())
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Stream.HostSecretName = "other-url" })
	s.Eventually(func() string { return string(s.held("other-url")[imv1alpha1.StreamKeyURL]) }).Should(HavePrefix("rtmp://push."))
	s.Eventually(s.pushURL).Should(BeEmpty())
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Stream = nil })
	s.Eventually(func() map[string][]byte { return s.held("other-url") }).Should(BeNil())
	s.Eventually(s.condition(room, imv1alpha1.ConditionStreamURLsIssued)).Should(Equal("absent"))
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
	s.Expect(room.Status.Playback).To(BeNil())
}

// Over several steps of the validity the Secret is written once a step, at most, and
// each URL still serves when the next one has come.
func TestStreamURLsAreRotated(t *testing.T) {
	s := prepare(t)
	moves := &movable{}
	s.clock = moves
	s.start()
	app := s.streaming(s.app())
	app.Spec.Live.PlaybackKeySecretRef = &imv1alpha1.SecretReference{Name: "play-key"}
	s.create(s.secret(secretKey), s.key("push-key", imv1alpha1.PushKeyName, pushKey), s.key("play-key", imv1alpha1.PlaybackKeyName, "PlayKey2026"), app)
	room := s.room("one", css("show42"))
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))

	const validity = 24 * time.Hour
	former := s.pushURL()
	written := 1
	for i := range 16 { // two days, two hours and a half at a time
		moves.forward(validity / 8)
		before := env.Requests().Snapshot()
		s.again(room, "step "+strconv.Itoa(i))
		now := moves.Now()
		ends, ok := signed(former, "show42", pushKey)
		s.Expect(ok).To(BeTrue())
		s.Expect(ends).To(BeTemporally(">", now), "the former URL still serves")
		if current := s.pushURL(); current == former {
			s.Expect(env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes().Total()).To(Equal(1), "only the echo")
		} else {
			former = current
			written++
		}
		s.Expect(room.Status.Playback.ExpiresAt.Time).To(BeTemporally(">=", now.Add(validity/3)))
		s.Expect(room.Status.HostURLExpiresAt.Time).To(BeTemporally(">=", now.Add(validity/3)))
	}
	s.Expect(written).To(BeNumerically("~", 4, 1), "two days are three steps of 16 hours")
}

// A changed key takes effect at once; a missing one, or no configuration at all,
// leaves the group alone.
func TestStreamWithoutItsConfiguration(t *testing.T) {
	s := begin(t)
	room := s.room("one", css("show42"))
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False StreamingNotConfigured"))
	_, found := s.sim.Group("live_one")
	s.Expect(found).To(BeTrue())
	s.Expect(s.condition(room, imv1alpha1.ConditionSynced)()).To(Equal(asDeclared))

	app := s.app()
	update(s, app, func(a *imv1alpha1.ImApp) { s.streaming(a) })
	s.Eventually(s.ready(room)).Should(Equal("False KeyNotFound"))
	keys := s.key("push-key", "misspelt", pushKey)
	s.create(keys)
	s.Eventually(func() string { return s.message(room) }).Should(ContainSubstring(`has no key "pushKey"`))
	update(s, keys, func(k *corev1.Secret) { k.Data = map[string][]byte{imv1alpha1.PushKeyName: []byte(pushKey + "\n")} })
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	_, ok := signed(s.pushURL(), "show42", pushKey)
	s.Expect(ok).To(BeTrue())

	update(s, keys, func(k *corev1.Secret) { k.Data[imv1alpha1.PushKeyName] = []byte("another") })
	s.Eventually(func() bool { _, ok := signed(s.pushURL(), "show42", "another"); return ok }).Should(BeTrue())

	// Without the key the URL that is there goes on to serve.
	former := s.pushURL()
	s.Expect(s.client.Delete(s.ctx, keys)).To(Succeed())
	s.Eventually(s.ready(room)).Should(Equal("False KeyNotFound"))
	s.Expect(s.pushURL()).To(Equal(former))
}

func TestForeignSecretIsNotTouched(t *testing.T) {
	s := beginStreaming(t)
	theirs := s.key(hostSecret, "theirs", "1")
	s.create(theirs)
	room := s.room("one", css("show42"))
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False SecretConflict"))
	s.Expect(s.held(hostSecret)).To(Equal(map[string][]byte{"theirs": []byte("1")}))
	s.Expect(s.condition(room, imv1alpha1.ConditionSynced)()).To(Equal(asDeclared))
	s.Expect(s.client.Delete(s.ctx, theirs)).To(Succeed())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
	s.Expect(s.pushURL()).NotTo(BeEmpty())
}

func TestObserveWritesNoSecret(t *testing.T) {
	s := beginStreaming(t)
	room := s.room("one", css("show42"), func(spec *imv1alpha1.LiveRoomSpec) { spec.ManagementPolicy = imv1alpha1.ManagementPolicyObserve })
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False NotExisting"))
	err := s.client.Get(s.ctx, client.ObjectKey{Namespace: s.namespace, Name: hostSecret}, &corev1.Secret{})
	s.Expect(apierrors.IsNotFound(err)).To(BeTrue())
}

// A stream name that is made of the names of the room must fit, too.
func TestStreamNameThatDoesNotFit(t *testing.T) {
	s := beginStreaming(t)
	room := s.room("with.dot", css(""))
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False Invalid"))
	s.Expect(s.message(room)).To(ContainSubstring("stream.css.streamName"))
	_, found := s.sim.Group("live_with.dot")
	s.Expect(found).To(BeTrue())
}

func TestTRTCStream(t *testing.T) {
	s := beginStreaming(t)
	pusher, viewer := s.account("anchor01"), s.account("preview")
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) {
		spec.Stream = &imv1alpha1.RoomStream{
			Type: imv1alpha1.StreamTypeTRTC, HostSecretName: hostSecret, TRTC: &imv1alpha1.TRTCStream{
				RoomID: 12345, Pusher: imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "anchor01"}},
				Viewer: &imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "preview"}}, ViewerSecretName: "viewer-url",
			},
		}
	})
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False ReferenceNotFound"))
	_, found := s.sim.Group("live_one")
	s.Expect(found).To(BeTrue(), "an account that is missing does not hold up the group")
	s.create(pusher, viewer)
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))

	id := strconv.FormatInt(s.sdkAppID, 10)
	stream := id + "_12345_anchor01_main"
	prefix := "room://sdkappid=" + id + "&roomid=12345"
	host, watcher := s.held(hostSecret), s.held("viewer-url")
	s.Expect(string(host[imv1alpha1.StreamKeyURL])).To(Equal(
		prefix + "&userid=anchor01&usersig=" + string(host[imv1alpha1.StreamKeyUserSig]) + "&livedomainname=play.example.com&streamid=" + stream))
	s.Expect(string(watcher[imv1alpha1.StreamKeyURL])).To(Equal(prefix + "&userid=preview&usersig=" + string(watcher[imv1alpha1.StreamKeyUserSig])))
	for user, data := range map[string]map[string][]byte{"anchor01": host, "preview": watcher} {
		s.Expect(tencentyun.VerifyUserSig(uint64(s.sdkAppID), secretKey, user, string(data[imv1alpha1.StreamKeyUserSig]), time.Now())).To(Succeed())
	}
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
	s.Expect(room.Status.StreamName).To(Equal(stream))
	s.Expect(room.Status.Playback.LowLatency).To(Equal(prefix))
	s.Expect(room.Status.Playback.FLV).To(Equal("https://play.example.com/live/" + stream + ".flv"))
	s.Expect(strings.HasPrefix(room.Status.Playback.CDN, "https://flv=")).To(BeTrue())

	before := env.Requests().Snapshot()
	s.again(room, "again")
	s.Expect(env.Requests().Since(before).By(s.agent()).In(s.namespace).Writes().Total()).To(Equal(1), "a UserSig is not made anew in every pass")
	s.Expect(s.held(hostSecret)).To(Equal(host))

	// While it is not known who pushes, viewers go on to watch where they watched.
	playback := room.Status.Playback
	update(s, room, func(r *imv1alpha1.LiveRoom) { r.Spec.Stream.TRTC.Pusher.AccountRef.Name = "nobody" })
	s.Eventually(s.ready(room)).Should(Equal("False ReferenceNotFound"))
	s.Expect(s.client.Get(s.ctx, client.ObjectKeyFromObject(room), room)).To(Succeed())
	s.Expect(room.Status.StreamName).To(Equal(stream))
	s.Expect(room.Status.Playback).To(Equal(playback))
	s.Expect(s.held(hostSecret)).To(Equal(host))
}

// Of two rooms with one stream the older keeps it.
func TestTwoRoomsForOneStream(t *testing.T) {
	s := beginStreaming(t)
	first := s.room("one", css("show42"))
	s.create(first)
	s.Eventually(s.ready(first)).Should(Equal(asDeclared))
	second := s.room("two", css("show42"), func(spec *imv1alpha1.LiveRoomSpec) { spec.Stream.HostSecretName = "second-url" })
	s.create(second)
	s.Eventually(s.ready(second)).Should(Equal("False StreamConflict"))
	s.Expect(s.message(second)).To(And(ContainSubstring(`stream "show42"`), ContainSubstring(s.namespace+"/one")))
	_, found := s.sim.Group("live_two")
	s.Expect(found).To(BeTrue(), "its group is its own")
	s.Expect(s.held("second-url")).To(BeNil())

	s.Expect(s.client.Delete(s.ctx, first)).To(Succeed())
	s.Eventually(s.ready(second)).Should(Equal(asDeclared))
	s.Expect(s.held("second-url")).NotTo(BeNil())
}

// A stream can come to belong to another room while both go on: the other one is told
// at once, and gets it at once when it is let go.
func TestStreamChangesRooms(t *testing.T) {
	s := beginStreaming(t)
	older := s.room("one", css("show42"))
	older.Spec.Stream = nil
	s.create(older)
	s.Eventually(s.ready(older)).Should(Equal(asDeclared))
	// The API server tells ages to the second.
	s.Eventually(func() bool { return time.Since(older.CreationTimestamp.Time) > 1100*time.Millisecond }).Should(BeTrue())
	younger := s.room("two", css("show42"), func(spec *imv1alpha1.LiveRoomSpec) { spec.Stream.HostSecretName = "second-url" })
	s.create(younger)
	s.Eventually(s.ready(younger)).Should(Equal(asDeclared))

	patch := func(text string) {
		s.Expect(s.client.Patch(s.ctx, older, client.RawPatch(types.MergePatchType, []byte(text)))).To(Succeed())
	}
	patch(`{"spec":{"stream":{"type":"CSS","css":{"streamName":"show42"}}}}`)
	s.Eventually(s.ready(younger)).Should(Equal("False StreamConflict"))
	s.Eventually(s.ready(older)).Should(Equal(asDeclared))
	patch(`{"spec":{"stream":null}}`)
	s.Eventually(s.ready(younger)).Should(Equal(asDeclared))
}

// A stream name counts in the whole account, whichever ImApps share it.
func TestTwoApplicationsOfOneAccount(t *testing.T) {
	s := beginStreaming(t)
	first := s.room("one", css("show42"))
	s.create(first)
	s.Eventually(s.ready(first)).Should(Equal(asDeclared))

	id := 1400000000 + appIDs.Add(1)
	other := httptest.NewServer(simim.New(simim.Options{SDKAppID: id, SecretKey: secretKey, Administrators: []string{"administrator"}}))
	t.Cleanup(other.Close)
	app := s.streaming(s.app())
	app.Name, app.Spec.SDKAppID, app.Spec.Endpoint = "other", id, other.URL
	app.Spec.Live.PushDomain = "push2." + s.namespace + ".example.com"
	second := s.room("two", css("show42"), func(spec *imv1alpha1.LiveRoomSpec) {
		spec.AppRef.Name, spec.Stream.HostSecretName = "other", "second-url"
	})
	s.create(app, second)
	s.Eventually(s.ready(second)).Should(Equal(asDeclared))

	account := func(name string, number int64) {
		update(s, &imv1alpha1.ImApp{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}}, func(a *imv1alpha1.ImApp) { a.Spec.Live.AccountAppID = &number })
	}
	account("other", id)
	account("app", id)
	s.Eventually(s.ready(second)).Should(Equal("False StreamConflict"))
	s.Expect(s.ready(first)()).To(Equal(asDeclared))
	account("app", id+1)
	s.Eventually(s.ready(second)).Should(Equal(asDeclared))
}
