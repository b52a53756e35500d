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
	"strings"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

// ErrUnsupported is a message that WeChat cannot show. Its text says what it is.
var ErrUnsupported = errors.New("WeChat cannot show it")

// Part is one message to the customer.
type Part struct {
	// Message to send, complete. Nil when a file comes first.
	Message wechat.Message
	// Fetch is a file in IM that has to be uploaded to WeChat for it.
	Fetch *Fetch
	// Text says the same where only text can be sent, or where the file cannot. At
	// most push.MaxTextBytes long if there is a Fetch.
	Text string
}

// content of an element, of all types that are translated.
type content struct {
	Text, Data, Desc    string
	Index               number
	Latitude, Longitude float64
	URL                 string `json:"Url"`
	Second              number
	Size, FileSize      number
	FileName            string
	VideoURL            string `json:"VideoUrl"`
	VideoFormat         string
	VideoSize           number
	ImageFormat         number
	ImageInfoArray      []imageInfo
}

// number that says no more than how long something is. A client that writes it in
// another way, or nonsense, is forgiven: what matters is found out with the file.
type number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	var value float64
	if json.Unmarshal([]byte(strings.Trim(string(data), `"`)), &value) == nil && value >= 0 && value < 1<<53 {
		*n = number(value)
	}
	return nil
}

// ToCustomer is what the customer is sent of an agent's message body, in order;
// nothing if it says nothing. It is ErrUnsupported as a whole when one element
// cannot be shown: half a message would say something else.
func ToCustomer(body json.RawMessage) ([]Part, error) {
	read, err := message.Parse(body, "")
	if err != nil {
		return nil, fmt.Errorf("%w: the message has no elements that can be read", ErrUnsupported)
	}
	var parts []Part
	for _, element := range read.Elements() {
		var c content
		if err := json.Unmarshal(element.Content, &c); err != nil {
			return nil, fmt.Errorf("%w: the %s cannot be read", ErrUnsupported, named(element.Type))
		}
		made, err := translate(element.Type, &c)
		if err != nil {
			return nil, err
		}
		parts = append(parts, made...)
	}
	return parts, nil
}

func translate(kind string, c *content) ([]Part, error) {
	switch kind {
	case message.TypeText:
		return say(c.Text), nil
	case message.TypeFace:
		return say(fallback(c.Data, fmt.Sprintf("[表情 %d]", c.Index))), nil
	case message.TypeLocation:
		return say(lines("[位置] "+c.Desc, coordinates(c.Latitude, c.Longitude))), nil
	case message.TypeImage:
		return file(pictureOf(c), "[图片]")
	case message.TypeSound:
		return file(voiceOf(c), "[语音]")
	case message.TypeVideo:
		return file(videoOf(c), "[视频]")
	case message.TypeFile:
		return file(&Fetch{URL: c.URL}, strings.TrimSpace("[文件] "+push.TrimText(c.FileName, maxNameBytes)))
	case message.TypeCustom:
		return special(c.Data)
	default:
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, named(kind))
	}
}

// say is a text, cut into as many messages as WeChat needs. What would be seen as
// nothing is left out: WeChat refuses it.
func say(text string) []Part {
	var parts []Part
	for text != "" {
		piece := push.TrimText(text, push.MaxTextBytes)
		text = text[len(piece):]
		if m := (wechat.Text{Content: piece}); sendable(m) {
			parts = append(parts, Part{Message: m, Text: piece})
		}
	}
	return parts
}

// sendable reports whether a message has all that WeChat asks for.
func sendable(m wechat.Message) bool {
	_, err := wechat.Render("somebody", m)
	return err == nil
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
	if kind == "" || len(kind) > 32 || strings.Trim(kind, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
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
