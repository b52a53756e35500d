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
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

const (
	// MaxEntryBytes bounds an encoded entry. Genuine ones have up to about 30 KiB.
	MaxEntryBytes = 64 << 10
	// commandBytes more than its message has a command.
	commandBytes = 4 << 10

	entryVersion = 1
	maxNameBytes = 128
	// maxDetailBytes bounds a provider's text in a letter.
	maxDetailBytes = 256
	// maxMilliseconds bounds times, so that sums of them stay numbers.
	maxMilliseconds = 1 << 47 // the year 6429
)

var (
	// ErrEntry says that an entry cannot be read or written.
	ErrEntry = errors.New("not an entry of the relay")
	// ErrEntrySize says that an entry is longer than MaxEntryBytes.
	ErrEntrySize = errors.New("the entry of the relay is too long")
)

// Entry is one entry of the relay's log. Exactly one of Inbound, Outbound and
// Command is set.
type Entry struct {
	// Account is the UID of the WeChatOfficialAccount, OpenID names its customer.
	Account string `json:"account"`
	OpenID  string `json:"openID"`

	Inbound  *Inbound  `json:"inbound,omitempty"`
	Outbound *Outbound `json:"outbound,omitempty"`
	Command  *Command  `json:"command,omitempty"`
}

// Inbound is a push of WeChat that was accepted.
type Inbound struct {
	Push push.Message `json:"push"`
	// Received is when it was accepted, in milliseconds since 1970.
	Received int64 `json:"received"`
	// Told is what the answer to the push said.
	Told Told `json:"told,omitzero"`
}

// Source is how a message of an agent became known.
type Source string

const (
	// Callback is IM's callback after sending.
	Callback Source = "Callback"
	// Roaming is a read of the conversation's history.
	Roaming Source = "Roaming"
)

// Outbound is what an agent wrote to a customer's account in IM.
type Outbound struct {
	// Agent is the UserID of the agent.
	Agent  string `json:"agent"`
	MsgKey string `json:"msgKey"`
	// MsgSeq orders messages of one second.
	MsgSeq    uint32 `json:"msgSeq"`
	MsgRandom uint32 `json:"msgRandom"`
	// MsgTime is IM's time in seconds since 1970.
	MsgTime int64 `json:"msgTime"`
	// Body is the MsgBody, a JSON array.
	Body            json.RawMessage `json:"body"`
	CloudCustomData string          `json:"cloudCustomData,omitempty"`
	Source          Source          `json:"source"`
	// Received is when it became known, in milliseconds since 1970.
	Received int64 `json:"received"`
}

// Command is the operator's: a dead letter is to be tried again.
type Command struct {
	// Name of the command, unique within the account, of at most 128 bytes.
	Name string `json:"name"`
	// Replay is the letter, for the customer of the entry.
	Replay *Letter `json:"replay"`
	// Received is when the command was given, in milliseconds since 1970.
	Received int64 `json:"received"`
}

// storedEntry is an entry as it is stored.
type storedEntry struct {
	Version int `json:"v"`
	*Entry
}

// Key names the customer: the account's UID, a slash and the OpenID.
func (e *Entry) Key() string { return Key(e.Account, e.OpenID) }

// Key names a customer of an account.
func Key(account, openID string) string { return account + "/" + openID }

// ID is the identity of the entry in the log: a push and its repeats have one,
// and so have the callback and the history of one message. IM's key of a message
// is of its numbers alone: two messages that were sent to different people in one
// second may have the same.
func (e *Entry) ID() string { return e.Key() + "/" + e.id() }

// id is the identity among the entries of a customer.
func (e *Entry) id() string {
	switch {
	case e.Inbound != nil:
		return e.Inbound.Push.ID()
	case e.Outbound != nil:
		return e.Outbound.Agent + "/" + e.Outbound.MsgKey
	case e.Command != nil:
		return "replay-" + e.Command.Name
	default:
		return ""
	}
}

// AppendTo appends the encoded entry. A command may have all of MaxEntryBytes, and
// a message 4 KiB less, so that it can be replayed by a command. Errors are ErrEntry with a reason and
// ErrEntrySize; to is then returned as it was.
func (e *Entry) AppendTo(to []byte) ([]byte, error) {
	if why := e.flaw(); why != "" {
		return to, fmt.Errorf("%w: %s", ErrEntry, why)
	}
	data, err := encode(storedEntry{Version: entryVersion, Entry: e})
	if err != nil {
		return to, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	if len(data) > MaxEntryBytes || e.Command == nil && len(data) > MaxEntryBytes-commandBytes {
		return to, ErrEntrySize
	}
	return append(to, data...), nil
}

// DecodeEntry reads an entry back. Errors are ErrEntry with a reason and
// ErrEntrySize, and quote nothing of the entry.
func DecodeEntry(data []byte) (*Entry, error) {
	if len(data) > MaxEntryBytes {
		return nil, ErrEntrySize
	}
	stored := storedEntry{Entry: &Entry{}}
	if json.Unmarshal(data, &stored) != nil || stored.Entry == nil {
		return nil, fmt.Errorf("%w: not the JSON of one", ErrEntry)
	}
	if stored.Version != entryVersion {
		return nil, fmt.Errorf("%w: version %d is not known", ErrEntry, stored.Version)
	}
	if why := stored.flaw(); why != "" {
		return nil, fmt.Errorf("%w: %s", ErrEntry, why)
	}
	return stored.Entry, nil
}

// flaw says what is wrong with an entry, "" if nothing is.
func (e *Entry) flaw() string {
	kinds := 0
	for _, is := range []bool{e.Inbound != nil, e.Outbound != nil, e.Command != nil} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return "not one of the three kinds"
	case !isName(e.Account) || strings.Contains(e.Account, "/"):
		return "the account has no name"
	case !isName(e.OpenID):
		return "the customer has no name"
	case e.Inbound != nil:
		return e.Inbound.flaw()
	case e.Outbound != nil:
		return e.Outbound.flaw()
	default:
		return e.Command.flaw(e.Key())
	}
}

func (in *Inbound) flaw() string {
	switch {
	case !isTime(in.Received):
		return "the push came at no time"
	case in.Push.CreateTime < 0 || in.Push.CreateTime > maxMilliseconds:
		return "the push was made at no time"
	default:
		return ""
	}
}

func (out *Outbound) flaw() string {
	switch {
	case !isName(out.Agent):
		return "the agent has no name"
	case !isName(out.MsgKey):
		return "the message has no key"
	case !isTime(out.Received) || out.MsgTime < 0 || out.MsgTime > maxMilliseconds:
		return "the message came at no time"
	case !isArray(out.Body):
		return "the message has no body"
	default:
		return ""
	}
}

func (c *Command) flaw(key string) string {
	switch {
	case !isName(c.Name):
		return "the command has no name"
	case !isTime(c.Received):
		return "the command came at no time"
	case c.Replay == nil:
		return "the command has no letter"
	case c.Replay.Entry == nil || c.Replay.Entry.Key() != key:
		return "the letter is another customer's"
	default:
		return c.Replay.flaw()
	}
}

func isName(name string) bool { return name != "" && len(name) <= maxNameBytes }

func isTime(milliseconds int64) bool { return milliseconds >= 0 && milliseconds <= maxMilliseconds }

// isArray tells an array from other valid JSON.
func isArray(body json.RawMessage) bool {
	return len(body) > 0 && body[0] == '[' && json.Valid(body)
}

// encode writes compact JSON without escaping what need not be, so that what was
// compact before stays as it is, byte for byte.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
