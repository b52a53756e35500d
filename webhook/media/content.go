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
	"bytes"
	"mime"
	"net/http"
	"strings"
)

// sniffed bytes decide what a file is.
const sniffed = 512

// unknownType is for what is neither picture, voice nor video: it is saved, and
// not shown.
const unknownType = "application/octet-stream"

// mp3 is the type of MP3, which has several names.
const mp3 = "audio/mpeg"

// shown are the types that clients may show. None of them can hold a script: SVG
// is a document.
var shown = map[string]bool{
	"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true, "image/bmp": true,
	"audio/amr": true, "audio/amr-wb": true, mp3: true, "audio/mp4": true, "audio/aac": true,
	"audio/wave": true, "audio/speex": true, "voice/speex": true,
	"video/mp4": true, "video/quicktime": true, "video/3gpp": true, "video/webm": true,
}

// unsniffable are those of them that cannot always be told by how they begin, by
// the names that senders have for them.
var unsniffable = map[string]string{
	"audio/aac": "audio/aac", "audio/speex": "audio/speex", "voice/speex": "voice/speex", mp3: mp3, "audio/mp3": mp3,
}

// extensionsOf the types that WeChat takes, the usual one first, and of those that
// are close to them.
var extensionsOf = map[string][]string{
	"image/jpeg": {".jpg", ".jpeg"}, "image/png": {".png"}, "image/gif": {".gif"}, "image/bmp": {".bmp"}, "image/webp": {".webp"},
	"audio/amr": {".amr"}, mp3: {".mp3"}, "audio/mp4": {".m4a"}, "audio/aac": {".aac"}, "audio/wave": {".wav"},
	"video/mp4": {".mp4"}, "video/quicktime": {".mov"}, "video/webm": {".webm"}, "video/3gpp": {".3gp"},
}

// contentType of a file by its content, and by what its sender says where the
// content does not tell.
func contentType(declared string, begin []byte) string {
	if kind := sniff(begin); shown[kind] {
		return kind
	} else if kind != unknownType {
		return unknownType
	}
	if kind, _, err := mime.ParseMediaType(declared); err == nil && unsniffable[kind] != "" {
		return unsniffable[kind]
	}
	return unknownType
}

// sniff tells what a file is by how it begins.
func sniff(begin []byte) string {
	switch {
	case bytes.HasPrefix(begin, []byte("#!AMR\n")):
		return "audio/amr"
	case bytes.HasPrefix(begin, []byte("#!AMR-WB\n")):
		return "audio/amr-wb"
	case len(begin) >= 12 && string(begin[4:8]) == "ftyp":
		return container(string(begin[8:12]))
	case len(begin) >= 3 && begin[0] == 0xff && begin[1]&0xe6 == 0xe2 && begin[2]&0xf0 != 0xf0 && begin[2]&0x0c != 0x0c:
		// A frame of MPEG audio, layer III, with a bit rate and a sampling rate that exist.
		return mp3
	}
	kind, _, _ := strings.Cut(http.DetectContentType(begin), ";")
	return kind
}

// container tells files of the MP4 family by their brand.
func container(brand string) string {
	switch {
	case brand == "qt  ":
		return "video/quicktime"
	case brand == "M4A " || brand == "M4B ":
		return "audio/mp4"
	case strings.HasPrefix(brand, "3g"):
		return "video/3gpp"
	case brand == "avif" || brand == "avis" || brand == "heic" || brand == "heix" || brand == "mif1" || brand == "msf1":
		return "image/heif" // few clients show it
	default:
		return "video/mp4"
	}
}
