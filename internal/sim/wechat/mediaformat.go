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

package wechat

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"mime/multipart"
	"path"
	"slices"
	"strings"
	"time"
)

// Content types of the files that followers send and accounts upload.
const (
	typeJPEG  = "image/jpeg"
	typePNG   = "image/png"
	typeGIF   = "image/gif"
	typeAMR   = "audio/amr"
	typeMP3   = "audio/mp3"
	typeSpeex = "voice/speex"
	typeMP4   = "video/mp4"
)

var extensions = map[string]string{
	typeJPEG: "jpg", typePNG: "png", typeGIF: "gif", typeAMR: "amr", typeMP3: "mp3", typeSpeex: "speex", typeMP4: "mp4",
}

const (
	megabyte   = 1 << 20
	smallImage = 2 * megabyte
	// maxUpload is the largest file of any kind, with what is around it.
	maxUpload = 10*megabyte + 64<<10
	// longestVoice is how long an uploaded voice may play.
	longestVoice = 60 * time.Second
)

var errTooLarge = errors.New("the file is larger than 32 MiB")

// uploadRule is what a kind of media has to fulfil.
type uploadRule struct {
	bytes      int
	tooLarge   int // code
	extensions []string
	types      []string
}

var uploadRules = map[string]uploadRule{
	"image": {10 * megabyte, codeImageSize, []string{"png", "jpeg", "jpg", "gif"}, []string{typePNG, typeJPEG, typeGIF}},
	"voice": {2 * megabyte, codeVoiceSize, []string{"amr", "mp3"}, []string{typeAMR, typeMP3}},
	"video": {10 * megabyte, codeVideoSize, []string{"mp4"}, []string{typeMP4}},
	"thumb": {64 << 10, codeThumbSize, []string{"jpg", "jpeg"}, []string{typeJPEG}},
}

// check returns the content type of a file that fulfils the rule. Its name
// and its content have to agree with it both.
func (r uploadRule) check(name string, data []byte) (string, *Refusal) {
	extension := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	contentType := sniff(data)
	if !slices.Contains(r.extensions, extension) || !r.takes(contentType) {
		return "", refuse(codeFileType)
	}
	if playTime(contentType, data) > longestVoice {
		return "", refuse(codePlayTime)
	}
	return contentType, nil
}

// sniff tells the type of a file by how it begins.
func sniff(data []byte) string {
	begins := func(text string) bool { return bytes.HasPrefix(data, []byte(text)) }
	switch {
	case begins("\xff\xd8\xff"):
		return typeJPEG
	case begins("\x89PNG\r\n\x1a\n"):
		return typePNG
	case begins("GIF87a"), begins("GIF89a"):
		return typeGIF
	case begins(amrMagic), begins(wideAMRMagic):
		return typeAMR
	case begins("ID3"), len(data) > 3 && data[0] == 0xff && data[1]&0xe6 == 0xe2:
		return typeMP3
	case len(data) >= 12 && string(data[4:8]) == "ftyp":
		return typeMP4
	}
	return ""
}

const (
	amrMagic     = "#!AMR\n"
	wideAMRMagic = "#!AMR-WB\n"
	amrFrame     = 20 * time.Millisecond
)

// Bytes behind the head of an AMR frame, by its mode.
var (
	narrowFrames = [16]int{12, 13, 15, 17, 19, 20, 26, 31, 5}
	wideFrames   = [16]int{17, 23, 32, 36, 40, 46, 50, 58, 60, 5}
)

// playTime is how long a voice plays: counted for AMR, and for MP3 judged by
// the bit rate of its first frame. 0 for anything else.
func playTime(contentType string, data []byte) time.Duration {
	switch {
	case contentType == typeMP3:
		return mp3Time(data)
	case contentType != typeAMR:
		return 0
	case bytes.HasPrefix(data, []byte(wideAMRMagic)):
		return amrTime(data[len(wideAMRMagic):], wideFrames)
	default:
		return amrTime(data[len(amrMagic):], narrowFrames)
	}
}

func amrTime(data []byte, sizes [16]int) time.Duration {
	length := time.Duration(0)
	for len(data) > 0 {
		length += amrFrame
		data = data[min(len(data), 1+sizes[data[0]>>3&15]):]
	}
	return length
}

// Kilobits per second of layer III, by the index in the head of a frame.
var (
	mpeg1Rates = [16]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	mpeg2Rates = [16]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
)

func mp3Time(data []byte) time.Duration {
	if bytes.HasPrefix(data, []byte("ID3")) && len(data) >= 10 {
		tag := 10 + int(data[6]&0x7f)<<21 + int(data[7]&0x7f)<<14 + int(data[8]&0x7f)<<7 + int(data[9]&0x7f)
		data = data[min(len(data), tag):]
	}
	if len(data) < 4 || data[0] != 0xff {
		return 0
	}
	rates := mpeg2Rates
	if data[1]>>3&3 == 3 {
		rates = mpeg1Rates
	}
	rate := rates[data[2]>>4]
	if rate == 0 {
		return 0
	}
	return time.Duration(len(data)) * 8 * time.Millisecond / time.Duration(rate)
}

// readForm finds the file of a form, whose field is named media.
func readForm(body []byte, boundary string) (name string, data []byte, refusal *Refusal) {
	if boundary == "" {
		return "", nil, refuse(codeMediaMissing)
	}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextPart()
		if err != nil {
			return "", nil, refuse(codeMediaMissing)
		}
		if part.FormName() != "media" || part.FileName() == "" {
			continue
		}
		data, err := io.ReadAll(part)
		if err != nil || len(data) == 0 {
			return "", nil, refuse(codeMediaMissing)
		}
		return part.FileName(), data, nil
	}
}

// sampleImage is a small picture.
func sampleImage() []byte {
	const side = 64
	picture := image.NewRGBA(image.Rect(0, 0, side, side))
	for x := range side {
		for y := range side {
			picture.Set(x, y, color.RGBA{R: uint8(4 * x), G: uint8(4 * y), B: 128, A: 255})
		}
	}
	var encoded bytes.Buffer
	_ = jpeg.Encode(&encoded, picture, nil) // writing to memory does not fail
	return encoded.Bytes()
}

// sampleVoice is a second of silence. There is no content of format speex that
// the simulator could make; it is a name and some bytes.
func sampleVoice(format string) []byte {
	const frames = 50
	var voice []byte
	switch format {
	case "amr":
		voice = []byte(amrMagic)
		for range frames {
			voice = append(append(voice, 0x3c), make([]byte, narrowFrames[7])...)
		}
	case "amr-wb":
		voice = []byte(wideAMRMagic)
		for range frames {
			voice = append(append(voice, 0x44), make([]byte, wideFrames[8])...)
		}
	default:
		voice = append([]byte("Speex   1.2"), make([]byte, frames*20)...)
	}
	return voice
}

// sampleVideo is the beginning of a video without any picture.
func sampleVideo() []byte {
	return []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08free")
}

// padded lengthens a file with zeros, which its format ignores.
func padded(data []byte, size int) []byte {
	if size <= len(data) {
		return data
	}
	return append(slices.Clone(data), make([]byte, size-len(data))...)
}

// takes reports whether the content type is one that the rule allows.
func (r uploadRule) takes(contentType string) bool { return slices.Contains(r.types, contentType) }
