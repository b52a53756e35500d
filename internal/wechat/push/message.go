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

// Package push holds what WeChat's servers push to a developer's URL and what may be answered at once: pure parsing and
// rendering, without a clock, a network or a source of randomness.
//
// A push is parsed by Parse, which takes XML and the JSON that mini-programs may choose. In safe mode its body is an
// envelope first: ParseEnvelope, check msg_signature, decrypt, Parse. A passive reply is made by AppendXML and, where the
// push was encrypted, put into an envelope by SealReply.
package push

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
)

// Kind is what a message is, from a closed set.
type Kind string

// The kinds. Each lists the fields of Message that it uses, beyond those that all have.
const (
	// Text: Content, and BizMenuID when it is the tap on an item of a message menu.
	Text Kind = "Text"
	// Image: MediaID, PicURL.
	Image Kind = "Image"
	// Voice: MediaID, Format, MediaID16K, Recognition.
	Voice Kind = "Voice"
	// Video: MediaID, ThumbMediaID.
	Video Kind = "Video"
	// ShortVideo: MediaID, ThumbMediaID.
	ShortVideo Kind = "ShortVideo"
	// Location: Latitude, Longitude, Scale, Label.
	Location Kind = "Location"
	// Link: Title, Description, URL.
	Link Kind = "Link"
	// MiniProgramPage: Title, AppID, PagePath, ThumbURL, ThumbMediaID.
	MiniProgramPage Kind = "MiniProgramPage"
	// Event: Event, and what the event has: see its constant.
	Event Kind = "Event"
	// Unknown: a type that is not in this list, or a location without a position on the globe. It has to be answered
	// like any other.
	Unknown Kind = "Unknown"
)

// The names of events, which are compared exactly: their mixture of cases is WeChat's.
const (
	// EventSubscribe: a follow. EventKey ("qrscene_" and the scene) and Ticket when it came from a QR code, see Scene.
	EventSubscribe = "subscribe"
	// EventUnsubscribe: the follower left; the user's data has to be erased, and no answer arrives.
	EventUnsubscribe = "unsubscribe"
	// EventScan: a follower scanned a QR code. EventKey (the scene), Ticket.
	EventScan = "SCAN"
	// EventLocation: Latitude, Longitude, Precision.
	EventLocation = "LOCATION"
	// EventClick: a tap on a menu. EventKey.
	EventClick = "CLICK"
	// EventView: a tap on a menu that opens a page. EventKey (the URL), MenuID.
	EventView = "VIEW"
	// EventScanPush and EventScanWait: EventKey, ScanType, ScanResult.
	EventScanPush = "scancode_push"
	EventScanWait = "scancode_waitmsg"
	// EventPhoto, EventPhotoOrAlbum and EventAlbum: EventKey, PictureCount.
	EventPhoto        = "pic_sysphoto"
	EventPhotoOrAlbum = "pic_photo_or_album"
	EventAlbum        = "pic_weixin"
	// EventLocationSelect: EventKey, Latitude, Longitude, Scale, Label, PlaceName.
	EventLocationSelect = "location_select"
	// EventViewMiniProgram: EventKey (the path of the page), MenuID.
	EventViewMiniProgram = "view_miniprogram"
	// EventAgentJoined and EventAgentLeft: KfAccount.
	EventAgentJoined = "kf_create_session"
	EventAgentLeft   = "kf_close_session"
	// EventAgentSwitched: FromKfAccount, ToKfAccount.
	EventAgentSwitched = "kf_switch_session"
	// EventTemplateSent and EventMassSent: JobID, Status.
	EventTemplateSent = "TEMPLATESENDJOBFINISH"
	EventMassSent     = "MASSSENDJOBFINISH"
	// EventEnterSession: the customer service of a mini-program was opened. SessionFrom.
	EventEnterSession = "user_enter_tempsession"
	// EventDebug: sent by WeChat's debugging tool.
	EventDebug = "debug_demo"
)

