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

package event

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

// Fields of an encoded event, in the wire format of protocol buffers: short, and
// quick to read, because every event is written once and read by every replica.
// The numbers are stored: a new meaning is a new number, and a reader skips those
// that it does not know.
const (
	fieldKind = iota + 1
	fieldSDKAppID
	fieldRoom
	fieldUser
	fieldName
	fieldCount
	fieldTime
	fieldScore
	fieldSeen
)

// Fields of a score.
const (
	scorePolicy = iota + 1
	scoreRule
	scorePoints
	scorePerMinute
)

// Fields of what was seen.
const (
	seenField = iota + 1
	seenDigest
)

// ErrEncoding means that an entry is not an event.
var ErrEncoding = errors.New("the entry is not an event")

// appendTo appends the encoded event.
func (e *Event) appendTo(b []byte) []byte {
	b = appendText(b, fieldKind, string(e.Kind))
	b = appendNumber(b, fieldSDKAppID, e.SDKAppID)
	b = appendText(b, fieldRoom, e.Room)
	b = appendText(b, fieldUser, e.User)
	b = appendText(b, fieldName, e.Name)
	b = appendNumber(b, fieldCount, e.Count)
	b = appendNumber(b, fieldTime, e.Time)
	var part []byte
	for _, s := range e.Scores {
		part = appendText(part[:0], scorePolicy, s.Policy)
		part = appendText(part, scoreRule, s.Rule)
		part = appendNumber(part, scorePoints, s.Points)
		part = appendNumber(part, scorePerMinute, s.PerMinute)
		b = appendPart(b, fieldScore, part)
	}
	for _, field := range slices.Sorted(maps.Keys(e.Seen)) {
		part = appendText(part[:0], seenField, field)
		part = appendText(part, seenDigest, e.Seen[field])
		b = appendPart(b, fieldSeen, part)
	}
	return b
}

func appendText(b []byte, field protowire.Number, text string) []byte {
	if text == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

func appendNumber(b []byte, field protowire.Number, n int64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), protowire.EncodeZigZag(n))
}

func appendPart(b []byte, field protowire.Number, part []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), part)
}

// Decode reads an event back.
func Decode(entry *journal.Entry) (Event, error) {
	e := Event{ID: entry.ID}
	err := fields(entry.Data, func(field int32, number int64, data []byte) error {
		switch field {
		case fieldKind:
			e.Kind = kindOf(data)
		case fieldSDKAppID:
			e.SDKAppID = number
		case fieldRoom:
			e.Room = string(data)
		case fieldUser:
			e.User = string(data)
		case fieldName:
			e.Name = string(data)
		case fieldCount:
			e.Count = number
		case fieldTime:
			e.Time = number
		case fieldScore:
			return e.addScore(data)
		case fieldSeen:
			return e.addSeen(data)
		}
		return nil
	})
	if err == nil && e.Kind == "" {
		err = fmt.Errorf("%w: it has no kind", ErrEncoding)
	}
	if err != nil {
		return Event{}, err
	}
	return e, nil
}

func (e *Event) addScore(data []byte) error {
	var s Score
	err := fields(data, func(field int32, number int64, data []byte) error {
		switch field {
		case scorePolicy:
			s.Policy = string(data)
		case scoreRule:
			s.Rule = string(data)
		case scorePoints:
			s.Points = number
		case scorePerMinute:
			s.PerMinute = number
		}
		return nil
	})
	e.Scores = append(e.Scores, s)
	return err
}

func (e *Event) addSeen(data []byte) error {
	var name, digest string
	err := fields(data, func(field int32, _ int64, data []byte) error {
		switch field {
		case seenField:
			name = string(data)
		case seenDigest:
			digest = string(data)
		}
		return nil
	})
	if e.Seen == nil {
		e.Seen = map[string]string{}
	}
	e.Seen[name] = digest
	return err
}

// fields visits the fields of a message: those that hold a number with it, those
// that hold bytes with them, others with neither.
func fields(data []byte, visit func(field int32, number int64, data []byte) error) error {
	for len(data) > 0 {
		field, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrEncoding, protowire.ParseError(n))
		}
		data = data[n:]
		var number uint64
		var value []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(data)
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(data)
		case protowire.Fixed32Type, protowire.Fixed64Type, protowire.StartGroupType, protowire.EndGroupType:
			n = protowire.ConsumeFieldValue(field, kind, data)
		default:
			n = -1
		}
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrEncoding, protowire.ParseError(n))
		}
		data = data[n:]
		if err := visit(int32(field), protowire.DecodeZigZag(number), value); err != nil {
			return err
		}
	}
	return nil
}

// kinds that are known need no memory of their own for each event.
var kinds = func() map[string]Kind {
	all := map[string]Kind{}
	for _, k := range []Kind{
		Message, Blocked, Masked, Joined, Left, Reached, Lost, Counted, Created, Destroyed, Changed, Kept, Heard, Presence,
	} {
		all[string(k)] = k
	}
	return all
}()

func kindOf(data []byte) Kind {
	if k, known := kinds[string(data)]; known {
		return k
	}
	return Kind(data)
}
