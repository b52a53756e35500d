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
	"encoding/json"
	"fmt"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
)

// page is what a custom element says of itself.
type page struct {
	WeChat       string     `json:"wechat"`
	Title        string     `json:"title,omitempty"`
	Description  string     `json:"description,omitempty"`
	URL          string     `json:"url,omitempty"`
	HQURL        string     `json:"hqURL,omitempty"`
	PicURL       string     `json:"picURL,omitempty"`
	Head         string     `json:"head,omitempty"`
	Tail         string     `json:"tail,omitempty"`
	Items        []pageItem `json:"items,omitempty"`
	AppID        string     `json:"appID,omitempty"`
	PagePath     string     `json:"pagePath,omitempty"`
	MediaID      string     `json:"mediaID,omitempty"`
	ThumbMediaID string     `json:"thumbMediaID,omitempty"`
	ArticleID    string     `json:"articleID,omitempty"`
	CardID       string     `json:"cardID,omitempty"`
}

type pageItem struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

const (
	pageNews        = "news"
	pageMenu        = "menu"
	pageMiniProgram = "miniprogram"
	pageImage       = "image"
	pageVoice       = "voice"
	pageVideo       = "video"
	pageMusic       = "music"
	pageArticle     = "article"
	pageCard        = "card"
)

// special is a custom element that says what WeChat is to show.
func special(data string) ([]Part, error) {
	var p page
	if json.Unmarshal([]byte(data), &p) != nil || p.WeChat == "" {
		return nil, fmt.Errorf("%w: a custom message of an application", ErrUnsupported)
	}
	part, known := p.part()
	switch {
	case !known:
		return nil, fmt.Errorf("%w: a custom message that asks for an unknown kind of message", ErrUnsupported)
	case !sendable(part.Message):
		return nil, fmt.Errorf("%w: a custom message of kind %s that lacks something", ErrUnsupported, p.WeChat)
	}
	return []Part{part}, nil
}

// part is the message with its text.
func (p *page) part() (part Part, known bool) {
	switch p.WeChat {
	case pageNews:
		m := wechat.News{Title: p.Title, Description: p.Description, URL: p.URL, PicURL: p.PicURL}
		return Part{Message: m, Text: lines(p.Title, p.Description, p.URL)}, true
	case pageMenu:
		m, said := wechat.Menu{Head: p.Head, Tail: p.Tail}, []string{p.Head}
		for _, item := range p.Items {
			m.Items = append(m.Items, wechat.MenuItem(item))
			said = append(said, "- "+item.Content)
		}
		return Part{Message: m, Text: lines(append(said, p.Tail)...)}, true
	case pageMiniProgram:
		m := wechat.MiniProgramPage{Title: p.Title, AppID: p.AppID, PagePath: p.PagePath, ThumbMediaID: p.ThumbMediaID}
		return Part{Message: m, Text: "[小程序] " + p.Title}, true
	case pageImage:
		return Part{Message: wechat.Image{MediaID: p.MediaID}, Text: "[图片]"}, true
	case pageVoice:
		return Part{Message: wechat.Voice{MediaID: p.MediaID}, Text: "[语音]"}, true
	case pageVideo:
		m := wechat.Video{MediaID: p.MediaID, ThumbMediaID: p.ThumbMediaID, Title: p.Title, Description: p.Description}
		return Part{Message: m, Text: lines("[视频] "+p.Title, p.Description)}, true
	case pageMusic:
		m := wechat.Music{Title: p.Title, Description: p.Description, URL: p.URL, HQURL: p.HQURL, ThumbMediaID: p.ThumbMediaID}
		return Part{Message: m, Text: lines("[音乐] "+p.Title, p.Description, p.URL)}, true
	case pageArticle:
		return Part{Message: wechat.MPNewsArticle{ArticleID: p.ArticleID}, Text: "[文章]"}, true
	case pageCard:
		return Part{Message: wechat.Card{CardID: p.CardID}, Text: "[卡券]"}, true
	default:
		return Part{}, false
	}
}
