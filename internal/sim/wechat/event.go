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
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names of events, in the provider's mixture of cases.
const (
	eventSubscribe   = "subscribe"
	eventUnsubscribe = "unsubscribe"
	eventScan        = "SCAN"
	eventLocation    = "LOCATION"

	// scenePrefix stands before the scene in the key of a follow.
	scenePrefix = "qrscene_"
)

// Event is something other than a message that the account is told of.
type Event struct {
	// Name is compared exactly, as in CLICK, VIEW or kf_create_session.
	Name string `json:"name"`
	// Key is the EventKey, Ticket that of a QR code, MenuID that of the menu.
	Key    string `json:"key,omitempty"`
	Ticket string `json:"ticket,omitempty"`
	MenuID string `json:"menuID,omitempty"`
	// Scanned is what scancode_push and scancode_waitmsg have read.
	Scanned *Scanned `json:"scanned,omitempty"`
	// Pictures are the MD5 sums of what pic_sysphoto, pic_photo_or_album and
	// pic_weixin send; the pictures follow as messages.
	Pictures []string `json:"pictures,omitempty"`
	// Place is the choice of location_select.
	Place *Place `json:"place,omitempty"`
	// Position is what LOCATION reports.
	Position *Position `json:"position,omitempty"`
	// Fields are further elements by name, such as KfAccount.
	Fields map[string]string `json:"fields,omitempty"`
}

// Scanned is a code that a menu's scanner has read.
type Scanned struct {
	Type   string `json:"type"`
	Result string `json:"result"`
}

// Place is a place on the map.
type Place struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Scale     int     `json:"scale"`
	Label     string  `json:"label"`
	Name      string  `json:"name"`
}

// Position is where a follower's phone is.
type Position struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Precision float64 `json:"precision"`
}

// menuEvents permit customer messages; the other menu events do not.
var menuEvents = []string{"CLICK", "scancode_push", "scancode_waitmsg"}

// touches are events that the follower causes, beyond those that permit
// messages: the account may seem to type after them.
var touches = []string{
	"VIEW", "view_miniprogram", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select", eventLocation,
}

// silent are events whose answer is not shown to anybody.
var silent = []string{eventUnsubscribe, "TEMPLATESENDJOBFINISH", "MASSSENDJOBFINISH"}

// Click lets a follower tap a menu of type click.
func (s *Simulator) Click(appID, openID, key string) (Push, error) {
	return s.SendEvent(appID, openID, Event{Name: "CLICK", Key: key})
}

// SendEvent pushes an event about a follower, whoever causes it. Following,
// leaving and scanning have methods of their own.
func (s *Simulator) SendEvent(appID, openID string, event Event) (Push, error) {
	if event.Name == "" {
		return Push{}, conflict("the event has no name")
	}
	if slices.Contains([]string{eventSubscribe, eventUnsubscribe, eventScan}, event.Name) {
		return Push{}, conflict("%s has a call of its own", event.Name)
	}
	for name := range event.Fields {
		if !elementName(name) {
			return Push{}, conflict("%q is no name of a field", name)
		}
	}
	var sent Push
	err := s.withFollower(appID, openID, func(a *account, f *follower, now time.Time) error {
		if event.Name == eventLocation && !a.settings.Load().hasQRCodes() {
			return conflict("only verified service accounts are told positions")
		}
		var err error
		if sent, err = s.pushEventNamed(a, f, event, now); err != nil {
			return err
		}
		switch {
		case slices.Contains(menuEvents, event.Name):
			f.acts(actMenu, now, s.options.AddUpQuota)
		case slices.Contains(touches, event.Name):
			f.lastSeen = now
		}
		return nil
	})
	return sent, err
}

// elementName reports whether a text can be the name of an element.
func elementName(name string) bool {
	return name != "" && strings.Trim(name, lettersAndDigits+"_") == "" && strings.Trim(name[:1], "0123456789") != ""
}

// pushEvent pushes an event under the account's lock.
func (s *Simulator) pushEvent(a *account, f *follower, event Event, now time.Time) error {
	_, err := s.pushEventNamed(a, f, event, now)
	return err
}

// pushEventNamed also returns what was pushed.
func (s *Simulator) pushEventNamed(a *account, f *follower, event Event, now time.Time) (Push, error) {
	id := f.openID + "_" + strconv.FormatInt(now.Unix(), 10) + "_" + event.Name
	if event.Key != "" {
		id += "_" + event.Key
	}
	p := &push{
		account: a, follower: f, sent: Push{ID: id}, kind: "event", event: event.Name,
		message: event.document(a.settings.Load().OriginalID, f.openID, now),
	}
	return p.sent, s.pushes.enqueue(p)
}

// document is the XML of an event.
func (e Event) document(to, from string, now time.Time) string {
	x := &xmlText{}
	x.head(to, from, now, "event")
	x.text("Event", e.Name)
	// Some events have an empty key.
	if e.Key != "" || e.Name == eventSubscribe || e.Name == eventUnsubscribe || e.MenuID != "" {
		x.text("EventKey", e.Key)
	}
	x.optional("Ticket", e.Ticket)
	if e.MenuID != "" {
		x.value("MenuId", e.MenuID)
	}
	if e.Scanned != nil {
		x.open("ScanCodeInfo")
		x.text("ScanType", e.Scanned.Type)
		x.text("ScanResult", e.Scanned.Result)
		x.end("ScanCodeInfo")
	}
	if e.Pictures != nil {
		x.pictures(e.Pictures)
	}
	if e.Place != nil {
		x.open("SendLocationInfo")
		x.text("Location_X", decimal(e.Place.Latitude))
		x.text("Location_Y", decimal(e.Place.Longitude))
		x.text("Scale", strconv.Itoa(e.Place.Scale))
		x.text("Label", e.Place.Label)
		x.text("Poiname", e.Place.Name)
		x.end("SendLocationInfo")
	}
	if e.Position != nil {
		x.number("Latitude", decimal(e.Position.Latitude))
		x.number("Longitude", decimal(e.Position.Longitude))
		x.number("Precision", decimal(e.Position.Precision))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		x.value(name, e.Fields[name])
	}
	x.end("xml")
	return x.out.String()
}

func (x *xmlText) pictures(sums []string) {
	x.open("SendPicsInfo")
	x.number("Count", strconv.Itoa(len(sums)))
	x.open("PicList")
	for _, sum := range sums {
		x.open("item")
		x.text("PicMd5Sum", sum)
		x.end("item")
	}
	x.end("PicList")
	x.end("SendPicsInfo")
}

// head begins a document with what all of them have.
func (x *xmlText) head(to, from string, now time.Time, kind string) {
	x.open("xml")
	x.text("ToUserName", to)
	x.text("FromUserName", from)
	x.number("CreateTime", strconv.FormatInt(now.Unix(), 10))
	x.text("MsgType", kind)
}

// decimal writes a coordinate as the provider does, with six digits behind
// the point.
func decimal(value float64) string { return strconv.FormatFloat(value, 'f', 6, 64) }
