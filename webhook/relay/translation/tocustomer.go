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
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// ErrUnsupported is a message that WeChat cannot show. Its text says what it is.
var ErrUnsupported = errors.New("WeChat cannot show it")

const (
	// maxVoiceSeconds of a voice that WeChat takes.
	maxVoiceSeconds = 60
	// maxPictureBytes: one page of the contract says 10 MB, another one 2.
	maxPictureBytes = 2 << 20
	// maxElements of one message that are looked at. A body of 12 KB has fewer.
	maxElements = 100
)

// Part is one message to the customer.
type Part struct {
	// Message to send. Nil when a file comes first.
	Message wechat.Message
	// Fetch is a file in IM that has to be uploaded to WeChat for it.
	Fetch *Fetch
	// Text says the same where only text can be sent.
	Text string
}

// Fetch is a file that an agent sent.
type Fetch struct {
	URL  string
	Kind wechat.MediaKind
	// Name and Size as the message has them; may be missing.
	Name string
	Size int64
	// Title of a video.
	Title string
}

// Message is what is sent once the file is uploaded.
func (f *Fetch) Message(mediaID string) wechat.Message {
	switch f.Kind {
	case wechat.MediaVoice:
		return wechat.Voice{MediaID: mediaID}
	case wechat.MediaVideo:
		return wechat.Video{MediaID: mediaID, Title: f.Title}
	default:
		return wechat.Image{MediaID: mediaID}
	}
}

// Elements of messages, as far as they are translated.
type (
	received struct {
		MsgType    string
		MsgContent json.RawMessage
	}
	content struct {
		Text, Data, Desc    string
		Index               int64
		Latitude, Longitude float64
		URL                 string `json:"Url"`
		Second              int64
		Size, FileSize      int64
		FileName            string
		VideoURL            string `json:"VideoUrl"`
		VideoSize           int64
		ImageInfoArray      []imageInfo
	}
	imageInfo struct {
		Type int64
		Size int64
		URL  string
	}
	// page is what a custom element says of itself.
	page struct {
		WeChat       string     `json:"wechat"`
		Title        string     `json:"title,omitempty"`
		Description  string     `json:"description,omitempty"`
		URL          string     `json:"url,omitempty"`
		PicURL       string     `json:"picURL,omitempty"`
		Head         string     `json:"head,omitempty"`
		Tail         string     `json:"tail,omitempty"`
		Items        []pageItem `json:"items,omitempty"`
		AppID        string     `json:"appID,omitempty"`
		PagePath     string     `json:"pagePath,omitempty"`
		ThumbMediaID string     `json:"thumbMediaID,omitempty"`
	}
	pageItem struct {
		ID      string `json:"id"`
		Content string `json:"content"`
	}
)

const (
	pageNews        = "news"
	pageMenu        = "menu"
	pageMiniProgram = "miniprogram"
)

// ToCustomer is what the customer is sent of an agent's message body, in order. It
// is ErrUnsupported as a whole when one element cannot be shown: half a message
// would say something else.
func ToCustomer(body json.RawMessage) ([]Part, error) {
	var elements []received
	if err := json.Unmarshal(body, &elements); err != nil || len(elements) > maxElements {
		return nil, fmt.Errorf("%w: the message has no elements that can be read", ErrUnsupported)
	}
	var parts []Part
	for _, element := range elements {
		var c content
		if err := json.Unmarshal(element.MsgContent, &c); err != nil {
			return nil, fmt.Errorf("%w: the %s cannot be read", ErrUnsupported, named(element.MsgType))
		}
		made, err := translate(element.MsgType, &c)
		if err != nil {
			return nil, err
		}
		parts = append(parts, made...)
	}
	return parts, nil
}

