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

package liveroom

import (
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/live"
)

const (
	roomUID   = types.UID("6f1d6d0c-6f6e-4b8a-9d0e-0a4b0e8e2f11")
	signerKey = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
)

// Over many periods of validity, looked at every half minute by replicas whose clocks
// differ, there is a valid URL at every instant, at least a third of the validity is
// left of it, and nothing is written when nothing is due.
func TestRotation(t *testing.T) {
	t.Parallel()
	const (
		validity = 2 * time.Hour
		periods  = 30
		skew     = 50 * time.Second
	)
	seconds := int32(validity / time.Second)
	config := &imv1alpha1.LiveStreaming{URLValiditySeconds: &seconds}
	var secret SecretState
	var status *metav1.Time
	writes, statuses := 0, 0
	begin := openAt
	for now, turn := begin, 0; now.Before(begin.Add(periods * validity)); now, turn = now.Add(30*time.Second), turn+1 {
		local := now
		if turn%3 == 1 {
			local = now.Add(-skew)
		}
		expires, next := stepsOf(roomUID, config, local).expiry(status)
		if !next.After(local) {
			t.Fatalf("at %s the next look was due at %s", local, next)
		}
		wish := pushWish("host", live.Push{Domain: "push.example.com", AppName: "live", StreamName: "s", Key: "k", Expires: expires}, validity)
		d := Desired{Now: local, Stream: &Stream{Named: []string{"host"}, Secrets: []SecretWish{wish}}}
		for _, change := range planSecrets(d, Observed{Secrets: map[string]SecretState{"host": secret}}) {
			issue := change.Value.(URLIssue)
			if secret.UID != "" && secret.ExpiresAt.Sub(now) < validity/3-time.Minute {
				t.Fatalf("the former URL ends %s after the next one came", secret.ExpiresAt.Sub(now))
			}
			secret = SecretState{UID: "1", Fingerprint: issue.Fingerprint, ExpiresAt: issue.ExpiresAt}
			writes++
		}
		if left := secret.ExpiresAt.Sub(now); left < validity/3-time.Minute || left > validity+skew {
			t.Fatalf("%s is left of the URL", left)
		}
		if status == nil || !status.Time.Equal(secret.ExpiresAt) {
			status = timeOf(secret.ExpiresAt)
			statuses++
		}
	}
	// a step is two thirds of the validity
	if want := periods * 3 / 2; writes < want || writes > want+1 || statuses != writes {
		t.Errorf("%d writes and %d changes of status, want one each step, %d", writes, statuses, want)
	}
}

