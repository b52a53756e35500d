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

package conversation

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Cause is why something was given up, from a closed set.
type Cause string

const (
	// UnknownOutcome: nobody knows whether the provider took it.
	UnknownOutcome Cause = "UnknownOutcome"
	// WaitedTooLong: the customer did not write again in time.
	WaitedTooLong Cause = "WaitedTooLong"
	// TooManyWaiting: newer replies took its place.
	TooManyWaiting Cause = "TooManyWaiting"
	// NotFollowing: the customer does not follow the account.
	NotFollowing Cause = "NotFollowing"
	// MediaExpired: WeChat does not have the media any more, nor could it be uploaded again.
	MediaExpired Cause = "MediaExpired"
	// Refused: the provider refuses it as it is.
	Refused Cause = "Refused"
	// Unsupported: WeChat has nothing that could show it.
	Unsupported Cause = "Unsupported"
	// NoSuchAgent: IM knows none of the agents.
	NoSuchAgent Cause = "NoSuchAgent"
	// NoAccount: IM does not take the customer's account.
	NoAccount Cause = "NoAccount"
	// TooLarge: it is longer than can be kept.
	TooLarge Cause = "TooLarge"
)

// MaxLetterBytes bounds an encoded letter.
const MaxLetterBytes = MaxEntryBytes

const letterVersion = 1

// ErrLetter says that a letter cannot be read.
var ErrLetter = errors.New("not a dead letter of the relay")

// Letter is a message that was given up: what is needed to try it again.
type Letter struct {
	// ID of the message among those of its customer; the same however often the
	// letter is written.
	ID    string `json:"id"`
	Cause Cause  `json:"cause"`
	// Code is the provider's, 0 without one.
	Code int `json:"code,omitempty"`
	// Detail is the provider's text, at most 256 bytes.
	Detail string `json:"detail,omitempty"`
	// Time of giving up, in milliseconds since 1970.
	Time int64 `json:"time"`
	// Done parts had arrived before. A replay leaves them out.
	Done int `json:"done,omitempty"`
	// Entry is the message, an Inbound or an Outbound.
	Entry *Entry `json:"entry"`
}

// storedLetter is a letter as it is stored.
type storedLetter struct {
	Version int `json:"v"`
	*Letter
}

// Lane tells the direction of the message.
func (l *Letter) Lane() Lane {
	if l.Entry.Outbound != nil {
		return ToCustomer
	}
	return ToAgent
}

// AppendTo appends the encoded letter. The error is ErrLetter with a reason; to is
// then returned as it was.
func (l *Letter) AppendTo(to []byte) ([]byte, error) {
	if why := l.flaw(); why != "" {
		return to, fmt.Errorf("%w: %s", ErrLetter, why)
	}
	data, err := encode(storedLetter{Version: letterVersion, Letter: l})
	if err != nil {
		return to, fmt.Errorf("%w: %w", ErrLetter, err)
	}
	return append(to, data...), nil
}

// DecodeLetter reads a letter back. The error is ErrLetter with a reason that
// quotes nothing of it.
func DecodeLetter(data []byte) (*Letter, error) {
	if len(data) > MaxLetterBytes {
		return nil, fmt.Errorf("%w: it is too long", ErrLetter)
	}
	stored := storedLetter{Letter: &Letter{}}
	if json.Unmarshal(data, &stored) != nil || stored.Letter == nil {
		return nil, fmt.Errorf("%w: not the JSON of one", ErrLetter)
	}
	if stored.Version != letterVersion {
		return nil, fmt.Errorf("%w: version %d is not known", ErrLetter, stored.Version)
	}
	if why := stored.flaw(); why != "" {
		return nil, fmt.Errorf("%w: %s", ErrLetter, why)
	}
	return stored.Letter, nil
}

func (l *Letter) flaw() string {
	switch {
	case !isLocalID(l.ID):
		return "it has no id"
	case l.Entry == nil || l.Entry.Command != nil:
		return "it has no message"
	case !isTime(l.Time) || l.Done < 0 || len(l.Detail) > maxDetailBytes:
		return "a field is out of bounds"
	default:
		return l.Entry.flaw()
	}
}

// maxLocalID bounds the id of what waits: that of an entry, which may begin with the
// name of an agent.
const maxLocalID = 2*maxNameBytes + 1

func isLocalID(id string) bool { return id != "" && len(id) <= maxLocalID }
