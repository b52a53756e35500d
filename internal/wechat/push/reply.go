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

package push

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

const (
	// Success is the body that answers a push without a reply. It is never encrypted.
	Success = "success"
	// MaxTextBytes bounds the text of a reply.
	MaxTextBytes = 2048
	// MaxArticles of a news reply. To a follower's message only the first one is shown.
	MaxArticles = 8
	// maxFieldBytes bounds every other field of a reply, which the provider does not document.
	maxFieldBytes = 4096
)

// ErrReply says that a reply cannot be sent as it is: WeChat would show the follower that the account is out of order.
var ErrReply = errors.New("not a reply that WeChat takes")

// Reply is a passive reply: the body of the answer to a push. One of TextReply, ImageReply, VoiceReply, VideoReply,
// MusicReply, NewsReply and TransferReply.
type Reply interface {
	// messageType is MsgType.
	messageType() string
	// check says why the reply cannot be sent, "" if it can.
	check() string
	// appendFields renders what this type has beyond the common fields.
	appendFields(dst []byte) []byte
}

// TextReply answers with a text of 1 to MaxTextBytes bytes, see TrimText. Line breaks are allowed.
type TextReply struct{ Content string }

// ImageReply answers with an uploaded image, not an animated one.
type ImageReply struct{ MediaID string }

// VoiceReply answers with an uploaded voice.
type VoiceReply struct{ MediaID string }

// VideoReply answers with an uploaded video. Title and Description are optional.
type VideoReply struct{ MediaID, Title, Description string }

// MusicReply answers with a link to music. Only ThumbMediaID, an uploaded thumb, is required.
type MusicReply struct{ Title, Description, URL, HQURL, ThumbMediaID string }

// NewsReply answers with 1 to MaxArticles links to pages.
type NewsReply struct{ Articles []Article }

// Article is a link to a page. URL is required.
type Article struct{ Title, Description, PicURL, URL string }

// TransferReply hands the message to WeChat's own customer service: to any agent, or to the named one if KfAccount
// (prefix@account) is given.
type TransferReply struct{ KfAccount string }

// Header are the common fields of a reply.
type Header struct {
	// To is the follower's OpenID, From the original id of the account.
	To, From string
	// CreateTime is in Unix seconds, by our own clock.
	CreateTime int64
}

// Header is the head of a reply to this push, made at a time in Unix seconds.
func (m *Message) Header(now int64) Header { return Header{To: m.From, From: m.To, CreateTime: now} }

// AppendXML renders a reply behind dst. Characters that XML cannot hold are left out. The error is ErrReply with a reason
// that quotes nothing; dst is then returned as it was.
func AppendXML(dst []byte, header Header, reply Reply) ([]byte, error) {
	if reply == nil {
		return dst, fmt.Errorf("%w: none", ErrReply)
	}
	why := reply.check()
	if header.To == "" || header.From == "" {
		why = "without an address"
	}
	if why != "" {
		return dst, fmt.Errorf("%w: %s", ErrReply, why)
	}
	dst = append(dst, "<xml>"...)
	dst = appendText(dst, "ToUserName", header.To)
	dst = appendText(dst, "FromUserName", header.From)
	dst = appendNumber(dst, "CreateTime", header.CreateTime)
	dst = appendText(dst, "MsgType", reply.messageType())
	dst = reply.appendFields(dst)
	return append(dst, "</xml>"...), nil
}

// SealReply encrypts a rendered reply and puts it into the signed envelope. nonce is the one of the push, timestamp our
// own clock in Unix seconds, random are 16 bytes that nobody can predict. Errors are those of Sealer.Seal.
func SealReply(s seal.Sealer, token string, timestamp int64, nonce string, reply, random []byte) ([]byte, error) {
	encrypt, err := s.Seal(reply, random)
	if err != nil {
		return nil, fmt.Errorf("seal the reply: %w", err)
	}
	envelope := append(make([]byte, 0, len(encrypt)+256), "<xml>"...)
	envelope = appendText(envelope, "Encrypt", encrypt)
	envelope = appendText(envelope, "MsgSignature",
		seal.Signature(token, strconv.FormatInt(timestamp, 10), nonce, encrypt))
	envelope = appendNumber(envelope, "TimeStamp", timestamp)
	envelope = appendText(envelope, "Nonce", nonce)
	return append(envelope, "</xml>"...), nil
}

func (TextReply) messageType() string     { return "text" }
func (ImageReply) messageType() string    { return "image" }
func (VoiceReply) messageType() string    { return "voice" }
func (VideoReply) messageType() string    { return "video" }
func (MusicReply) messageType() string    { return "music" }
func (NewsReply) messageType() string     { return "news" }
func (TransferReply) messageType() string { return "transfer_customer_service" }

func (r TextReply) check() string {
	switch {
	case len(r.Content) > MaxTextBytes:
		return "the text is longer than 2048 bytes"
	case !hasLegible(r.Content):
		return "the text is empty"
	default:
		return ""
	}
}

