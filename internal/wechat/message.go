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
	"encoding/json"
	"strings"
	"unicode/utf8"
)

const (
	// maxBodyBytes bounds a customer message. WeChat refuses long texts well before it (45002).
	maxBodyBytes = 64 << 10
	// maxOpenIDBytes bounds an OpenID, which has 28.
	maxOpenIDBytes = 128
)

// Message is a customer message: one of Text, Image, Voice, Video, Music, News, MPNews, MPNewsArticle, Menu, Card,
// MiniProgramPage, Link, or one of them wrapped in FromAgent. Media ids are of temporary or permanent media.
type Message interface {
	// body is msgtype and the object of that name. Its keys are WeChat's.
	body() (messageType string, object map[string]any)
	// complete reports whether the fields that must not be empty are filled in.
	complete() bool
}

// Text is a text, which may hold <a href> links. Line and paragraph separators of Unicode become line breaks, and control
// characters are left out, because some clients show their escapes.
type Text struct{ Content string }

// Image is an uploaded image.
type Image struct{ MediaID string }

// Voice is an uploaded voice.
type Voice struct{ MediaID string }

// Video is an uploaded video. ThumbMediaID is an uploaded thumb; it, Title and Description are optional.
type Video struct{ MediaID, ThumbMediaID, Title, Description string }

// Music is a link to music. URL, HQURL and ThumbMediaID are required.
type Music struct{ Title, Description, URL, HQURL, ThumbMediaID string }

// News is a link to one page, with a picture. WeChat takes one article only.
type News struct{ Title, Description, URL, PicURL string }

// MPNews is a permanent article by its media id; WeChat is retiring it.
type MPNews struct{ MediaID string }

// MPNewsArticle is a published article.
type MPNewsArticle struct{ ArticleID string }

// Menu is a question with items to tap. A tap comes back as a text of the item's content, with its id.
type Menu struct {
	Head  string
	Items []MenuItem
	Tail  string
}

// MenuItem is an answer to tap.
type MenuItem struct{ ID, Content string }

// Card is a coupon.
type Card struct{ CardID string }

// MiniProgramPage is a card of a mini-program that is linked to the account.
type MiniProgramPage struct{ Title, AppID, PagePath, ThumbMediaID string }

// Link is a link with a picture, which mini-programs can send.
type Link struct{ Title, Description, URL, ThumbURL string }

// FromAgent shows a message as from an agent of WeChat's customer service (prefix@account).
type FromAgent struct {
	Message
	KfAccount string
}

// Render is the request for a message to a follower: what Send sends and SendRendered takes. It depends on nothing else,
// so it can be kept and sent later. The error is of kind Invalid.
func Render(openID string, message Message) ([]byte, error) {
	switch {
	case openID == "" || len(openID) > maxOpenIDBytes:
		return nil, invalid(customSend, "not an OpenID")
	case message == nil || !message.complete():
		return nil, invalid(customSend, "the message lacks something")
	}
	messageType, object := message.body()
	whole := map[string]any{"touser": openID, "msgtype": messageType, messageType: object}
	if agent, ok := message.(FromAgent); ok && agent.KfAccount != "" {
		whole["customservice"] = map[string]any{"kf_account": agent.KfAccount}
	}
	var rendered bytes.Buffer
	if err := encode(&rendered, whole); err != nil {
		return nil, invalid(customSend, "the message cannot be encoded")
	}
	if rendered.Len() > maxBodyBytes {
		return nil, invalid(customSend, "the message is longer than 64 KiB")
	}
	return rendered.Bytes(), nil
}

// encode writes JSON as WeChat wants it: nothing escaped but what must be.
func encode(to *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	to.Truncate(to.Len() - 1) // the line break
	return nil
}

// plain leaves out or replaces the characters that the JSON encoder escapes by number.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028' || r == '\u2029':
			return '\n'
		case r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == utf8.RuneError:
			return -1
		default:
			return r
		}
	}, text)
}

