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
	"strconv"
	"strings"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
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
	// pieceBytes of a long text go into one message, or fewer if they take more than
	// encodedBytes in JSON. IM takes 12 KB with all that is around it, and older pages
	// say 8.
	pieceBytes   = 4 << 10
	encodedBytes = 7 << 10
	// attributeBytes of a title or a label are shown in its place; a longer one is
	// told as text.
	attributeBytes = 512
)

// noLink stands for a file that cannot be opened from outside of WeChat.
const noLink = "(未配置公网地址，无法打开 / no public address is configured, it cannot be opened)"

// ToAgent is what an agent is shown of a push or a notice: one message or more,
// and none when there is nothing to show. Equal contents give equal messages.
func ToAgent(content conversation.Content, link Link) []conversation.Rendered {
	if content.Notice != nil {
		return texts(markerBody{Relay: relayedNotice}, content.Notice.Text())
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
		all := voice(mark, m, link(m.MediaID, Voice))
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
		all := rendered(mark, element{message.TypeLocation, location{push.TrimText(m.Label, attributeBytes), m.Latitude, m.Longitude}})
		if len(m.Label) > attributeBytes {
			all = append(all, texts(mark, "[位置] "+m.Label)...)
		}
		return all
	case push.Link:
		return texts(mark, lines("[链接] "+m.Title, m.Description, m.URL))
	case push.MiniProgramPage:
		return card(mark, m)
	case push.Event:
		return texts(mark, act(m))
	default:
		return texts(mark, fmt.Sprintf("[暂不支持的消息: %s]", m.Type))
	}
}

// voice is one that clients may be able to play, or a text with a link to it.
func voice(mark markerBody, m *push.Message, url string) []conversation.Rendered {
	switch {
	case url == "":
		return texts(mark, "[语音] "+noLink)
	case strings.EqualFold(m.Format, "speex"):
		return texts(mark, "[语音 Speex] "+url)
	default:
		return rendered(mark, sound(url, m.MediaID))
	}
}

// card is a page of a mini-program: a text that every client shows and, in the
// same message, what tools need to show more, unless it is too long for that.
func card(mark markerBody, m *push.Message) []conversation.Rendered {
	said := lines("[小程序] "+m.Title, strings.TrimSpace(m.AppID+" "+m.PagePath))
	data := encode(page{WeChat: pageMiniProgram, Title: m.Title, AppID: m.AppID, PagePath: m.PagePath, ThumbMediaID: m.ThumbMediaID})
	both := rendered(mark, text(said), element{message.TypeCustom, custom{Data: string(data), Desc: m.Title}})
	if len(both[0].Body) > encodedBytes {
		return texts(mark, said)
	}
	return both
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

// texts cuts a text into messages that IM takes; of none when there is no text.
func texts(mark markerBody, s string) []conversation.Rendered {
	var all []conversation.Rendered
	for s != "" {
		piece := push.TrimText(s, pieceBytes)
		// Controls take six bytes each in JSON.
		for limit := pieceBytes / 2; len(encode(piece)) > encodedBytes; limit /= 2 {
			piece = push.TrimText(s, limit)
		}
		all, s = append(all, rendered(mark, text(piece))...), s[len(piece):]
	}
	return all
}

// rendered is one message of some elements.
func rendered(mark markerBody, elements ...element) []conversation.Rendered {
	return []conversation.Rendered{{Body: json.RawMessage(encode(elements)), CloudCustomData: string(encode(marker{mark}))}}
}
