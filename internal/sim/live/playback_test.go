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

package live_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/live"
	simlive "github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

// play asks the side door to open a URL.
func (s *stage) play(link string) int {
	s.t.Helper()
	status, _ := s.door(http.MethodGet, "play?url="+url.QueryEscape(link), "")
	return status
}

// Viewers get in with the vectors of the contract (section 2.2), and not with others.
func TestPlaybackVectors(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct{ key, backup, push, stream, secret, at string }{
		"L1":        {"ngoeiq03", "", "test01", "test01", "ce797dc6238156d548ef945e6ad1ea20", "5C01D608"},
		"L2":        {"ngoeiq03", "", "test01", "test01", "6cfcc16fa1eb1200c78b8296468b9180", "5c01d608"},
		"L3":        {"PlayKey2026", "", "show42_main", "show42_main", "39906ae9c915031c968e1b73bedb6fb7", "6955B900"},
		"L3 backup": {"other", "PlayKey2026", "show42_main", "show42_main", "39906ae9c915031c968e1b73bedb6fb7", "6955B900"},
		"L4":        {"PlayKey2026", "", "show42_main", "show42_main_hd720", "f0290daff2985217814dd57966acea30", "6955B900"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, func(o *simlive.Options) {
				at(time.Unix(0x5C01D608, 0))(o)
				o.MasterKey, o.BackupKey, o.PlaybackKey, o.PlaybackBackupKey, o.Templates, o.CSS.URL = "", "", v.key, v.backup, []string{"hd720"}, ""
			})
			_, err := s.sim.Push("rtmp://push.example.com/live/" + v.push)
			s.Expect(err).NotTo(HaveOccurred())
			query := "?txSecret=" + v.secret + "&txTime=" + v.at
			for _, form := range []string{"webrtc://play.example.com/live/", "rtmp://play.example.com/live/"} {
				s.Expect(s.play(form + v.stream + query)).To(Equal(http.StatusOK))
			}
			for _, suffix := range []string{".flv", ".m3u8"} {
				s.Expect(s.play("https://play.example.com/live/" + v.stream + suffix + query)).To(Equal(http.StatusOK))
				s.Expect(s.play("https://play.example.com/live/" + v.stream + suffix + swapCase(query))).To(Equal(http.StatusForbidden))
			}
		})
	}
}

func TestPlayback(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *simlive.Options) { o.AuthDelta = time.Hour })
	ends := time.Now().Add(2 * time.Hour)
	good := live.Playback{Secure: true, Domain: "play.example.com", AppName: "live", StreamName: stream42, Key: "PlayKey2026", Expires: ends, AuthDelta: time.Hour}
	s.Expect(s.play(good.FLV())).To(Equal(http.StatusNotFound), "nobody pushes")
	s.push()
	with := func(change func(*live.Playback)) int {
		p := good
		change(&p)
		return s.play(p.HLS())
	}
	s.Expect(with(func(*live.Playback) {})).To(Equal(http.StatusOK))
	s.Expect(with(func(p *live.Playback) { p.Key = "other" })).To(Equal(http.StatusForbidden))
	s.Expect(with(func(p *live.Playback) { p.Key = "" })).To(Equal(http.StatusForbidden), "it is not signed")
	s.Expect(with(func(p *live.Playback) { p.StreamName = "other" })).To(Equal(http.StatusNotFound))
	s.Expect(with(func(p *live.Playback) { p.AppName = "other" })).To(Equal(http.StatusNotFound))
	s.Expect(with(func(p *live.Playback) { p.Domain = "push.example.com" })).To(Equal(http.StatusNotFound))
	s.Expect(s.play("srt://play.example.com:9000?streamid=#!::h=play.example.com,r=live/show-42")).To(Equal(http.StatusNotFound))
	s.pass(time.Until(ends) - time.Minute)
	s.Expect(s.play(good.WebRTC())).To(Equal(http.StatusOK), "the validity of the key counts from txTime on")
	s.pass(2 * time.Minute)
	s.Expect(s.play(good.WebRTC())).To(Equal(http.StatusForbidden))
	s.Expect(s.sim.Stop(stream42, 1, 0)).To(BeTrue())
	s.Expect(s.sim.Stats().Plays).To(Equal(2))
	s.Expect(s.sim.Stats().Refusals).To(Equal(map[string]int{"play 403": 3, "play 404": 5}))
}
