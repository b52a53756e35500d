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

// Package translation turns what WeChat's customers send into messages of IM, and
// what agents send in IM into customer messages of WeChat. It is pure.
//
// # What an agent's tool can send
//
// Beside text, pictures, voices, videos, files and locations, a custom element
// (TIMCustomElem) may say in its Data what WeChat is to show, as a JSON object:
//
//	{"wechat":"news","title":"..","description":"..","url":"..","picURL":".."}
//	{"wechat":"menu","head":"..","items":[{"id":"1","content":".."}],"tail":".."}
//	{"wechat":"miniprogram","title":"..","appID":"..","pagePath":"..","thumbMediaID":".."}
//
// Any other custom element cannot be shown, and the agent is told so.
package translation

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// Medium is what a link to media is for.
type Medium string

// The media of customers.
const (
	Picture   Medium = "image"
	Voice     Medium = "voice"
	Video     Medium = "video"
	Thumbnail Medium = "thumb"
)

// Link makes a link to a file that WeChat holds; "" when none can be made. It must
// depend on its arguments alone.
type Link func(mediaID string, medium Medium) string

const (
	// pieceBytes of a long text go into one message: less than IM's 12 KB with all
	// that is around it, escaped.
	pieceBytes = 4 << 10
	// The provider asks for sizes that WeChat does not tell. Clients show pictures in
	// their own size once they are loaded.
	unknownSide, unknownSeconds = 240, 1
	downloadFlag                = 2
	imageFormatJPG              = 1
)

// noLink stands for a file that cannot be opened from outside of WeChat.
const noLink = "(未配置公网地址，无法打开 / no public address is configured, it cannot be opened)"

// marker is in the CloudCustomData of every message of the relay, so that it is
// known as its own however it comes back.
type marker struct {
	LiveRoom markerBody `json:"liveroom"`
}

type markerBody struct {
	// Relay is "customer" for what a customer wrote, "notice" for a notice.
	Relay string `json:"relay"`
	// MenuID is the item of a menu that the customer tapped.
	MenuID string `json:"menuID,omitempty"`
}

const (
	relayedCustomer = "customer"
	relayedNotice   = "notice"
)

// Ours reports whether a message in IM is one of the relay's own, by its
// CloudCustomData.
func Ours(cloudCustomData string) bool {
	var m marker
	return strings.Contains(cloudCustomData, `"liveroom"`) && json.Unmarshal([]byte(cloudCustomData), &m) == nil &&
		(m.LiveRoom.Relay == relayedCustomer || m.LiveRoom.Relay == relayedNotice)
}

// ToAgent is what an agent is shown of a push or a notice: one message or more,
// and none when there is nothing to show. Equal contents give equal messages.
func ToAgent(content conversation.Content, link Link) []conversation.Rendered {
	if content.Notice != nil {
		return rendered(markerBody{Relay: relayedNotice}, text(content.Notice.Text()))
	}
	m := &content.Inbound.Push
	mark := markerBody{Relay: relayedCustomer, MenuID: m.BizMenuID}
	switch m.Kind {
	case push.Text:
		return texts(mark, m.Content)
	case push.Image:
		if url := fallback(link(m.MediaID, Picture), m.PicURL); url != "" {
			return rendered(mark, picture(url, m.MediaID))
		}
		return texts(mark, "[图片] "+noLink)
	case push.Voice:
		all := texts(mark, "[语音] "+noLink)
		if url := link(m.MediaID, Voice); url != "" {
			all = rendered(mark, sound(url, m.MediaID))
		}
		if m.Recognition != "" {
			all = append(all, texts(mark, "[语音识别] "+m.Recognition)...)
		}
		return all
	case push.Video, push.ShortVideo:
		url := link(m.MediaID, Video)
		if url == "" {
			return texts(mark, "[视频] "+noLink)
		}
		// A video without a picture of its own is shown with itself as one.
		return rendered(mark, video(url, m.MediaID, fallback(link(m.ThumbMediaID, Thumbnail), url), fallback(m.ThumbMediaID, m.MediaID)))
	case push.Location:
		return rendered(mark, element{"TIMLocationElem", location{Desc: m.Label, Latitude: m.Latitude, Longitude: m.Longitude}})
	case push.Link:
		return texts(mark, lines("[链接] "+m.Title, m.Description, m.URL))
	case push.MiniProgramPage:
		data, err := json.Marshal(page{WeChat: pageMiniProgram, Title: m.Title, AppID: m.AppID, PagePath: m.PagePath, ThumbMediaID: m.ThumbMediaID})
		if err != nil {
			return nil
		}
		return rendered(mark, text(lines("[小程序] "+m.Title, m.AppID+" "+m.PagePath)), element{"TIMCustomElem", custom{Data: string(data), Desc: m.Title}})
	case push.Event:
		return texts(mark, act(m))
	default:
		return texts(mark, fmt.Sprintf("[暂不支持的消息: %s]", m.Type))
	}
}

