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

package media

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	sim "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// simulated starts a simulator with one account and a follower.
func simulated(t *testing.T) (simulator *sim.Simulator, openID, endpoint string) {
	t.Helper()
	simulator = sim.New(sim.Options{
		Clock:    func() time.Time { return start },
		Accounts: []sim.Account{{AppID: appID, Secret: appSecret, Token: "shieldwx2026Token"}},
	})
	t.Cleanup(simulator.Close)
	server := httptest.NewServer(simulator)
	t.Cleanup(server.Close)
	openID, err := simulator.Follow(appID, sim.Follow{})
	if err != nil {
		t.Fatal(err)
	}
	return simulator, openID, server.URL
}

// Agents open what followers send, and nothing that is said of it makes a browser
// take it for more than a picture, a voice or a video.
func TestFilesOfFollowers(t *testing.T) {
	t.Parallel()
	simulator, openID, endpoint := simulated(t)
	s := newStage(t, endpoint)
	for _, c := range []struct {
		message sim.FollowerMessage
		want    string
	}{
		{sim.FollowerMessage{Type: "image", File: []byte("\x89PNG\r\n\x1a\npicture")}, "image/png"},
		{sim.FollowerMessage{Type: "voice"}, "audio/amr"},
		{sim.FollowerMessage{Type: "voice", Format: "speex"}, "voice/speex"},
		{sim.FollowerMessage{Type: "video", Size: 1000}, "video/mp4"},
		{sim.FollowerMessage{Type: "shortvideo"}, "video/mp4"},
	} {
		sent, err := simulator.Write(appID, openID, c.message)
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := simulator.Media(appID, sent.MediaID)
		if err != nil {
			t.Fatal(err)
		}
		got := s.get(http.MethodGet, s.link(sent.MediaID))
		got.Header.Del("Date")
		want := answer{Status: http.StatusOK, Body: string(data), Header: http.Header{
			"Content-Type": {c.want}, "Content-Length": {fmt.Sprint(len(data))}, "Accept-Ranges": {"bytes"},
			"Cache-Control": {"private, max-age=3600, immutable"}, "X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"no-referrer"},
			"Content-Security-Policy":      {"default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"},
			"Cross-Origin-Resource-Policy": {"cross-origin"}, "Access-Control-Allow-Origin": {"*"},
		}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %.900v", c.message.Type, got)
		}
		head := s.get(http.MethodHead, s.link(sent.MediaID))
		if head.Status != http.StatusOK || head.Body != "" || head.Header.Get("Content-Length") != fmt.Sprint(len(data)) || head.Header.Get("Content-Type") != c.want {
			t.Errorf("%s: HEAD %v", c.message.Type, head)
		}
	}
	s.count(outcomeServed, 10)

	sent, err := simulator.Write(appID, openID, sim.FollowerMessage{Type: "image"})
	if err != nil {
		t.Fatal(err)
	}
	if err := simulator.ExpireMedia(appID, sent.MediaID); err != nil {
		t.Fatal(err)
	}
	if got := s.get(http.MethodGet, s.link(sent.MediaID)); got.Status != http.StatusGone || !strings.Contains(got.Body, "three days") {
		t.Errorf("%v", got)
	}
	s.count(outcomeGone, 1)
}

// What is neither picture, voice nor video is saved, not shown.
func TestForeignContent(t *testing.T) {
	t.Parallel()
	s := newStage(t, provider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = io.WriteString(w, "<svg onload='alert(1)'/>")
	}))
	got := s.get(http.MethodGet, s.link(mediaID))
	if got.Status != http.StatusOK || got.Header.Get("Content-Type") != unknownType || got.Header.Get("Content-Disposition") != "attachment" {
		t.Errorf("%v", got)
	}
}

// Those who have no good link learn nothing, neither by the answer nor by a call
// of WeChat.
func TestRefusedLinks(t *testing.T) {
	t.Parallel()
	s := newStage(t, provider(t, func(http.ResponseWriter, *http.Request) { t.Error("WeChat was asked") }))
	good := s.link(mediaID)
	forged := s.get(http.MethodGet, strings.Replace(good, mediaID, "Other", 1))
	if forged.Status != http.StatusNotFound || forged.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", forged)
	}
	for name, path := range map[string]string{
		"no such account":  strings.Replace(good, "/support/", "/sales/", 1),
		"no such ID":       strings.Replace(good, mediaID, "a%2Fb", 1),
		"no such time":     strings.Replace(good, "/"+strings.Split(good, "/")[4]+"/", "/never/", 1),
		"escaped":          strings.Replace(good, mediaID, mediaID+"%00", 1),
		"endless":          strings.Replace(good, mediaID, strings.Repeat("a", 5000), 1),
		"another account":  Link(&officialaccount.Account{Key: accountKey, UID: "uid-2", Keys: s.account.Keys}, mediaID, start.Add(time.Hour)),
		"forged and stale": strings.Replace(Link(s.account, mediaID, start), mediaID, "Other", 1),
	} {
		got := s.get(http.MethodGet, path)
		got.Header.Del("Date")
		forged.Header.Del("Date")
		if !reflect.DeepEqual(got, forged) {
			t.Errorf("%s: %v", name, got)
		}
	}
	s.count(outcomeForged, 8)
	if got := s.get(http.MethodGet, Link(s.account, mediaID, start)); got.Status != http.StatusGone || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", got)
	}
	s.count(outcomeExpired, 1)
	if got := s.get(http.MethodPost, good); got.Status != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("%v", got)
	}
	s.count(outcomeMethod, 1)
	if s.log.Len() > 0 {
		t.Errorf("logged: %s", s.log.String())
	}
}

