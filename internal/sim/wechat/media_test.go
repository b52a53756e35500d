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
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

// download gets a file and returns the answer.
func (h *harness) download(command, id string) (answered, []byte) {
	h.t.Helper()
	response, data, err := h.do(http.MethodGet, "/cgi-bin/"+command+"?access_token="+h.token+"&media_id="+id, "", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return response, data
}

func TestUploadAndDownload(t *testing.T) {
	h := newHarness(t)
	for _, test := range []struct {
		kind, name, extension, contentType string
		data                               []byte
	}{
		{"image", "a.JPG", "jpg", "image/jpeg", jpegBytes},
		{"image", "a.png", "png", "image/png", pngBytes},
		{"image", "a.gif", "gif", "image/gif", []byte("GIF89a...")},
		{"voice", "a.amr", "amr", "audio/amr", amrBytes(3000)},
		{"voice", "a.mp3", "mp3", "audio/mp3", mp3Bytes(960_000)},
		{"thumb", "a.jpg", "jpg", "image/jpeg", jpegBytes},
	} {
		answer := h.upload(test.kind, test.name, test.data)
		id := fmt.Sprint(answer["media_id"])
		want := object{"type": test.kind, "media_id": id, "created_at": answer["created_at"]}
		if test.kind == "thumb" {
			id = fmt.Sprint(answer["thumb_media_id"])
			want = object{"type": "thumb", "thumb_media_id": id, "created_at": answer["created_at"]}
		}
		if !reflect.DeepEqual(answer, want) || fmt.Sprint(answer["created_at"]) != "1763848315" {
			t.Fatalf("%s: %v", test.name, answer)
		}
		response, data := h.download("media/get", id)
		got := []string{
			response.Status, response.Header.Get("Content-Type"), response.Header.Get("Content-Disposition"),
			response.Header.Get("Content-Length"), string(data),
		}
		wantFile := []string{
			"200 OK", test.contentType, `attachment; filename="` + id + "." + test.extension + `"`, fmt.Sprint(len(test.data)), string(test.data),
		}
		if !reflect.DeepEqual(got, wantFile) {
			t.Errorf("%s: got %.200q", test.name, got)
		}
		h.clock.Advance(72*time.Hour - time.Second)
		h.token = h.newToken()
		if response, _ := h.download("media/get", id); response.Header.Get("Content-Type") != test.contentType {
			t.Errorf("%s: gone too early", test.name)
		}
		h.clock.Advance(time.Second)
		response, data = h.download("media/get", id)
		if response.StatusCode != http.StatusOK || code(parse(t, data)) != "40007" {
			t.Errorf("%s after three days: %s %s", test.name, response.Status, data)
		}
		h.clock.Advance(-72 * time.Hour)
		h.token = h.newToken()
	}
}

// A video comes as an address.
func TestDownloadVideo(t *testing.T) {
	h := newHarness(t)
	sent, err := h.sim.Write(testApp, testUser, wechat.FollowerMessage{Type: "video", File: mp4Bytes, Size: 5000})
	if err != nil {
		t.Fatal(err)
	}
	answer := h.get("media/get", "media_id", sent.MediaID)
	address := fmt.Sprint(answer["video_url"])
	if len(answer) != 1 || !strings.HasPrefix(address, h.url+"/") {
		t.Fatalf("%v", answer)
	}
	response, data, err := h.do(http.MethodGet, strings.TrimPrefix(address, h.url), "", nil)
	if err != nil || response.Header.Get("Content-Type") != "video/mp4" || len(data) != 5000 || !bytes.HasPrefix(data, mp4Bytes) {
		t.Errorf("%v, %v, %d bytes", err, response.Header, len(data))
	}
	response, thumb := h.download("media/get", sent.ThumbMediaID)
	if response.Header.Get("Content-Type") != "image/jpeg" || len(thumb) == 0 {
		t.Errorf("%v", response.Header)
	}
	if response, _, err := h.do(http.MethodGet, "/files/nothing", "", nil); err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("%v, %v", response.Status, err)
	}
	h.settle()
}