// act says what a customer did, for those events that an agent profits from.
func act(m *push.Message) string {
	switch m.Event {
	case push.EventClick:
		return "[点击菜单] " + m.EventKey
	case push.EventScanPush, push.EventScanWait:
		return lines("[扫码] "+m.EventKey, m.ScanResult)
	case push.EventLocationSelect:
		return lines("[选择位置] "+m.Label, m.PlaceName, coordinates(m.Latitude, m.Longitude))
	case push.EventPhoto, push.EventPhotoOrAlbum, push.EventAlbum:
		return fmt.Sprintf("[发送图片] %s (%d)", m.EventKey, m.PictureCount)
	case push.EventEnterSession:
		return "[进入客服会话] " + m.SessionFrom
	default:
		return ""
	}
}

func coordinates(latitude, longitude float64) string {
	return strconv.FormatFloat(latitude, 'f', -1, 64) + ", " + strconv.FormatFloat(longitude, 'f', -1, 64)
}

// lines puts what is not empty below each other.
func lines(all ...string) string {
	var kept []string
	for _, line := range all {
		if strings.TrimSpace(line) != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// element of a message body.
type element struct {
	MsgType    string `json:"MsgType"`
	MsgContent any    `json:"MsgContent"`
}

type location struct {
	Desc      string  `json:"Desc"`
	Latitude  float64 `json:"Latitude"`
	Longitude float64 `json:"Longitude"`
}

type custom struct {
	Data  string `json:"Data"`
	Desc  string `json:"Desc"`
	Ext   string `json:"Ext"`
	Sound string `json:"Sound"`
}

func text(s string) element {
	return element{"TIMTextElem", struct {
		Text string `json:"Text"`
	}{s}}
}

// texts cuts a text into messages that IM takes; of none when there is no text.
func texts(mark markerBody, s string) []conversation.Rendered {
	var all []conversation.Rendered
	for s != "" {
		piece := push.TrimText(s, pieceBytes)
		if piece == "" { // one character as it is read is longer than that
			piece = s[:min(len(s), pieceBytes)]
		}
		all, s = append(all, rendered(mark, text(piece))...), s[len(piece):]
	}
	return all
}

func picture(url, id string) element {
	type info struct {
		Type   int    `json:"Type"`
		Size   int    `json:"Size"`
		Width  int    `json:"Width"`
		Height int    `json:"Height"`
		URL    string `json:"URL"`
	}
	// The same file in the three sizes that clients look for.
	infos := make([]info, 3)
	for i := range infos {
		infos[i] = info{Type: i + 1, Width: unknownSide, Height: unknownSide, URL: url}
	}
	return element{"TIMImageElem", struct {
		UUID           string `json:"UUID"`
		ImageFormat    int    `json:"ImageFormat"`
		ImageInfoArray []info `json:"ImageInfoArray"`
	}{id, imageFormatJPG, infos}}
}

func sound(url, id string) element {
	return element{"TIMSoundElem", struct {
		URL          string `json:"Url"`
		UUID         string `json:"UUID"`
		Size         int    `json:"Size"`
		Second       int    `json:"Second"`
		DownloadFlag int    `json:"Download_Flag"`
	}{url, id, 0, unknownSeconds, downloadFlag}}
}

func video(url, id, thumbURL, thumbID string) element {
	return element{"TIMVideoFileElem", struct {
		VideoURL          string `json:"VideoUrl"`
		VideoUUID         string `json:"VideoUUID"`
		VideoSize         int    `json:"VideoSize"`
		VideoSecond       int    `json:"VideoSecond"`
		VideoFormat       string `json:"VideoFormat"`
		VideoDownloadFlag int    `json:"VideoDownloadFlag"`
		ThumbURL          string `json:"ThumbUrl"`
		ThumbUUID         string `json:"ThumbUUID"`
		ThumbSize         int    `json:"ThumbSize"`
		ThumbWidth        int    `json:"ThumbWidth"`
		ThumbHeight       int    `json:"ThumbHeight"`
		ThumbFormat       string `json:"ThumbFormat"`
		ThumbDownloadFlag int    `json:"ThumbDownloadFlag"`
	}{url, id, 0, unknownSeconds, "mp4", downloadFlag, thumbURL, thumbID, 0, unknownSide, unknownSide, "jpg", downloadFlag}}
}

// rendered is one message of some elements.
func rendered(mark markerBody, elements ...element) []conversation.Rendered {
	body, err := json.Marshal(elements)
	if err != nil {
		return nil
	}
	data, err := json.Marshal(marker{mark})
	if err != nil {
		return nil
	}
	return []conversation.Rendered{{Body: body, CloudCustomData: string(data)}}
}