// What WeChat says becomes a status that clients understand, and no link, id or
// token gets into a log.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		give   http.HandlerFunc
		status int
		retry  string
		want   outcome
	}{
		{"too old", refusal(`{"errcode":40007,"errmsg":"invalid media_id rid: 1"}`), http.StatusGone, "", outcomeGone},
		{"no right", refusal(`{"errcode":48001,"errmsg":"api unauthorized rid: 1"}`), http.StatusBadGateway, "", outcomeRefused},
		{"too often", refusal(`{"errcode":45011,"errmsg":"api minute-quota reach limit"}`), http.StatusServiceUnavailable, "*", outcomeUnavailable},
		{"too often today", refusal(`{"errcode":45009,"errmsg":"reach max api daily quota limit"}`), http.StatusServiceUnavailable, "*", outcomeUnavailable},
		{"busy", refusal(`{"errcode":-1,"errmsg":"system error"}`), http.StatusServiceUnavailable, "*", outcomeUnavailable},
		{"broken", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, http.StatusServiceUnavailable, "*", outcomeUnavailable},
		{"longer than anything", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "video/mp4")
			w.Header().Set("Content-Length", fmt.Sprint(40<<20))
			_, _ = w.Write(make([]byte, 8<<10))
		}, http.StatusRequestEntityTooLarge, "", outcomeTooLarge},
		{"longer than allowed", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "video/mp4")
			w.Header().Set("Content-Length", fmt.Sprint(imv1alpha1.DefaultMediaMaxBytes+1))
			_, _ = w.Write(make([]byte, 8<<10))
		}, http.StatusRequestEntityTooLarge, "", outcomeTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, provider(t, c.give))
			link := s.link(mediaID)
			got := s.get(http.MethodGet, link)
			after := got.Header.Get("Retry-After")
			if got.Status != c.status || (after == "") != (c.retry == "") || got.Header.Get("Cache-Control") != "no-store" || got.Body == "" {
				t.Errorf("%v", got)
			}
			s.count(c.want, 1)
			for _, secret := range append(strings.Split(link, "/")[4:], "an-access-token", appSecret) {
				if strings.Contains(s.log.String(), secret) || strings.Contains(got.Body, secret) {
					t.Errorf("%q is in %q or %q", secret, s.log.String(), got.Body)
				}
			}
		})
	}
}

// An account that has lost its access to WeChat gets it back at times.
func TestWithoutAccess(t *testing.T) {
	t.Parallel()
	s := newStage(t, provider(t, refusal("")))
	without := *s.account
	without.WeChat = nil
	s.accounts.Put(&without)
	if got := s.get(http.MethodGet, s.link(mediaID)); got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("%v", got)
	}
	s.count(outcomeUnavailable, 1)
}

// Slow downloads take places of their account, and of all, and give them back.
func TestPlaces(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}, maxDownloads), make(chan struct{})
	s := newStage(t, provider(t, func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		select {
		case <-finish:
			w.Header().Set("Content-Type", "image/gif")
			_, _ = io.WriteString(w, "GIF89a")
		case <-r.Context().Done():
		}
	}))
	other := *s.account
	other.Key, other.UID = types.NamespacedName{Namespace: "shop", Name: "sales"}, "uid-2"
	s.accounts.Put(&other)
	third := other
	third.Key.Name, third.UID = "third", "uid-3"
	s.accounts.Put(&third)

	var running sync.WaitGroup
	open := func(account *officialaccount.Account, n int) {
		link := Link(account, mediaID, start.Add(time.Hour))
		for range n {
			running.Go(func() {
				if got := s.get(http.MethodGet, link); got.Status != http.StatusOK {
					t.Errorf("%v", got)
				}
			})
		}
		for range n {
			<-begun
		}
	}
	busy := func(account *officialaccount.Account) {
		t.Helper()
		got := s.get(http.MethodGet, Link(account, mediaID, start.Add(time.Hour)))
		if got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
			t.Errorf("%v", got)
		}
	}
	open(s.account, maxOfAccount)
	busy(s.account)
	open(&other, maxDownloads-maxOfAccount)
	busy(&third)
	if got := testutil.ToFloat64(s.handler.metrics.underway); got != maxDownloads {
		t.Errorf("%v under way", got)
	}
	close(finish)
	running.Wait()
	s.count(outcomeBusy, 2)
	s.count(outcomeServed, maxDownloads)
	open(s.account, maxOfAccount)
	running.Wait()
	s.count(outcomeServed, maxDownloads+maxOfAccount)
	if len(s.handler.places.shares) > 0 || s.handler.places.taken > 0 {
		t.Errorf("%+v", s.handler.places.shares)
	}
	if got := testutil.ToFloat64(s.handler.metrics.underway); got != 0 {
		t.Errorf("%v still under way", got)
	}
	if got := testutil.ToFloat64(s.handler.metrics.bytes); got != float64(len("GIF89a")*(maxDownloads+maxOfAccount)) {
		t.Errorf("%v bytes passed on", got)
	}
}

// Whoever goes away takes the download along.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	s := newStage(t, provider(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/gif")
		w.Header().Set("Content-Length", "1000000")
		_, _ = io.WriteString(w, strings.Repeat("GIF89a", 2000))
		_ = http.NewResponseController(w).Flush()
		close(begun)
		<-r.Context().Done()
		close(ended)
	}))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+s.link(mediaID), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	_ = response.Body.Close()
	<-ended
	s.count(outcomeAbandoned, 1)
}
