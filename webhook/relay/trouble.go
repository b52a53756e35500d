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

package relay

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// provider is whom a call is made to.
type provider string

const (
	providerIM     provider = "IM"
	providerWeChat provider = "WeChat"
	// storeOfLetters is the journal's, for dead letters.
	storeOfLetters provider = "DeadLetters"
)

const (
	// obstructive is how long a provider fails before that is called an obstacle.
	obstructive = 10 * time.Second
	// forgotten is how long after its last failure it still is one.
	forgotten = 2 * time.Minute
	// overdue is how long a customer has something to do before that is a backlog.
	overdue = time.Minute
)

// trouble is a run of failures of a provider, ended by a success.
type trouble struct {
	provider    provider
	first, last time.Time
	text        string
	code        int // 0 without one
}

// errNoClient: the ImApp of an account cannot be called.
var errNoClient = errors.New("the ImApp is not authenticated")

// called notes how a call went.
func (r *Relay) called(j *job, to provider, err error) {
	if !failing(to, err) {
		r.mu.Lock()
		if t := r.troubles[j.account.UID]; t != nil && t.provider == to {
			delete(r.troubles, j.account.UID)
		}
		r.mu.Unlock()
		return
	}
	r.Metrics.failed(to)
	r.trouble(j, to, err)
	switch wechat.KindOf(err) {
	case wechat.Unauthorized, wechat.AddressNotAllowed, wechat.NotAuthorized:
		r.Doubt(j.account.UID)
	default:
	}
}

// failing: the provider did not do its part, as opposed to refusing one message.
func failing(to provider, err error) bool {
	if err == nil {
		return false
	}
	if to == providerIM {
		e, ok := im.AsError(err)
		return !ok || e.Class == im.Unavailable || e.Class == im.RateLimited || e.Class == im.Unauthorized || e.Class == im.UnknownOutcome
	}
	switch wechat.KindOf(err) {
	case wechat.Unavailable, wechat.RateLimited, wechat.DailyQuota, wechat.Unauthorized, wechat.AddressNotAllowed,
		wechat.NotAuthorized, wechat.UnknownOutcome, "":
		return true
	default:
		return false
	}
}

// trouble notes a failure.
func (r *Relay) trouble(j *job, with provider, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, t := r.Clock.Now(), r.troubles[j.account.UID]
	if t == nil || t.provider != with && now.Sub(t.last) > obstructive {
		t = &trouble{provider: with, first: now}
		r.troubles[j.account.UID] = t
	}
	if t.provider != with {
		return
	}
	t.last = now
	// One failure follows the other; a code says more than that there is no answer.
	if text, code := obstacle(with, err); t.text == "" || t.code == 0 && code != 0 {
		t.text, t.code = text, code
	}
}

// obstacle says what a provider does, in words that are the same for the same
// trouble: its own text names each request.
func obstacle(with provider, err error) (text string, code int) {
	why := "it does not answer"
	switch {
	case with == storeOfLetters && errors.Is(err, journal.ErrFull):
		return "there is no room for another dead letter: replay or drop some", 0
	case with == storeOfLetters:
		return "dead letters cannot be stored", 0
	case errors.Is(err, errNoClient):
		why = errNoClient.Error()
	default:
		if e, ok := im.AsError(err); ok {
			why, code = string(e.Class), e.Code
		} else if e, ok := wechat.AsError(err); ok {
			why, code = string(e.Kind), e.Code
		}
	}
	if code != 0 {
		why = fmt.Sprintf("%s, code %d", why, code)
	}
	return fmt.Sprintf("%s does not take messages (%s)", with, why), code
}

// distressed are the accounts with a provider that has failed for long, or with
// customers who have waited too long for what is to be done.
func (r *Relay) distressed(now time.Time) map[string]distress {
	found := map[string]distress{}
	r.mu.Lock()
	defer r.mu.Unlock()
	for uid, t := range r.troubles {
		if now.Sub(t.last) >= forgotten {
			delete(r.troubles, uid)
		} else if now.Sub(t.first) >= obstructive {
			found[uid] = distress{At: now.Unix(), Obstacle: t.text}
		}
	}
	for uid, customers := range r.pending {
		d := found[uid]
		for _, since := range customers {
			if !since.IsZero() && now.Sub(since) >= overdue {
				d.Late++
			}
		}
		if d.Late > 0 {
			d.At = now.Unix()
			found[uid] = d
		}
	}
	return found
}

// hashOf names an erasure: the customer and when they left.
func hashOf(key string, step conversation.Erase) uint64 {
	digest := sha256.Sum256(fmt.Appendf(nil, "%s %v", key, step))
	return binary.BigEndian.Uint64(digest[:])
}