// filled reports whether none of the texts is blank.
func filled(texts ...string) bool {
	for _, text := range texts {
		if strings.TrimSpace(plain(text)) == "" {
			return false
		}
	}
	return true
}

// object is a JSON object of names and texts in turn, without those that are empty.
func object(pairs ...string) map[string]any {
	o := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if text := plain(pairs[i+1]); text != "" {
			o[pairs[i]] = text
		}
	}
	return o
}

func (m Text) body() (messageType string, o map[string]any) {
	return "text", object("content", m.Content)
}

func (m Image) body() (messageType string, o map[string]any) {
	return "image", object("media_id", m.MediaID)
}

func (m Voice) body() (messageType string, o map[string]any) {
	return "voice", object("media_id", m.MediaID)
}

func (m Video) body() (messageType string, o map[string]any) {
	return "video", object(
		"media_id", m.MediaID, "thumb_media_id", m.ThumbMediaID, "title", m.Title, "description", m.Description)
}

func (m Music) body() (messageType string, o map[string]any) {
	return "music", object("title", m.Title, "description", m.Description,
		"musicurl", m.URL, "hqmusicurl", m.HQURL, "thumb_media_id", m.ThumbMediaID)
}

func (m News) body() (messageType string, o map[string]any) {
	article := object("title", m.Title, "description", m.Description, "url", m.URL, "picurl", m.PicURL)
	return "news", map[string]any{"articles": []any{article}}
}

func (m MPNews) body() (messageType string, o map[string]any) {
	return "mpnews", object("media_id", m.MediaID)
}

func (m MPNewsArticle) body() (messageType string, o map[string]any) {
	return "mpnewsarticle", object("article_id", m.ArticleID)
}

func (m Menu) body() (messageType string, o map[string]any) {
	items := make([]any, 0, len(m.Items))
	for _, item := range m.Items {
		items = append(items, object("id", item.ID, "content", item.Content))
	}
	o = object("head_content", m.Head, "tail_content", m.Tail)
	o["list"] = items
	return "msgmenu", o
}

func (m Card) body() (messageType string, o map[string]any) {
	return "wxcard", object("card_id", m.CardID)
}

func (m MiniProgramPage) body() (messageType string, o map[string]any) {
	return "miniprogrampage", object(
		"title", m.Title, "appid", m.AppID, "pagepath", m.PagePath, "thumb_media_id", m.ThumbMediaID)
}

func (m Link) body() (messageType string, o map[string]any) {
	return "link", object("title", m.Title, "description", m.Description, "url", m.URL, "thumb_url", m.ThumbURL)
}

func (m Text) complete() bool          { return filled(m.Content) }
func (m Image) complete() bool         { return filled(m.MediaID) }
func (m Voice) complete() bool         { return filled(m.MediaID) }
func (m Video) complete() bool         { return filled(m.MediaID) }
func (m Music) complete() bool         { return filled(m.URL, m.HQURL, m.ThumbMediaID) }
func (m News) complete() bool          { return filled(m.URL) }
func (m MPNews) complete() bool        { return filled(m.MediaID) }
func (m MPNewsArticle) complete() bool { return filled(m.ArticleID) }
func (m Card) complete() bool          { return filled(m.CardID) }
func (m Link) complete() bool          { return filled(m.Title, m.URL) }

// The AppID is left out by mini-programs, which show pages of their own.
func (m MiniProgramPage) complete() bool { return filled(m.Title, m.PagePath, m.ThumbMediaID) }

func (m Menu) complete() bool {
	for _, item := range m.Items {
		if !filled(item.ID, item.Content) {
			return false
		}
	}
	return len(m.Items) > 0
}

// An agent of an agent would lose the inner one without a word.
func (m FromAgent) complete() bool {
	_, nested := m.Message.(FromAgent)
	return m.Message != nil && !nested && m.Message.complete()
}