func translate(kind string, c *content) ([]Part, error) {
	switch kind {
	case "TIMTextElem":
		return say(c.Text), nil
	case "TIMFaceElem":
		return say(fallback(c.Data, fmt.Sprintf("[表情 %d]", c.Index))), nil
	case "TIMLocationElem":
		return say(lines("[位置] "+c.Desc, coordinates(c.Latitude, c.Longitude))), nil
	case "TIMImageElem":
		return file(bestPicture(c.ImageInfoArray), "[图片] ")
	case "TIMSoundElem":
		f := &Fetch{URL: c.URL, Kind: wechat.MediaVoice, Name: base(c.URL), Size: c.Size}
		if ext := strings.ToLower(path.Ext(f.Name)); c.Second > maxVoiceSeconds || ext != ".amr" && ext != ".mp3" {
			f.Kind = "" // WeChat takes no other voices
		}
		return file(f, "[语音] ")
	case "TIMVideoFileElem":
		f := &Fetch{URL: c.VideoURL, Kind: wechat.MediaVideo, Name: base(c.VideoURL), Size: c.VideoSize}
		return file(f, "[视频] ")
	case "TIMFileElem":
		return file(&Fetch{URL: c.URL, Size: c.FileSize}, "[文件] "+c.FileName+" ")
	case "TIMCustomElem":
		return special(c)
	default:
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, named(kind))
	}
}

// say is a text, cut into as many messages as WeChat needs.
func say(text string) []Part {
	var parts []Part
	for text != "" {
		piece := push.TrimText(text, push.MaxTextBytes)
		if piece == "" {
			break
		}
		parts, text = append(parts, Part{Message: wechat.Text{Content: piece}, Text: piece}), text[len(piece):]
	}
	return parts
}

// file is a file that is uploaded, or a link to it where WeChat does not take it.
func file(f *Fetch, label string) ([]Part, error) {
	if !openable(f.URL) {
		return nil, fmt.Errorf("%w: a file without a link that can be opened", ErrUnsupported)
	}
	link := label + f.URL
	if f.Kind == "" || f.Size > f.Kind.Limit() || f.Kind == wechat.MediaImage && f.Size > maxPictureBytes {
		return say(link), nil
	}
	return []Part{{Fetch: f, Text: link}}, nil
}

// bestPicture is the largest one that WeChat takes.
func bestPicture(infos []imageInfo) *Fetch {
	var best, smallest *imageInfo
	for i := range infos {
		info := &infos[i]
		if info.URL == "" {
			continue
		}
		if info.Size <= maxPictureBytes && (best == nil || info.Type < best.Type) {
			best = info
		}
		if smallest == nil || info.Size < smallest.Size {
			smallest = info
		}
	}
	if best == nil {
		best = smallest
	}
	if best == nil {
		return &Fetch{}
	}
	return &Fetch{URL: best.URL, Kind: wechat.MediaImage, Name: base(best.URL), Size: best.Size}
}

// special is a custom element that says what WeChat is to show.
func special(c *content) ([]Part, error) {
	var p page
	if json.Unmarshal([]byte(c.Data), &p) != nil {
		p = page{}
	}
	switch p.WeChat {
	case pageNews:
		m := wechat.News{Title: p.Title, Description: p.Description, URL: p.URL, PicURL: p.PicURL}
		return []Part{{Message: m, Text: lines(p.Title, p.Description, p.URL)}}, nil
	case pageMenu:
		m, text := wechat.Menu{Head: p.Head, Tail: p.Tail}, []string{p.Head}
		for _, item := range p.Items {
			m.Items = append(m.Items, wechat.MenuItem{ID: item.ID, Content: item.Content})
			text = append(text, "- "+item.Content)
		}
		return []Part{{Message: m, Text: lines(append(text, p.Tail)...)}}, nil
	case pageMiniProgram:
		m := wechat.MiniProgramPage{Title: p.Title, AppID: p.AppID, PagePath: p.PagePath, ThumbMediaID: p.ThumbMediaID}
		return []Part{{Message: m, Text: lines("[小程序] " + p.Title)}}, nil
	default:
		return nil, fmt.Errorf("%w: a custom message of an application", ErrUnsupported)
	}
}

// Text is what parts say where only text can be sent.
func Text(parts []Part) string {
	all := make([]string, len(parts))
	for i, part := range parts {
		all[i] = part.Text
	}
	return lines(all...)
}

// named is the provider's name of a kind of elements, if it looks like one.
func named(kind string) string {
	if len(kind) > 32 || strings.Trim(kind, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
		return "element"
	}
	return kind
}

func fallback(text, otherwise string) string {
	if strings.TrimSpace(text) == "" {
		return otherwise
	}
	return text
}

func openable(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// base is the last part of a link's path.
func base(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}