// Message is a push: a message of a follower or an event. Fields that a push does not have are zero. Texts are as they
// were sent, apart from characters that XML cannot hold, which are U+FFFD.
type Message struct {
	Kind Kind
	// Type is MsgType, for kinds that are not known.
	Type string
	// To is the original id of the account (gh_...), From the OpenID of the follower.
	To   string
	From string
	// CreateTime is in Unix seconds.
	CreateTime int64
	// MsgID names the message; decimal, except for some mini-programs. Events have none.
	MsgID string `json:",omitempty"`
	// ArticleDataID and ArticleIndex, from 1, say from which article the message was sent.
	ArticleDataID string `json:",omitempty"`
	ArticleIndex  int64  `json:",omitempty"`

	Content string `json:",omitempty"`
	// BizMenuID is the id of the item of a message menu (msgmenu) that the follower tapped.
	BizMenuID string `json:",omitempty"`

	// MediaID can be downloaded for three days.
	MediaID      string `json:",omitempty"`
	ThumbMediaID string `json:",omitempty"`
	// PicURL is where an image can be loaded without a token.
	PicURL string `json:",omitempty"`
	// Format of a voice: amr or speex.
	Format string `json:",omitempty"`
	// MediaID16K is a copy of a voice with 16 kHz.
	MediaID16K string `json:",omitempty"`
	// Recognition is the text of a voice, where the account has that.
	Recognition string `json:",omitempty"`

	// Latitude and Longitude are in degrees, Precision is as sent.
	Latitude  float64 `json:",omitempty"`
	Longitude float64 `json:",omitempty"`
	Precision float64 `json:",omitempty"`
	Scale     int64   `json:",omitempty"`
	Label     string  `json:",omitempty"`
	PlaceName string  `json:",omitempty"`

	Title       string `json:",omitempty"`
	Description string `json:",omitempty"`
	URL         string `json:",omitempty"`
	AppID       string `json:",omitempty"`
	PagePath    string `json:",omitempty"`
	ThumbURL    string `json:",omitempty"`

	// Event is the name of an event, one of the constants or another.
	Event         string `json:",omitempty"`
	EventKey      string `json:",omitempty"`
	Ticket        string `json:",omitempty"`
	MenuID        string `json:",omitempty"`
	ScanType      string `json:",omitempty"`
	ScanResult    string `json:",omitempty"`
	PictureCount  int64  `json:",omitempty"`
	KfAccount     string `json:",omitempty"`
	FromKfAccount string `json:",omitempty"`
	ToKfAccount   string `json:",omitempty"`
	// JobID names the sending that an event is about. It is not an id of the event.
	JobID       string `json:",omitempty"`
	Status      string `json:",omitempty"`
	SessionFrom string `json:",omitempty"`
}

// scenePrefix stands before the scene of a QR code in the EventKey of a follow, and nowhere else.
const scenePrefix = "qrscene_"

// Scene is the scene of the QR code that an event came from, "" without one.
func (m *Message) Scene() string {
	switch m.Event {
	case EventSubscribe:
		scene, found := strings.CutPrefix(m.EventKey, scenePrefix)
		if !found {
			return ""
		}
		return scene
	case EventScan:
		return m.EventKey
	default:
		return ""
	}
}

const (
	// maxPlainID is the longest MsgID that is part of an identity as it is.
	maxPlainID = 64
	// digestBytes of a SHA-256 make an identity: 128 bits.
	digestBytes = 16
)

// ID is the identity of a push within its account: WeChat's repeats of one push have the same, and different pushes have
// different ones. It holds letters, digits, "-" and "_" only, at most 72 bytes, and never changes between releases.
//
// Messages go by their MsgID. Events have none: theirs is made of the follower, the second, the event, its key and the
// job, because WeChat's own rule (follower and second) takes a follow and the location in the same second for one.
// A message without a MsgID goes by all that it says.
func (m *Message) ID() string {
	switch {
	case m.Kind == Event:
		return "event-" + digest(m.From, strconv.FormatInt(m.CreateTime, 10), m.Event, m.EventKey, m.JobID)
	case m.MsgID == "":
		all, err := json.Marshal(m)
		if err != nil {
			// A parsed message has no number that JSON cannot hold.
			all = []byte(m.From + "\n" + m.Type)
		}
		return "body-" + digest(string(all))
	case isPlain(m.MsgID):
		return "msg-" + m.MsgID
	default:
		return "msgid-" + digest(m.MsgID)
	}
}

func isPlain(id string) bool {
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return len(id) <= maxPlainID
}

// digest of parts, each with its length before it, so that moving a letter from one part to the next changes it.
func digest(parts ...string) string {
	var joined []byte
	for _, part := range parts {
		joined = binary.AppendUvarint(joined, uint64(len(part)))
		joined = append(joined, part...)
	}
	sum := sha256.Sum256(joined)
	return hex.EncodeToString(sum[:digestBytes])
}
