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
	"strings"
	"testing"
)

func TestContentType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, declared, begin, want string }{
		{"JPEG", "image/jpeg", "\xff\xd8\xff\xe0", "image/jpeg"},
		{"PNG that is called JPEG", "image/jpeg", "\x89PNG\r\n\x1a\n", "image/png"},
		{"GIF without a type", "", "GIF89a", "image/gif"},
		{"AMR", "audio/amr", "#!AMR\n\x3c\x00", "audio/amr"},
		{"AMR of text", "text/plain", "#!AMR\nabc", "audio/amr"},
		{"wide AMR", "", "#!AMR-WB\n\x04", "audio/amr-wb"},
		{"speex", "voice/speex", "\x00\x01\x02\x03", "voice/speex"},
		{"MP3 with a tag", "audio/mp3", "ID3\x03\x00", "audio/mpeg"},
		{"MP3 frame", "", "\xff\xfb\x90\x64", "audio/mpeg"},
		{"MP3 by its name", "audio/mp3; x=1", "\x00\x01\x02\x03", "audio/mpeg"},
		{"MP4", "video/mpeg4", "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42", "video/mp4"},
		{"QuickTime", "", "\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00", "video/quicktime"},
		{"M4A", "", "\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00", "audio/mp4"},
		{"3GPP", "", "\x00\x00\x00\x18ftyp3gp4\x00\x00\x00\x00", "video/3gpp"},
		{"HEIC", "image/heic", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", unknownType},
		{"SVG", "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'>", unknownType},
		{"a page called a picture", "image/jpeg", "<html><script>", unknownType},
		{"a page called a voice", "audio/mp3", "<!DOCTYPE HTML>", unknownType},
		{"text called a voice", "audio/mp3", "hello", unknownType},
		{"a picture that does not look like one", "image/png", "\x00\x01\x02", unknownType},
		{"UTF-16", "", "\xff\xfea\x00", unknownType},
		{"nothing", "", "", unknownType},
		{"nonsense", ";;;", "\x00\x01", unknownType},
	} {
		if got := contentType(c.declared, []byte(c.begin)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	for kind := range shown {
		if strings.Contains(kind, "xml") || strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "application/") {
			t.Errorf("%s may hold a script", kind)
		}
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, name, want string }{
		{"image/jpeg", "a.jpg", "a.jpg"},
		{"image/jpeg", "a.JPEG", "a.JPEG"},
		{"image/png", "a.jpg", "a.jpg.png"},
		{"audio/amr", "0d7a-2c61", "0d7a-2c61.amr"},
		{"audio/mpeg", "", ".mp3"},
		{"audio/mp4", "a.mp3", "a.mp3.m4a"},
		{unknownType, "a.jpg", "a.jpg"},
	} {
		if got := (&File{ContentType: c.kind}).Named(c.name); got != c.want {
			t.Errorf("%s, %s: got %s", c.kind, c.name, got)
		}
	}
}
