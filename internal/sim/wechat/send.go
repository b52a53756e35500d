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
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// maxTextBytes bounds the content of a text, in UTF-8.
const maxTextBytes = 2048

// sendBody is the body of a customer message. Of the objects it has the one
// that msgtype names.
type sendBody struct {
	ToUser  string `json:"touser"`
	Type    string `json:"msgtype"`
	Service *struct {
		Account string `json:"kf_account"`
	} `json:"customservice"`

	Text    *sentText    `json:"text"`
	Image   *sentMedia   `json:"image"`
	Voice   *sentMedia   `json:"voice"`
	Video   *sentMedia   `json:"video"`
	Music   *sentMusic   `json:"music"`
	News    *sentNews    `json:"news"`
	MPNews  *sentMedia   `json:"mpnews"`
	Article *sentArticle `json:"mpnewsarticle"`
	Menu    *sentMenu    `json:"msgmenu"`
	Card    *sentCard    `json:"wxcard"`
	Page    *sentPage    `json:"miniprogrampage"`
	Link    *sentLink    `json:"link"`
}

type sentText struct {
	Content string `json:"content"`
}

type sentMedia struct {
	MediaID      string `json:"media_id"`
	ThumbMediaID string `json:"thumb_media_id"`
	Title        string `json:"title"`
	Description  string `json:"description"`
}

type sentMusic struct {
	Title        string `json:"title"`
	Description  string `json:"description"`
	URL          string `json:"musicurl"`
	HQURL        string `json:"hqmusicurl"`
	ThumbMediaID string `json:"thumb_media_id"`
}

type sentNews struct {
	Articles []struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		URL         string `json:"url"`
		PictureURL  string `json:"picurl"`
	} `json:"articles"`
}

type sentArticle struct {
	ID string `json:"article_id"`
}

type sentMenu struct {
	Head  string     `json:"head_content"`
	Items []MenuItem `json:"list"`
	Tail  string     `json:"tail_content"`
}

type sentCard struct {
	ID string `json:"card_id"`
}

type sentPage struct {
	Title        string `json:"title"`
	AppID        string `json:"appid"`
	PagePath     string `json:"pagepath"`
	ThumbMediaID string `json:"thumb_media_id"`
}

type sentLink struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	ThumbURL    string `json:"thumb_url"`
}

func runSend(s *Simulator, c *call) (any, error) {
	var body sendBody
	if refusal := c.decodeBody(&body); refusal != nil {
		return nil, refusal
	}
	shown, escaped := body, false
	if literal, found := literalEscapes(c.body); found {
		escaped = true
		shown = sendBody{}
		if err := json.Unmarshal(literal, &shown); err != nil {
			return nil, refuse(codeFormat)
		}
	}
	if !slices.Contains(messageTypes, body.Type) {
		return nil, refuse(codeMessageType)
	}
	a := c.account
	a.mu.Lock()
	defer a.mu.Unlock()
	f, refusal := s.recipient(a, body.ToUser)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := c.checkMessage(&body); refusal != nil {
		return nil, refusal
	}
	if refusal := f.window.spend(c.now); refusal != nil {
		return nil, refusal
	}
	message := shown.message(body.Type)
	if escaped {
		message.Marks = append(message.Marks, EscapedUnicode)
	}
	if hasEntities(message.Text) {
		message.Marks = append(message.Marks, EscapedHTML)
	}
	f.typing = time.Time{}
	f.arrive(message, c.now)
	return nil, nil
}

// recipient finds whom a customer message is for, under the account's lock.
func (s *Simulator) recipient(a *account, openID string) (*follower, *Refusal) {
	f, ok := a.followers[openID]
	switch {
	case !ok:
		return nil, refuse(codeOpenID)
	case !f.follows:
		return nil, refuse(s.options.UnfollowedCode)
	}
	return f, nil
}

// messageTypes are the types of customer messages.
var messageTypes = []string{
	"text", "image", "voice", "video", "music", "news", "mpnews", "mpnewsarticle", "msgmenu", "wxcard",
	"miniprogrampage", "link",
}

// checkMessage checks the object that a customer message has for its type.
func (c *call) checkMessage(body *sendBody) *Refusal {
	if body.Service != nil && body.Service.Account != "" {
		switch {
		case len(c.in.ServiceAgents) == 0:
			return refuse(codeNoServiceAgents)
		case !slices.Contains(c.in.ServiceAgents, body.Service.Account):
			return refuse(codeUnknownAgent)
		}
	}
	switch body.Type {
	case "text":
		return checkText(body.Text)
	case "image":
		return c.checkMedia(body.Image, "image")
	case "voice":
		return c.checkMedia(body.Voice, "voice")
	case "video":
		return c.checkMedia(body.Video, "video")
	case "mpnews":
		// Articles are permanent material, which is not simulated.
		return presence(body.MPNews != nil && body.MPNews.MediaID != "", codeMediaID)
	case "music":
		if m := body.Music; m == nil || m.URL == "" || m.HQURL == "" {
			return refuse(codeArgument)
		}
		return c.checkThumb(body.Music.ThumbMediaID)
	case "news":
		return checkNews(body.News)
	case "mpnewsarticle":
		return presence(body.Article != nil && body.Article.ID != "", codeArgument)
	case "msgmenu":
		return checkMenu(body.Menu)
	case "wxcard":
		return presence(body.Card != nil && body.Card.ID != "", codeArgument)
	case "miniprogrampage":
		return c.checkPage(body.Page)
	default: // link
		if !c.in.AllowLinks {
			return refuse(codeMessageType)
		}
		return presence(body.Link != nil && body.Link.Title != "" && body.Link.URL != "", codeArgument)
	}
}

