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
	"context"
	"fmt"
	"time"
)

// Source is how a message came to a follower's phone.
type Source string

// The sources.
const (
	// Passive is the answer to a push.
	Passive Source = "Passive"
	// Custom is a customer message.
	Custom Source = "Custom"
	// Unavailable is what WeChat itself shows when a push was answered badly
	// or not at all.
	Unavailable Source = "Unavailable"
)

// UnavailableText is what WeChat shows when a push was answered badly or not
// at all.
const UnavailableText = "该公众号暂时无法提供服务，请稍后再试"

// Mark says what is strange about a message on the phone.
type Mark string

// The marks.
const (
	// EscapedUnicode: the sender wrote characters as \uXXXX, which are shown
	// just so.
	EscapedUnicode Mark = "EscapedUnicode"
	// EscapedHTML: the text holds HTML entities, which are shown just so.
	EscapedHTML Mark = "EscapedHTML"
	// TooManyArticles: articles after the last one that is shown were left
	// out.
	TooManyArticles Mark = "TooManyArticles"
)

// PhoneMessage is what arrived on a follower's phone. It has the fields of its
// type only.
type PhoneMessage struct {
	// Sequence counts from 1 for each follower.
	Sequence uint64    `json:"sequence"`
	Time     time.Time `json:"time"`
	Source   Source    `json:"source"`
	// Answers is the push that a passive message answers: its Push.ID.
	Answers string `json:"answers,omitempty"`
	// Type is the msgtype; text for an Unavailable one.
	Type string `json:"type"`
	// Agent is the account of WeChat's own customer service in whose name it
	// was sent.
	Agent string `json:"agent,omitempty"`

	Text         string    `json:"text,omitempty"`
	MediaID      string    `json:"mediaID,omitempty"`
	ThumbMediaID string    `json:"thumbMediaID,omitempty"`
	Title        string    `json:"title,omitempty"`
	Description  string    `json:"description,omitempty"`
	MusicURL     string    `json:"musicURL,omitempty"`
	HQMusicURL   string    `json:"hqMusicURL,omitempty"`
	URL          string    `json:"url,omitempty"`
	PictureURL   string    `json:"pictureURL,omitempty"`
	Articles     []Article `json:"articles,omitempty"`
	ArticleID    string    `json:"articleID,omitempty"`
	Menu         *Menu     `json:"menu,omitempty"`
	CardID       string    `json:"cardID,omitempty"`
	AppID        string    `json:"appID,omitempty"`
	PagePath     string    `json:"pagePath,omitempty"`

	Marks []Mark `json:"marks,omitempty"`
}

// Article is a link to a page with a picture.
type Article struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	PictureURL  string `json:"pictureURL,omitempty"`
	URL         string `json:"url"`
}

// Menu is a question with items to tap.
type Menu struct {
	Head  string     `json:"head,omitempty"`
	Items []MenuItem `json:"items"`
	Tail  string     `json:"tail,omitempty"`
}

// MenuItem is an answer to tap; see Simulator.TapMenuItem.
type MenuItem struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

// phone is what a follower sees. It is guarded by the account's lock.
type phone struct {
	messages    *ring[PhoneMessage]
	unavailable int
	changed     chan struct{} // closed at the next arrival; nil without anybody waiting
}

func newPhone() phone { return phone{messages: newRing[PhoneMessage](maxPhone)} }

// arrive shows a message on the phone of a follower.
func (f *follower) arrive(m PhoneMessage, now time.Time) {
	p := &f.phone
	m.Sequence, m.Time = p.messages.total+1, now
	p.messages.push(m)
	if m.Source == Unavailable {
		p.unavailable++
	}
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// Phone returns what arrived on the phone of a follower, oldest first: at most
// the last 2000 messages.
func (s *Simulator) Phone(appID, openID string) ([]PhoneMessage, error) {
	messages, _, err := s.phoneAfter(appID, openID, 0, false)
	return messages, err
}

// WaitForPhone waits until so many messages with a higher Sequence than after
// have arrived on the phone of a follower, and returns all of those. When the
// context ends first, it returns those that there are, with an error.
func (s *Simulator) WaitForPhone(ctx context.Context, appID, openID string, after uint64, count int) ([]PhoneMessage, error) {
	if count > maxPhone {
		return nil, fmt.Errorf("only the last %d messages are kept", maxPhone)
	}
	for {
		messages, changed, err := s.phoneAfter(appID, openID, after, true)
		if err != nil || len(messages) >= count {
			return messages, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return messages, fmt.Errorf("%d of %d messages have arrived: %w", len(messages), count, ctx.Err())
		}
	}
}

// phoneAfter returns what arrived after a sequence, and a channel that closes
// with the next arrival if it is wanted.
func (s *Simulator) phoneAfter(appID, openID string, after uint64, watch bool) ([]PhoneMessage, <-chan struct{}, error) {
	a, err := s.account(appID)
	if err != nil {
		return nil, nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	f, ok := a.followers[openID]
	if !ok {
		return nil, nil, notFound("follower", openID)
	}
	p := &f.phone
	fresh := uint64(0)
	if p.messages.total > after {
		fresh = p.messages.total - after
	}
	if !watch {
		return p.messages.last(fresh), nil, nil
	}
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.messages.last(fresh), p.changed, nil
}
