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
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

// push is a message or an event on its way to the account's webhook. It
// belongs to the dispatcher, and to one worker while that tries it.
type push struct {
	account  *account
	follower *follower
	sent     Push
	kind     string // MsgType
	event    string
	message  string // in clear

	request *outgoing // of the first try, unless every try has its own
	tries   int
	began   time.Time // the latest try, by the clock on the wall
}

// outgoing is a push as it goes over the wire.
type outgoing struct {
	in    *settings // whose mode and keys it was made with
	query []string
	body  string
}

// visible reports whether the follower sees an answer, or that there was
// none.
func (p *push) visible() bool { return !slices.Contains(silent, p.event) }

// articles is how many articles a passive reply may show.
func (p *push) articles() int {
	if p.kind == "event" {
		return 8
	}
	return 1
}

// record begins the log of a try.
func (p *push) record() PushRecord {
	in := p.account.settings.Load()
	return PushRecord{AppID: in.AppID, OpenID: p.follower.openID, ID: p.sent.ID, Type: p.kind, Event: p.event, Try: p.tries}
}

// prepare signs a push, and encrypts it where the mode asks for that.
func (s *Simulator) prepare(p *push) (*outgoing, error) {
	in := p.account.settings.Load()
	out := &outgoing{in: in, body: p.message}
	timestamp, nonce := strconv.FormatInt(s.now().Unix(), 10), s.randomNumber(10)
	query := signedQuery(in.Token, timestamp, nonce)
	query = append(query, "openid="+url.QueryEscape(p.follower.openID))
	if in.Mode != Plaintext {
		// The provider's random bytes are hexadecimal digits.
		encrypt, err := in.sealer.Seal([]byte(p.message), []byte(s.randomText("0123456789abcdef", seal.RandomBytes)))
		if err != nil {
			return nil, fmt.Errorf("encrypting: %w", err)
		}
		query = append(query, "encrypt_type=aes", "msg_signature="+seal.Signature(in.Token, timestamp, nonce, encrypt))
		out.body = envelope(in, p.message, encrypt)
	}
	out.query = query
	return out, nil
}

// signedQuery are the parameters that every request has.
func signedQuery(token, timestamp, nonce string) []string {
	return []string{"signature=" + seal.Signature(token, timestamp, nonce), "timestamp=" + timestamp, "nonce=" + nonce}
}

// withQuery adds parameters to a URL that may have some.
func withQuery(address string, query []string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + strings.Join(query, "&")
}

// envelope is the body of an encrypted push: beside the clear fields in
// compatible mode, beside the receiver in safe mode.
func envelope(in *settings, message, encrypt string) string {
	x := &xmlText{}
	if in.Mode == Compatible {
		x.out.WriteString(strings.TrimSuffix(message, "</xml>"))
	} else {
		x.open("xml")
		x.text("ToUserName", in.OriginalID)
	}
	x.text("Encrypt", encrypt)
	x.end("xml")
	return x.out.String()
}