// presence refuses with the code what is not there.
func presence(present bool, code int) *Refusal {
	if present {
		return nil
	}
	return refuse(code)
}

func checkText(text *sentText) *Refusal {
	switch {
	case text == nil || strings.TrimSpace(text.Content) == "":
		return refuse(codeEmptyContent)
	case len(text.Content) > maxTextBytes:
		return refuse(codeContentSize)
	}
	return nil
}

// checkMedia checks the media id of an object, and the thumb if it has one.
func (c *call) checkMedia(m *sentMedia, kind string) *Refusal {
	if m == nil || !c.account.media.holds(m.MediaID, kind, c.now) {
		return refuse(codeMediaID)
	}
	if m.ThumbMediaID != "" {
		return c.checkThumb(m.ThumbMediaID)
	}
	return nil
}

func (c *call) checkThumb(id string) *Refusal {
	return presence(c.account.media.holds(id, "thumb", c.now) || c.account.media.holds(id, "image", c.now), codeMediaID)
}

func checkNews(news *sentNews) *Refusal {
	switch {
	case news == nil || len(news.Articles) != 1:
		return refuse(codeArticleSize)
	case news.Articles[0].URL == "":
		return refuse(codeArgument)
	}
	return nil
}

func checkMenu(menu *sentMenu) *Refusal {
	if menu == nil || len(menu.Items) == 0 {
		return refuse(codeEmptyContent)
	}
	size := len(menu.Head) + len(menu.Tail)
	for _, item := range menu.Items {
		if item.ID == "" || item.Content == "" {
			return refuse(codeArgument)
		}
		size += len(item.Content)
	}
	if size > maxTextBytes {
		return refuse(codeContentSize)
	}
	return nil
}

func (c *call) checkPage(page *sentPage) *Refusal {
	switch {
	case page == nil || page.Title == "" || page.PagePath == "":
		return refuse(codeArgument)
	case page.AppID == "" || c.in.MiniPrograms != nil && !slices.Contains(c.in.MiniPrograms, page.AppID):
		return refuse(codeAppID)
	}
	return c.checkThumb(page.ThumbMediaID)
}

// message is what a customer message of the type looks like on the phone. The
// type is given, as a body whose escapes are shown may spell it otherwise.
func (b *sendBody) message(kind string) PhoneMessage {
	m := PhoneMessage{Source: Custom, Type: kind}
	if b.Service != nil {
		m.Agent = b.Service.Account
	}
	switch {
	case kind == "text" && b.Text != nil:
		m.Text = b.Text.Content
	case kind == "image" && b.Image != nil:
		m.MediaID = b.Image.MediaID
	case kind == "voice" && b.Voice != nil:
		m.MediaID = b.Voice.MediaID
	case kind == "video" && b.Video != nil:
		m.MediaID, m.ThumbMediaID = b.Video.MediaID, b.Video.ThumbMediaID
		m.Title, m.Description = b.Video.Title, b.Video.Description
	case kind == "mpnews" && b.MPNews != nil:
		m.MediaID = b.MPNews.MediaID
	case kind == "music" && b.Music != nil:
		m.Title, m.Description, m.ThumbMediaID = b.Music.Title, b.Music.Description, b.Music.ThumbMediaID
		m.MusicURL, m.HQMusicURL = b.Music.URL, b.Music.HQURL
	case kind == "news" && b.News != nil:
		for _, article := range b.News.Articles {
			m.Articles = append(m.Articles, Article{
				Title: article.Title, Description: article.Description, PictureURL: article.PictureURL, URL: article.URL,
			})
		}
	case kind == "mpnewsarticle" && b.Article != nil:
		m.ArticleID = b.Article.ID
	case kind == "msgmenu" && b.Menu != nil:
		m.Menu = &Menu{Head: b.Menu.Head, Items: b.Menu.Items, Tail: b.Menu.Tail}
	case kind == "wxcard" && b.Card != nil:
		m.CardID = b.Card.ID
	case kind == "miniprogrampage" && b.Page != nil:
		m.Title, m.AppID, m.PagePath, m.ThumbMediaID = b.Page.Title, b.Page.AppID, b.Page.PagePath, b.Page.ThumbMediaID
	case kind == "link" && b.Link != nil:
		m.Title, m.Description, m.URL, m.PictureURL = b.Link.Title, b.Link.Description, b.Link.URL, b.Link.ThumbURL
	}
	return m
}