// A UserSig, which is another one each time it is made, is made only when it is due.
func TestSecretServes(t *testing.T) {
	t.Parallel()
	const validity = 24 * time.Hour
	now, expires := openAt, openAt.Add(10*time.Hour)
	signer := im.NewSigner(1400000000, signerKey)
	room := live.Room{SDKAppID: 1400000000, RoomID: 12345, UserID: "anchor01"}
	wish := roomWish(pathHostURLs, "host", room, expires, validity, signer.Fingerprint())
	good := SecretState{UID: "1", Fingerprint: wish.Fingerprint, ExpiresAt: expires}
	change := func(f func(*SecretState)) SecretState { s := good; f(&s); return s }
	renamed := room
	renamed.UserID = "anchor02"
	open := pushWish("host", live.Push{Domain: "d", AppName: "live", StreamName: "s"}, validity)
	for _, c := range []struct {
		name  string
		state SecretState
		wish  SecretWish
		want  bool
	}{
		{"as wished", good, wish, true},
		{"issued for later, by a clock that is ahead", change(func(s *SecretState) { s.ExpiresAt = expires.Add(time.Hour) }), wish, true},
		{"absent", SecretState{}, wish, false},
		{"foreign", change(func(s *SecretState) { s.Foreign = true }), wish, false},
		{"of an earlier step", change(func(s *SecretState) { s.ExpiresAt = expires.Add(-time.Second) }), wish, false},
		{"longer than it may be valid", change(func(s *SecretState) { s.ExpiresAt = now.Add(validity + 2*time.Minute) }), wish, false},
		{"of another user", good, roomWish(pathHostURLs, "host", renamed, expires, validity, signer.Fingerprint()), false},
		{"of another key", good, roomWish(pathHostURLs, "host", room, expires, validity, im.NewSigner(1400000000, "other").Fingerprint()), false},
		{"of another validity", good, roomWish(pathHostURLs, "host", room, expires, validity/2, signer.Fingerprint()), false},
		{"without end, and none is wished", SecretState{UID: "1", Fingerprint: open.Fingerprint}, open, true},
		{"with an end, and none is wished", SecretState{UID: "1", Fingerprint: open.Fingerprint, ExpiresAt: expires}, open, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.state.serves(c.wish, now); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestSecretData(t *testing.T) {
	t.Parallel()
	expires := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	signer := im.NewSigner(1400000000, signerKey)
	push := live.Push{Domain: "push.example.com", AppName: "live", StreamName: "show42", Key: "k", Expires: expires}
	data, err := pushWish("host", push, time.Hour).data(signer, expires.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		imv1alpha1.StreamKeyURL: push.RTMP(), imv1alpha1.StreamKeyWebRTC: push.WebRTC(), imv1alpha1.StreamKeySRT: push.SRT(),
		imv1alpha1.StreamKeyServer: push.Server(), imv1alpha1.StreamKeyStreamKey: push.StreamKey(), imv1alpha1.StreamKeyExpiresAt: "2026-01-01T00:00:00Z",
	} {
		if string(data[key]) != want {
			t.Errorf("%s: %s, want %s", key, data[key], want)
		}
	}

	room := live.Room{SDKAppID: 1400000000, RoomID: 12345, UserID: "anchor01", LiveDomain: "play.example.com", StreamID: "s"}
	wish := roomWish(pathHostURLs, "host", room, expires, time.Hour, signer.Fingerprint())
	data, err = wish.data(signer, expires.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	room.UserSig = string(data[imv1alpha1.StreamKeyUserSig])
	if string(data[imv1alpha1.StreamKeyURL]) != room.PushURL() || string(data[imv1alpha1.StreamKeyUserID]) != "anchor01" || room.UserSig == "" {
		t.Errorf("got %s", data)
	}
	if _, err = wish.data(im.NewSigner(1400000000, "other"), expires.Add(-time.Hour)); !silent(err) {
		t.Errorf("a key that was replaced meanwhile: %v", err)
	}
}

func silent(err error) bool {
	wait, ok := hold.As(err)
	return ok && wait.Silent
}

func TestPlanSecrets(t *testing.T) {
	t.Parallel()
	wish := pushWish("host", live.Push{Domain: "d", AppName: "live", StreamName: "s"}, time.Hour)
	good := SecretState{UID: "1", Fingerprint: wish.Fingerprint}
	problem := Unread{Path: pathPlayback, Err: hold.New(imv1alpha1.ReasonKeyNotFound, "no key")}
	stream := &Stream{Named: []string{"host"}, Secrets: []SecretWish{wish}}
	troubled := &Stream{Named: []string{"host"}, Problems: []Unread{problem}}
	for _, c := range []struct {
		name    string
		stream  *Stream
		secrets map[string]SecretState
		want    []string
	}{
		{"not looked at", stream, nil, nil},
		{"absent", stream, map[string]SecretState{}, []string{"set stream.hostSecretName"}},
		{"as wished", stream, map[string]SecretState{"host": good}, nil},
		{"foreign", stream, map[string]SecretState{"host": {UID: "1", Foreign: true}}, []string{"set stream.hostSecretName"}},
		{"named no longer", stream, map[string]SecretState{"host": good, "former": good}, []string{"remove stream.secrets[former]"}},
		{"no stream any more", nil, map[string]SecretState{"host": good}, []string{"remove stream.secrets[host]"}},
		{"what cannot be made anew is kept", troubled, map[string]SecretState{"host": good}, []string{"set stream.playback"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, change := range planSecrets(Desired{Now: openAt, Stream: c.stream}, Observed{Secrets: c.secrets}) {
				if change.Condition != imv1alpha1.ConditionStreamURLsIssued {
					t.Errorf("%s belongs to %s", change.Path, change.Condition)
				}
				got = append(got, string(change.Verb)+" "+change.Path)
			}
			if strings.Join(got, ", ") != strings.Join(c.want, ", ") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A pass that does without IM, and finds that the one before has written the Secret
// without coming to say so, says so.
func TestReportOfSecretsWithoutIM(t *testing.T) {
	ended, ends := time.Unix(1_700_000_000, 0), time.Unix(1_700_050_000, 0)
	room := &imv1alpha1.LiveRoom{}
	room.Spec.Stream = &imv1alpha1.RoomStream{Type: imv1alpha1.StreamTypeCSS, HostSecretName: "host"}
	room.Status.HostURLExpiresAt = &metav1.Time{Time: ended}
	reportStream(room, &lifecycle.Pass[Desired, Observed]{
		Desired: &Desired{Stream: &Stream{Name: "show42"}}, Err: errors.New("no ConfigMap"),
		ObservedApart: &Observed{Secrets: map[string]SecretState{"host": {UID: "uid", ExpiresAt: ends}}},
	})
	if got := room.Status.HostURLExpiresAt; got == nil || !got.Time.Equal(ends) {
		t.Errorf("the URL is said to end at %v", got)
	}
}
