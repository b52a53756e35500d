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

package live

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
)

// RoomID is a number or a text; the number 7 and the text "7" are different rooms.
type RoomID struct {
	number uint32
	text   string
}

const maxRoomNumber = 4294967294

var (
	roomNames = regexp.MustCompile(`^[A-Za-z0-9 !#$%&()+:;<=.>?@\[\]^_{}|~,-]{1,64}$`)
	errRoomID = errors.New("a room id is a number from 1 to 4294967294, or a text of at most 64 characters")
)

// RoomNumber is a room with a number, from 1 to 4294967294.
func RoomNumber(number uint32) RoomID { return RoomID{number: number} }

// RoomName is a room with a text.
func RoomName(text string) RoomID { return RoomID{text: text} }

func (id RoomID) valid() bool {
	if id.text != "" {
		return id.number == 0 && roomNames.MatchString(id.text)
	}
	return id.number >= 1 && id.number <= maxRoomNumber
}

// kind is RoomType of callbacks, and ver of a privateMapKey.
func (id RoomID) kind() int {
	if id.text != "" {
		return 1
	}
	return 0
}

func (id RoomID) String() string {
	if id.text != "" {
		return id.text
	}
	return strconv.FormatUint(uint64(id.number), 10)
}

// MarshalJSON writes the kind that the client used.
func (id RoomID) MarshalJSON() ([]byte, error) {
	if id.text != "" {
		return json.Marshal(id.text)
	}
	return json.Marshal(id.number)
}

// UnmarshalJSON takes both kinds.
func (id *RoomID) UnmarshalJSON(data []byte) error {
	*id = RoomID{}
	if json.Unmarshal(data, &id.number) != nil && json.Unmarshal(data, &id.text) != nil || !id.valid() {
		return errRoomID
	}
	return nil
}