func (r ImageReply) check() string { return checkFields(r.MediaID) }
func (r VoiceReply) check() string { return checkFields(r.MediaID) }
func (r VideoReply) check() string { return checkFields(r.MediaID, r.Title, r.Description) }
func (r MusicReply) check() string {
	return checkFields(r.ThumbMediaID, r.Title, r.Description, r.URL, r.HQURL)
}

func (r NewsReply) check() string {
	if len(r.Articles) < 1 || len(r.Articles) > MaxArticles {
		return "not 1 to 8 articles"
	}
	for _, a := range r.Articles {
		if why := checkFields(a.URL, a.Title, a.Description, a.PicURL); why != "" {
			return why
		}
	}
	return ""
}

func (r TransferReply) check() string { return checkFields("all agents", r.KfAccount) }

// checkFields looks at one field that must not be empty and at others that may.
func checkFields(required string, optional ...string) string {
	if !hasLegible(required) {
		return "a required field is empty"
	}
	for _, field := range append(optional, required) {
		if len(field) > maxFieldBytes {
			return "a field is longer than 4096 bytes"
		}
	}
	return ""
}

func (r TextReply) appendFields(dst []byte) []byte { return appendText(dst, "Content", r.Content) }

func (r ImageReply) appendFields(dst []byte) []byte {
	dst = append(dst, "<Image>"...)
	dst = appendText(dst, "MediaId", r.MediaID)
	return append(dst, "</Image>"...)
}

func (r VoiceReply) appendFields(dst []byte) []byte {
	dst = append(dst, "<Voice>"...)
	dst = appendText(dst, "MediaId", r.MediaID)
	return append(dst, "</Voice>"...)
}

func (r VideoReply) appendFields(dst []byte) []byte {
	dst = append(dst, "<Video>"...)
	dst = appendText(dst, "MediaId", r.MediaID)
	dst = appendOptional(dst, "Title", r.Title)
	dst = appendOptional(dst, "Description", r.Description)
	return append(dst, "</Video>"...)
}

func (r MusicReply) appendFields(dst []byte) []byte {
	dst = append(dst, "<Music>"...)
	dst = appendOptional(dst, "Title", r.Title)
	dst = appendOptional(dst, "Description", r.Description)
	dst = appendOptional(dst, "MusicUrl", r.URL)
	dst = appendOptional(dst, "HQMusicUrl", r.HQURL)
	dst = appendText(dst, "ThumbMediaId", r.ThumbMediaID)
	return append(dst, "</Music>"...)
}

func (r NewsReply) appendFields(dst []byte) []byte {
	dst = appendNumber(dst, "ArticleCount", int64(len(r.Articles)))
	dst = append(dst, "<Articles>"...)
	for _, a := range r.Articles {
		dst = append(dst, "<item>"...)
		dst = appendText(dst, "Title", a.Title)
		dst = appendText(dst, "Description", a.Description)
		dst = appendText(dst, "PicUrl", a.PicURL)
		dst = appendText(dst, "Url", a.URL)
		dst = append(dst, "</item>"...)
	}
	return append(dst, "</Articles>"...)
}

func (r TransferReply) appendFields(dst []byte) []byte {
	if r.KfAccount == "" {
		return dst
	}
	dst = append(dst, "<TransInfo>"...)
	dst = appendText(dst, "KfAccount", r.KfAccount)
	return append(dst, "</TransInfo>"...)
}

func appendNumber(dst []byte, name string, number int64) []byte {
	dst = appendTag(dst, "<", name)
	dst = strconv.AppendInt(dst, number, 10)
	return appendTag(dst, "</", name)
}

func appendOptional(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return appendText(dst, name, text)
}

// appendText writes an element with a CDATA section, which is what WeChat's own samples have. The one sequence that
// cannot stand in such a section is divided between two.
func appendText(dst []byte, name, text string) []byte {
	dst = appendTag(dst, "<", name)
	dst = append(dst, "<![CDATA["...)
	brackets := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if isLegible(r) && (r != utf8.RuneError || size > 1) {
			if r == '>' && brackets >= 2 {
				dst = append(dst, "]]><![CDATA["...)
			}
			dst = append(dst, text[i:i+size]...)
			brackets++
			if r != ']' {
				brackets = 0
			}
		}
		i += size
	}
	dst = append(dst, "]]>"...)
	return appendTag(dst, "</", name)
}

func appendTag(dst []byte, open, name string) []byte {
	dst = append(dst, open...)
	dst = append(dst, name...)
	return append(dst, '>')
}

// hasLegible reports whether anything but white space is left of a text when it is rendered.
func hasLegible(text string) bool {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r > ' ' && isLegible(r) && (r != utf8.RuneError || size > 1) {
			return true
		}
		i += size
	}
	return false
}
