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

package im

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxDepth of nesting in a body. Genuine ones have about eight levels.
const maxDepth = 32

// errNested is the outcome of a body with more levels than maxDepth.
var errNested = errors.New("nested too deeply")

// Callback is the body of a callback: the fields of all commands that are acted
// upon (sections 3.1 to 3.25 of the callback contract). Absent fields are zero.
type Callback struct {
	CallbackCommand string
	GroupID         string `json:"GroupId"`
	Type            string
	From            string `json:"From_Account"`
	To              string `json:"To_Account"`
	Operator        string `json:"Operator_Account"`
	Owner           string `json:"Owner_Account"`
	Requestor       string `json:"Requestor_Account"`
	OldOwner        string `json:"OldOwner_Account"`
	NewOwner        string `json:"NewOwner_Account"`
	EventTime       number
	MsgTime         number
	MsgSeq          number
	Random          number
	MsgRandom       number
	MsgKey          string
	MsgID           string          `json:"MsgId"`
	MsgBody         json.RawMessage // parsed only where it is looked at
	CloudCustomData string
	TopicID         string `json:"TopicId"`
	NewMemberList   members
	ExitMemberList  members
	MemberList      members
	Destinations    members `json:"DestinationMembers"`
	EventType       string
	EventCause      string
	OptionType      string
	GroupAttr       []attribute
	Name            *string
	Introduction    *string
	Notification    *string
	FaceURL         *string `json:"FaceUrl"`
	ShutUpAllMember scalar  // its form is not documented
	ProfileItem     []profileItem
	Info            json.RawMessage // of State.StateChange
	SendMsgResult   number          // of C2C.CallbackAfterSendMsg; 0 is success
	OnlineOnlyFlag  number
}

// connection is the Info of State.StateChange.
type connection struct {
	Action  string
	Account string `json:"To_Account"`
	Reason  string
}

// members are the UserIDs of a list.
type members []string

// UnmarshalJSON takes entries as objects, which may have any other fields, or as
// plain texts.
func (m *members) UnmarshalJSON(data []byte) error {
	var entries []member
	if err := json.Unmarshal(data, &entries); err != nil {
		return err
	}
	for _, entry := range entries {
		if entry != "" {
			*m = append(*m, string(entry))
		}
	}
	return nil
}

// member is one entry.
type member string

// UnmarshalJSON implements json.Unmarshaler.
func (m *member) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, (*string)(m))
	}
	var entry struct {
		Account string `json:"Member_Account"`
	}
	if err := json.Unmarshal(data, &entry); err != nil {
		return err
	}
	*m = member(entry.Account)
	return nil
}

// attribute of a group; its keys are lower case, unlike those of custom fields.
type attribute struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// profileItem is a changed field of a profile. Values are texts or numbers.
type profileItem struct {
	Tag   string
	Value scalar
}

// number is an integer that IM writes as a number or as a text.
type number uint64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "" || text == "null" {
		return nil
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		// -1 stands for unknown in places, and a fraction costs nothing.
		float, floatErr := strconv.ParseFloat(text, 64)
		if floatErr != nil || float != float {
			return fmt.Errorf("%.32q is not a number", text)
		}
		value = 0 // and so is what has more than 64 bits
		if float > 0 && float < 1<<63 {
			value = uint64(float)
		}
	}
	*n = number(value)
	return nil
}

// scalar is a text or the text of a number.
type scalar string

// UnmarshalJSON implements json.Unmarshaler.
func (s *scalar) UnmarshalJSON(data []byte) error {
	var text string
	switch {
	case bytes.Equal(data, []byte("null")):
	case len(data) > 0 && data[0] == '"':
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	case len(data) > 0 && (data[0] == '{' || data[0] == '['):
		// A form that nobody has seen yet: not a value to compare with anything.
	default:
		text = string(data)
	}
	*s = scalar(text)
	return nil
}

// parse reads a body. Unknown fields are ignored. Of a command that is not
// acted upon, only the name has to be readable.
func (c *Callback) parse(body []byte) error {
	if tooDeep(body) {
		return errNested
	}
	if err := json.Unmarshal(body, c); err != nil {
		var named struct{ CallbackCommand string }
		if json.Unmarshal(body, &named) != nil || acted[named.CallbackCommand] {
			return fmt.Errorf("not the JSON object of a callback: %w", err)
		}
		*c = Callback{CallbackCommand: named.CallbackCommand}
	}
	if c.CallbackCommand == "" {
		return errors.New("no CallbackCommand")
	}
	return nil
}

// tooDeep counts brackets outside of texts, before a parser recurses into them.
func tooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// moment is when it happened: EventTime is in milliseconds, MsgTime in seconds.
// Without either, or with one that cannot be right, it is now.
func (c *Callback) moment(now time.Time) time.Time {
	at := now
	switch {
	case c.EventTime > 0:
		at = time.UnixMilli(int64(min(c.EventTime, 1<<62)))
	case c.MsgTime > 0:
		at = time.Unix(int64(min(c.MsgTime, 1<<40)), 0)
	}
	if at.After(now.Add(time.Hour)) || at.Before(now.Add(-30*24*time.Hour)) {
		return now
	}
	return at
}
