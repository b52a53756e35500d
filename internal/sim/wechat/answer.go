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
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

// maxPushAnswer is how much of the answer to a push is read.
const maxPushAnswer = 64 << 10

// Outcome is what came of one try of a push.
type Outcome string

// The outcomes. Those after NotConfigured lead to another try, if one is left.
const (
	// Success: the answer was the word success.
	Success Outcome = "Success"
	// Empty: the answer was empty, which is as good.
	Empty Outcome = "Empty"
	// Replied: the answer was a message for the follower.
	Replied Outcome = "Replied"
	// Transferred: the answer handed the message to WeChat's own customer
	// service.
	Transferred Outcome = "Transferred"
	// Invalid: the answer was none of these; the follower is told that the
	// service is unavailable.
	Invalid Outcome = "Invalid"
	// NotConfigured: there is no webhook URL any more.
	NotConfigured Outcome = "NotConfigured"

	// BadStatus: the status was not 200.
	BadStatus Outcome = "BadStatus"
	// TimedOut: there was no complete answer in time.
	TimedOut Outcome = "TimedOut"
	// Broken: there was no connection, or it broke.
	Broken Outcome = "Broken"
	// Lost: the answer was good, and lost on its way because of
	// Delivery.Duplicate.
	Lost Outcome = "Lost"
)

// again reports whether the push is tried again.
func (o Outcome) again() bool { return o == BadStatus || o == TimedOut || o == Broken || o == Lost }

// verdict is what an answer means.
type verdict struct {
	outcome Outcome
	detail  string        // why it is invalid
	message *PhoneMessage // of a reply
}

func invalid(format string, arguments ...any) verdict {
	return verdict{outcome: Invalid, detail: fmt.Sprintf(format, arguments...)}
}

// judge reads the answer to a push that came in time with status 200.
func (p *push) judge(out *outgoing, body []byte, now time.Time) verdict {
	switch {
	case len(body) == 0:
		return verdict{outcome: Empty}
	case string(body) == "success":
		return verdict{outcome: Success}
	case len(body) > maxPushAnswer:
		return invalid("longer than %d bytes", maxPushAnswer)
	}
	document, err := parseXML(body)
	if err != nil {
		return invalid("%v", err)
	}
	if document.has("Encrypt") {
		if document, err = out.unseal(document); err != nil {
			return invalid("encrypted: %v", err)
		}
	} else if out.in.Mode == Safe {
		return invalid("in clear although the mode is %s", Safe)
	}
	return p.reply(out.in, document, now)
}

// unseal checks and decrypts an encrypted reply.
func (out *outgoing) unseal(document *element) (*element, error) {
	if out.in.Mode == Plaintext {
		return nil, fmt.Errorf("although the mode is %s", Plaintext)
	}
	encrypt, timestamp, nonce := document.value("Encrypt"), document.value("TimeStamp"), document.value("Nonce")
	if _, err := strconv.ParseInt(timestamp, 10, 64); err != nil {
		return nil, errors.New("the TimeStamp is no number")
	}
	if nonce == "" {
		return nil, errors.New("the Nonce is missing")
	}
	if !seal.Equal(document.value("MsgSignature"), seal.Signature(out.in.Token, timestamp, nonce, encrypt)) {
		return nil, errors.New("the MsgSignature is wrong")
	}
	message, err := out.in.sealer.Open(encrypt)
	if err != nil {
		return nil, err
	}
	return parseXML(message)
}

// reply reads a passive reply in clear.
func (p *push) reply(in *settings, document *element, now time.Time) verdict {
	switch {
	case document.value("ToUserName") != p.follower.openID:
		return invalid("ToUserName is not the follower")
	case document.value("FromUserName") != in.OriginalID:
		return invalid("FromUserName is not the account")
	}
	if _, err := strconv.ParseInt(document.value("CreateTime"), 10, 64); err != nil {
		return invalid("CreateTime is no number")
	}
	message := PhoneMessage{Source: Passive, Answers: p.sent.ID, Type: document.value("MsgType")}
	holds := func(id, kind string) bool { return p.account.media.holds(id, kind, now) }
	var problem string
	switch message.Type {
	case "text":
		problem = message.setText(document)
	case "image":
		message.MediaID = document.child("Image").value("MediaId")
		problem = unless(holds(message.MediaID, "image"), "there is no such image")
	case "voice":
		message.MediaID = document.child("Voice").value("MediaId")
		problem = unless(holds(message.MediaID, "voice"), "there is no such voice")
	case "video":
		video := document.child("Video")
		message.MediaID, message.Title, message.Description = video.value("MediaId"), video.value("Title"), video.value("Description")
		problem = unless(holds(message.MediaID, "video"), "there is no such video")
	case "music":
		music := document.child("Music")
		message.Title, message.Description = music.value("Title"), music.value("Description")
		message.MusicURL, message.HQMusicURL = music.value("MusicUrl"), music.value("HQMusicUrl")
		message.ThumbMediaID = music.value("ThumbMediaId")
		problem = unless(holds(message.ThumbMediaID, "thumb") || holds(message.ThumbMediaID, "image"), "there is no such thumb")
	case "news":
		problem = message.setArticles(document, p.articles())
	case "transfer_customer_service":
		return verdict{outcome: Transferred, detail: document.child("TransInfo").value("KfAccount")}
	default:
		return invalid("MsgType %q is not known", message.Type)
	}
	if problem != "" {
		return invalid("%s: %s", message.Type, problem)
	}
	return verdict{outcome: Replied, message: &message}
}

// unless returns the problem if something is not so.
func unless(so bool, problem string) string {
	if so {
		return ""
	}
	return problem
}

func (m *PhoneMessage) setText(document *element) (problem string) {
	m.Text = document.value("Content")
	if hasEntities(m.Text) {
		m.Marks = append(m.Marks, EscapedHTML)
	}
	if strings.TrimSpace(m.Text) == "" {
		return "the Content is empty"
	}
	return unless(len(m.Text) <= maxTextBytes, fmt.Sprintf("the Content is longer than %d bytes", maxTextBytes))
}

// setArticles shows so many articles at most.
func (m *PhoneMessage) setArticles(document *element, most int) (problem string) {
	count, err := strconv.Atoi(document.value("ArticleCount"))
	items := document.child("Articles").children
	if err != nil || count < 1 || count > len(items) {
		return "the ArticleCount does not fit"
	}
	items = items[:count]
	if count > most {
		m.Marks = append(m.Marks, TooManyArticles)
		items = items[:most]
	}
	for _, item := range items {
		if item.name != "item" {
			return "an article is not an item"
		}
		m.Articles = append(m.Articles, Article{
			Title: item.value("Title"), Description: item.value("Description"),
			PictureURL: item.value("PicUrl"), URL: item.value("Url"),
		})
	}
	return ""
}
