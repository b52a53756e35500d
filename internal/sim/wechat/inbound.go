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
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// FollowerMessage is what a follower sends. It has the fields of its type; a
// type that is not known is pushed with Fields alone.
type FollowerMessage struct {
	// Type is text, image, voice, video, shortvideo, location, link or another.
	Type string `json:"type"`
	// Content of a text.
	Content string `json:"content,omitempty"`
	// File is the content of an image, voice or video. Without it there is a
	// small sample. Size lengthens it to so many bytes.
	File []byte `json:"file,omitempty"`
	Size int    `json:"size,omitempty"`
	// Format of a voice: amr unless set, or speex. Recognition is its text.
	Format      string `json:"format,omitempty"`
	Recognition string `json:"recognition,omitempty"`

	Latitude  float64 `json:"latitude,omitempty"`
	Longitude float64 `json:"longitude,omitempty"`
	Scale     int     `json:"scale,omitempty"`
	Label     string  `json:"label,omitempty"`

	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`

	// ArticleDataID and ArticleIndex, from 1, say from which article it was
	// sent.
	ArticleDataID string `json:"articleDataID,omitempty"`
	ArticleIndex  int    `json:"articleIndex,omitempty"`
	// Fields are further elements by name.
	Fields map[string]string `json:"fields,omitempty"`
}

// Push names what was pushed.
type Push struct {
	// ID is the MsgId of a message. Events have none; theirs is made of the
	// OpenID, CreateTime, the name and the key.
	ID string `json:"id"`
	// The media ids in it.
	MediaID      string `json:"mediaID,omitempty"`
	MediaID16K   string `json:"mediaID16K,omitempty"`
	ThumbMediaID string `json:"thumbMediaID,omitempty"`
}

// attachment are the files of a message.
type attachment struct{ main, wide, thumb *mediaFile }

func (a attachment) files() []*mediaFile {
	return slices.DeleteFunc([]*mediaFile{a.main, a.wide, a.thumb}, func(f *mediaFile) bool { return f == nil })
}

func (m FollowerMessage) validate() error {
	switch {
	case !elementName(m.Type) || m.Type == "event":
		return fmt.Errorf("type %q is no type of a message", m.Type)
	case m.Type == "text" && m.Content == "":
		return fmt.Errorf("a text must not be empty")
	case m.Size < 0 || m.Size > maxFileBytes || len(m.File) > maxFileBytes:
		return errTooLarge
	case m.Format != "" && m.Format != "amr" && m.Format != "speex":
		return fmt.Errorf("format must be amr or speex")
	}
	for name := range m.Fields {
		if !elementName(name) {
			return fmt.Errorf("%q is no name of a field", name)
		}
	}
	return nil
}

// Write lets a follower send a message. It is pushed in the background.
func (s *Simulator) Write(appID, openID string, m FollowerMessage) (Push, error) {
	return s.write(appID, openID, m, "", actMessage)
}

// TapMenuItem lets a follower tap an item of a message menu: a text with the
// item's content and id comes back, which counts as the tap on a menu.
func (s *Simulator) TapMenuItem(appID, openID, id, content string) (Push, error) {
	if id == "" {
		return Push{}, fmt.Errorf("the item has no id")
	}
	return s.write(appID, openID, FollowerMessage{Type: "text", Content: content}, id, actMenu)
}

func (s *Simulator) write(appID, openID string, m FollowerMessage, menuID string, row action) (Push, error) {
	if err := m.validate(); err != nil {
		return Push{}, err
	}
	files := s.attach(m)
	var sent Push
	err := s.withFollower(appID, openID, func(a *account, f *follower, now time.Time) error {
		p := &push{account: a, follower: f, kind: m.Type, sent: Push{ID: strconv.FormatUint(s.lastMsgID.Add(1), 10)}}
		p.sent.name(files)
		p.message = s.document(m, p.sent, files, menuID, a.settings.Load().OriginalID, openID, now)
		if err := s.pushes.enqueue(p); err != nil {
			return err
		}
		a.media.add(files.files()...)
		f.acts(row, now, s.options.AddUpQuota)
		sent = p.sent
		return nil
	})
	return sent, err
}

func (p *Push) name(files attachment) {
	for _, entry := range []struct {
		file *mediaFile
		id   *string
	}{{files.main, &p.MediaID}, {files.wide, &p.MediaID16K}, {files.thumb, &p.ThumbMediaID}} {
		if entry.file != nil {
			*entry.id = entry.file.id
		}
	}
}

// Samples that are made once.
var (
	sampleImageOnce = sync.OnceValue(sampleImage)
	sampleWideOnce  = sync.OnceValue(func() []byte { return sampleVoice("amr-wb") })
)

// attach makes the files of a message.
func (s *Simulator) attach(m FollowerMessage) attachment {
	now := s.now()
	file := func(kind, contentType string, sample []byte) *mediaFile {
		data := m.File
		if len(data) == 0 {
			data = sample
		}
		return s.newFile(kind, contentType, padded(data, m.Size), now)
	}
	switch m.Type {
	case "image":
		made := file("image", typeJPEG, sampleImageOnce())
		if sniffed := sniff(made.data); uploadRules["image"].takes(sniffed) {
			made.contentType, made.extension = sniffed, extensions[sniffed]
		}
		return attachment{main: made}
	case "voice":
		if m.Format == "speex" {
			return attachment{
				main: file("voice", typeSpeex, sampleVoice("speex")),
				wide: s.newFile("voice", typeSpeex, sampleVoice("speex"), now),
			}
		}
		return attachment{
			main: file("voice", typeAMR, sampleVoice("amr")),
			wide: s.newFile("voice", typeAMR, sampleWideOnce(), now),
		}
	case "video", "shortvideo":
		return attachment{
			main:  file("video", typeMP4, sampleVideo()),
			thumb: s.newFile("thumb", typeJPEG, sampleImageOnce(), now),
		}
	}
	return attachment{}
}

// document is the XML of a message.
func (s *Simulator) document(
	m FollowerMessage, sent Push, files attachment, menuID, to, from string, now time.Time,
) string {
	x := &xmlText{}
	x.head(to, from, now, m.Type)
	switch m.Type {
	case "text":
		x.text("Content", m.Content)
	case "image":
		x.text("PicUrl", s.publicURL()+filesPath+files.main.key)
		x.text("MediaId", sent.MediaID)
	case "voice":
		format := m.Format
		setDefault(&format, "amr")
		x.text("MediaId", sent.MediaID)
		x.text("Format", format)
		x.optional("Recognition", m.Recognition)
	case "video", "shortvideo":
		x.text("MediaId", sent.MediaID)
		x.text("ThumbMediaId", sent.ThumbMediaID)
	case "location":
		x.number("Location_X", decimal(m.Latitude))
		x.number("Location_Y", decimal(m.Longitude))
		x.number("Scale", strconv.Itoa(m.Scale))
		x.text("Label", m.Label)
	case "link":
		x.text("Title", m.Title)
		x.text("Description", m.Description)
		x.text("Url", m.URL)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		x.value(name, m.Fields[name])
	}
	x.number("MsgId", sent.ID)
	x.optional("MediaId16K", sent.MediaID16K)
	if menuID != "" {
		x.value("bizmsgmenuid", menuID)
	}
	if m.ArticleDataID != "" {
		x.text("MsgDataId", m.ArticleDataID)
		x.number("Idx", strconv.Itoa(m.ArticleIndex))
	}
	x.end("xml")
	return x.out.String()
}