// A picture can be loaded without a token, a voice in two qualities.
func TestFilesOfFollowers(t *testing.T) {
	h := newHarness(t)
	picture := []byte("\x89PNG\r\n\x1a\npicture")
	sent, err := h.sim.Write(testApp, testUser, wechat.FollowerMessage{Type: "image", File: picture})
	if err != nil {
		t.Fatal(err)
	}
	h.settle()
	address := fields(t, h.hook.got()[0].body)["PicUrl"]
	response, data, err := h.do(http.MethodGet, strings.TrimPrefix(address, h.url), "", nil)
	if err != nil || !bytes.Equal(data, picture) || response.Header.Get("Content-Type") != "image/png" {
		t.Errorf("%v, %q", err, data)
	}
	if data, contentType, err := h.sim.Media(testApp, sent.MediaID); err != nil || !bytes.Equal(data, picture) || contentType != "image/png" {
		t.Errorf("%v, %q, %s", err, data, contentType)
	}
	if sent, err = h.sim.Write(testApp, testUser, wechat.FollowerMessage{Type: "voice"}); err != nil {
		t.Fatal(err)
	}
	for id, begins := range map[string]string{sent.MediaID: "#!AMR\n", sent.MediaID16K: "#!AMR-WB\n"} {
		response, data := h.download("media/get", id)
		if response.Header.Get("Content-Type") != "audio/amr" || !strings.HasPrefix(string(data), begins) {
			t.Errorf("%v, %.20q", response.Header, data)
		}
		expect(t, "in high quality", code(h.get("media/get/jssdk", "media_id", id)), 40007)
	}
	recorded, err := h.sim.RecordVoice(testApp, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, data = h.download("media/get/jssdk", recorded)
	if response.Header.Get("Content-Type") != "voice/speex" || len(data) == 0 {
		t.Errorf("%v", response.Header)
	}
	if err := h.sim.ExpireMedia(testApp, recorded); err != nil {
		t.Error(err)
	}
	expect(t, "expired", code(h.get("media/get/jssdk", "media_id", recorded)), 40007)
	expect(t, "no id", code(h.get("media/get")), 41006)
	h.settle()
}

func TestRefusedUploads(t *testing.T) {
	h := newHarness(t)
	sized := func(begin []byte, size int) []byte {
		return append(begin[:len(begin):len(begin)], make([]byte, size-len(begin))...)
	}
	for _, test := range []struct {
		what, kind, name string
		data             []byte
		want             any
	}{
		{"an unknown kind", "file", "a.txt", []byte("a"), 40004},
		{"no kind", "", "a.jpg", jpegBytes, 40004},
		{"an empty file", "image", "a.jpg", nil, 41005},
		{"a text", "image", "a.jpg", []byte("text"), 40005},
		{"a name without extension", "image", "a", jpegBytes, 40005},
		{"a picture as voice", "voice", "a.jpg", jpegBytes, 40005},
		{"a thumb in PNG", "thumb", "a.png", pngBytes, 40005},
		{"an image of 10 MB", "image", "a.jpg", sized(jpegBytes, 10<<20), ""},
		{"a larger one", "image", "a.jpg", sized(jpegBytes, 10<<20+1), 40009},
		{"a voice of 2 MB and more", "voice", "a.amr", sized([]byte("#!AMR\n"), 2<<20+1), 40010},
		{"a video of 10 MB and more", "video", "a.mp4", sized(mp4Bytes, 10<<20+1), 40011},
		{"a thumb of 64 KB", "thumb", "a.jpg", sized(jpegBytes, 64<<10), ""},
		{"a larger one", "thumb", "a.jpg", sized(jpegBytes, 64<<10+1), 40012},
		{"much too much", "video", "a.mp4", sized(mp4Bytes, 13<<20), 40011},
		{"more than a minute", "voice", "a.amr", amrBytes(3001), 45007},
		{"more than a minute of MP3", "voice", "a.mp3", mp3Bytes(960_017), 45007},
		{"a minute behind a tag", "voice", "a.mp3", append([]byte("ID3\x03\x00\x00\x00\x00\x02\x00"), append(make([]byte, 256), mp3Bytes(960_000)...)...), ""},
	} {
		expect(t, test.what, code(h.upload(test.kind, test.name, test.data)), test.want)
	}
	expect(t, "no form", code(h.post("media/upload", "{}")), 40004)
	response, answer, err := h.do(http.MethodPost, "/cgi-bin/media/upload?type=image&access_token="+h.token, "multipart/form-data", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "a form without boundary", response.Status+code(parse(t, answer)), "200 OK41005")
	small := newHarness(t, func(o *wechat.Options) { o.SmallImages, o.CurrentUploadAnswer = true, true })
	expect(t, "2 MB", code(small.upload("image", "a.jpg", sized(jpegBytes, 2<<20))), 0)
	expect(t, "more than 2 MB", code(small.upload("image", "a.jpg", sized(jpegBytes, 2<<20+1))), 40009)
}

// The oldest files give way.
func TestBoundedMedia(t *testing.T) {
	h := newHarness(t, func(o *wechat.Options) { o.MediaBytes = 10_000 })
	var ids []string
	for range 3 {
		answer := h.upload("video", "a.mp4", append(mp4Bytes[:24:24], make([]byte, 4000)...))
		ids = append(ids, fmt.Sprint(answer["media_id"]))
	}
	for i, want := range []string{"40007", "", ""} {
		expect(t, fmt.Sprint("file ", i), code(h.get("media/get", "media_id", ids[i])), want)
	}
	if state, _ := h.sim.Account(testApp); state.Media != 2 {
		t.Errorf("%+v", state)
	}
}
