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

package push

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	// MaxBytes bounds a body, encrypted or not. The longest genuine ones, reports of a mass sending in compatible mode,
	// have about a tenth of it.
	MaxBytes = 256 << 10
	// maxDepth of elements. Genuine bodies have up to 5.
	maxDepth = 8
	// maxElements of a body. Genuine ones have up to a hundred.
	maxElements = 512
	// maxNameBytes bounds the names of the two sides. An OpenID has 28.
	maxNameBytes = 128
)

// Why a body is refused.
var (
	// ErrSize: longer than MaxBytes.
	ErrSize = errors.New("the body is too long")
	// ErrSyntax: not XML with the root <xml>, not a JSON object, or with a directive, an entity or an instruction.
	ErrSyntax = errors.New("the body is neither the XML nor the JSON of a push")
	// ErrShape: too deep, too many elements, or a field that comes twice.
	ErrShape = errors.New("the body has not the shape of a push")
	// ErrField: a field that all pushes have is missing or is not what it should be.
	ErrField = errors.New("a field is missing or wrong")
)

// Envelope is the body of a push in safe mode. Compatible mode has its fields beside those of the message.
type Envelope struct {
	// ToUserName is the original id of the account.
	ToUserName string
	// Encrypt is the encrypted message in base64, as it is signed.
	Encrypt string
}

// ParseEnvelope reads the envelope of an encrypted push. Errors are of the closed set above.
func ParseEnvelope(body []byte) (Envelope, error) {
	f, err := read(body)
	if err != nil {
		return Envelope{}, err
	}
	e := Envelope{ToUserName: f.word("ToUserName"), Encrypt: f.word("Encrypt")}
	if e.Encrypt == "" {
		return Envelope{}, missing("Encrypt")
	}
	return e, nil
}

// Parse reads a push in clear: a body in plain or compatible mode, or what was decrypted. Unknown fields are ignored,
// and numbers that cannot be read count as absent where a push can do without. Errors are of the closed set above and
// quote nothing of the body.
func Parse(body []byte) (*Message, error) {
	f, err := read(body)
	if err != nil {
		return nil, err
	}
	return f.message()
}

// fields are the texts of a body by their names; those of a nested object have its name and a slash before them.
type fields map[string]string

// wanted are the names that are kept. The field of a message's id is spelt in two ways.
var wanted = func() map[string]bool {
	names := make(map[string]bool)
	for _, name := range []string{
		"ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "MsgID", "MsgDataId", "Idx", "Encrypt",
		"Content", "bizmsgmenuid", "PicUrl", "MediaId", "ThumbMediaId", "Format", "MediaId16K", "Recognition",
		"Location_X", "Location_Y", "Scale", "Label", "Title", "Description", "Url",
		"AppId", "PagePath", "ThumbUrl",
		"Event", "EventKey", "Ticket", "MenuId", "Latitude", "Longitude", "Precision",
		"KfAccount", "FromKfAccount", "ToKfAccount", "Status", "SessionFrom",
		"ScanCodeInfo/ScanType", "ScanCodeInfo/ScanResult", "SendPicsInfo/Count",
		"SendLocationInfo/Location_X", "SendLocationInfo/Location_Y", "SendLocationInfo/Scale",
		"SendLocationInfo/Label", "SendLocationInfo/Poiname",
	} {
		names[name] = true
	}
	return names
}()

// put keeps a field if it is wanted. One that comes twice could mean one thing to us and another to who checked it.
func (f fields) put(name, text string) error {
	if !wanted[name] {
		return nil
	}
	if _, twice := f[name]; twice {
		return fmt.Errorf("%w: %s comes twice", ErrShape, name)
	}
	f[name] = text
	return nil
}

// word is a field in which white space at the ends means nothing.
func (f fields) word(names ...string) string {
	for _, name := range names {
		if word := strings.TrimSpace(f[name]); word != "" {
			return word
		}
	}
	return ""
}

