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

package translation

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
)

const (
	// maxVoiceSeconds of a voice that WeChat takes.
	maxVoiceSeconds = 60
	// maxPictureBytes: one page of the contract says 10 MB, another one 2.
	maxPictureBytes = 2 << 20
	// maxURLBytes and maxNameBytes leave room for each other in a text to WeChat.
	maxURLBytes, maxNameBytes = 1700, 256
)

// Fetch is a file that an agent sent.
type Fetch struct {
	URL string
	// Kind is what WeChat takes it as.
	Kind wechat.MediaKind
	// Name by which it is uploaded. It has an extension that WeChat takes for the kind,
	// except for a voice whose message does not show its format: the content tells.
	Name string
	// Size in bytes as the message has it, 0 if it does not say.
	Size int64
}

// Limit is the largest size that is fetched, in bytes.
func (f *Fetch) Limit() int64 {
	if f.Kind == wechat.MediaImage {
		return maxPictureBytes
	}
	return f.Kind.Limit()
}

// Message is what is sent once the file is uploaded.
func (f *Fetch) Message(mediaID string) wechat.Message {
	switch f.Kind {
	case wechat.MediaVoice:
		return wechat.Voice{MediaID: mediaID}
	case wechat.MediaVideo:
		return wechat.Video{MediaID: mediaID}
	default:
		return wechat.Image{MediaID: mediaID}
	}
}

// file is a file that is uploaded, or a link to it where WeChat does not take it.
func file(f *Fetch, label string) ([]Part, error) {
	if !openable(f.URL) {
		return nil, fmt.Errorf("%w: a file without a link that can be opened", ErrUnsupported)
	}
	link := label + " " + f.URL
	if f.Kind == "" || f.Size > f.Limit() {
		return say(link), nil
	}
	return []Part{{Fetch: f, Text: link}}, nil
}

// imageInfo is one form of a picture.
type imageInfo struct {
	// Type: 1 original, 2 large, 3 thumbnail.
	Type number
	Size number
	URL  string
}

// imageFormats are the extensions of the formats of originals that WeChat takes;
// IM knows others as 4 (BMP) and 255.
var imageFormats = map[number]string{0: "", 1: ".jpg", 2: ".gif", 3: ".png"}

// imageExtensions are those that WeChat takes.
var imageExtensions = []string{".jpg", ".jpeg", ".png", ".gif"}

// pictureOf an element is the largest form of it that WeChat takes.
func pictureOf(c *content) *Fetch {
	var forms []imageInfo
	for _, form := range c.ImageInfoArray {
		if form.URL != "" {
			forms = append(forms, form)
		}
	}
	if len(forms) == 0 {
		return &Fetch{}
	}
	slices.SortStableFunc(forms, func(a, b imageInfo) int { return int(min(a.Type, 4)) - int(min(b.Type, 4)) })
	for _, form := range forms {
		extension, known := imageFormats[c.ImageFormat]
		if form.Type > 1 {
			extension, known = "", true // made by IM
		}
		if !known || form.Size > maxPictureBytes {
			continue
		}
		name := base(form.URL)
		if own := strings.ToLower(path.Ext(name)); slices.Contains(imageExtensions, own) {
			extension = ""
		} else if extension == "" {
			extension = imageExtensions[0]
		}
		return &Fetch{URL: form.URL, Kind: wechat.MediaImage, Name: name + extension, Size: int64(form.Size)}
	}
	return &Fetch{URL: forms[0].URL} // a link
}

// voiceOf an element, which WeChat takes in two formats.
func voiceOf(c *content) *Fetch {
	f := &Fetch{URL: c.URL, Kind: wechat.MediaVoice, Name: base(c.URL), Size: int64(c.Size)}
	switch strings.ToLower(path.Ext(f.Name)) {
	case ".amr", ".mp3", "":
	default:
		f.Kind = ""
	}
	if c.Second > maxVoiceSeconds {
		f.Kind = ""
	}
	return f
}

// videoOf an element, which WeChat takes in one format.
func videoOf(c *content) *Fetch {
	f := &Fetch{URL: c.VideoURL, Kind: wechat.MediaVideo, Name: base(c.VideoURL), Size: int64(c.VideoSize)}
	own := strings.TrimPrefix(strings.ToLower(path.Ext(f.Name)), ".")
	if format := strings.ToLower(fallback(c.VideoFormat, own)); format != "mp4" && format != "" {
		f.Kind = ""
	}
	if own != "mp4" {
		f.Name += ".mp4"
	}
	return f
}

func openable(link string) bool {
	u, err := url.Parse(link)
	return err == nil && len(link) <= maxURLBytes && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http")
}

// base is the last part of a link's path, to name a file.
func base(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return "file"
	}
	name := path.Base(u.Path)
	if name == "." || name == "/" {
		return "file"
	}
	return name
}