// whole reads a number that may be written with a fraction, as some senders do with the scale of a map.
func (f fields) whole(name string) int64 {
	text, _, _ := strings.Cut(f.word(name), ".")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// degrees reads an angle between -limit and limit.
func (f fields) degrees(name string, limit float64) (float64, bool) {
	angle, err := strconv.ParseFloat(f.word(name), 64)
	if err != nil || !(math.Abs(angle) <= limit) {
		return 0, false
	}
	return angle, true
}

// position reads a pair of angles, both or none.
func (f fields) position(latitude, longitude string) (north, east float64, ok bool) {
	north, northOK := f.degrees(latitude, 90)
	east, eastOK := f.degrees(longitude, 180)
	if !northOK || !eastOK {
		return 0, 0, false
	}
	return north, east, true
}

func missing(name string) error { return fmt.Errorf("%w: %s", ErrField, name) }

// kinds by MsgType.
var kinds = map[string]Kind{
	"text": Text, "image": Image, "voice": Voice, "video": Video, "shortvideo": ShortVideo, "location": Location,
	"link": Link, "miniprogrampage": MiniProgramPage, "event": Event,
}

// message makes the Message of the fields.
func (f fields) message() (*Message, error) {
	m := &Message{
		Type: f.word("MsgType"), To: f.word("ToUserName"), From: f.word("FromUserName"),
		ArticleDataID: f.word("MsgDataId"), ArticleIndex: f.whole("Idx"),
	}
	switch {
	case m.Type == "":
		return nil, missing("MsgType")
	case m.To == "" || len(m.To) > maxNameBytes:
		return nil, missing("ToUserName")
	case m.From == "" || len(m.From) > maxNameBytes:
		return nil, missing("FromUserName")
	}
	var err error
	if m.CreateTime, err = strconv.ParseInt(f.word("CreateTime"), 10, 64); err != nil || m.CreateTime < 0 {
		return nil, missing("CreateTime")
	}
	if m.Kind = kinds[m.Type]; m.Kind == "" {
		m.Kind = Unknown
	}
	if m.Kind == Event {
		if m.Event = f.word("Event"); m.Event == "" {
			return nil, missing("Event")
		}
		f.fillEvent(m)
		return m, nil
	}
	m.MsgID = f.word("MsgId", "MsgID")
	f.fill(m)
	return m, nil
}

// fill takes the fields of a follower's message.
func (f fields) fill(m *Message) {
	switch m.Kind {
	case Text:
		m.Content, m.BizMenuID = f["Content"], f.word("bizmsgmenuid")
	case Image:
		m.MediaID, m.PicURL = f.word("MediaId"), f.word("PicUrl")
	case Voice:
		m.MediaID, m.MediaID16K = f.word("MediaId"), f.word("MediaId16K")
		m.Format, m.Recognition = f.word("Format"), f["Recognition"]
	case Video, ShortVideo:
		m.MediaID, m.ThumbMediaID = f.word("MediaId"), f.word("ThumbMediaId")
	case Location:
		var ok bool
		if m.Latitude, m.Longitude, ok = f.position("Location_X", "Location_Y"); !ok {
			m.Kind = Unknown
			return
		}
		m.Scale, m.Label = f.whole("Scale"), f["Label"]
	case Link:
		m.Title, m.Description, m.URL = f["Title"], f["Description"], f.word("Url")
	case MiniProgramPage:
		m.Title, m.AppID, m.PagePath = f["Title"], f.word("AppId"), f.word("PagePath")
		m.ThumbURL, m.ThumbMediaID = f.word("ThumbUrl"), f.word("ThumbMediaId")
	default:
	}
}

// fillEvent takes the fields of all events: their names do not collide, and an event that is not known yet may have any.
func (f fields) fillEvent(m *Message) {
	m.EventKey, m.Ticket, m.MenuID = f.word("EventKey"), f.word("Ticket"), f.word("MenuId")
	m.KfAccount, m.FromKfAccount, m.ToKfAccount = f.word("KfAccount"), f.word("FromKfAccount"), f.word("ToKfAccount")
	m.JobID, m.Status, m.SessionFrom = f.word("MsgID", "MsgId"), f.word("Status"), f.word("SessionFrom")
	m.ScanType, m.ScanResult = f.word("ScanCodeInfo/ScanType"), f["ScanCodeInfo/ScanResult"]
	m.PictureCount = f.whole("SendPicsInfo/Count")
	m.Scale, m.Label = f.whole("SendLocationInfo/Scale"), f["SendLocationInfo/Label"]
	m.PlaceName = f["SendLocationInfo/Poiname"]
	var ok bool
	if m.Latitude, m.Longitude, ok = f.position("SendLocationInfo/Location_X", "SendLocationInfo/Location_Y"); ok {
		return
	}
	m.Latitude, m.Longitude, _ = f.position("Latitude", "Longitude")
	m.Precision, _ = f.degrees("Precision", math.MaxFloat64)
}
