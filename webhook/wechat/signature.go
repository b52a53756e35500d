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
	"crypto/subtle"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

const (
	// freshness is how far a timestamp may be from now, either way. WeChat documents
	// none: three tries at 5 s fit many times, and so does a clock that is minutes
	// off. What is repeated within it is found by the identity of the push.
	freshness = 10 * time.Minute
	// timestampDigits of Unix seconds, until the year 2286. Parts of a signature are
	// joined without a separator, so a free length would let digits move between
	// timestamp and nonce.
	timestampDigits = 10
	// maxNonceBytes bounds the nonce, which encrypted answers repeat. WeChat's have
	// about ten digits.
	maxNonceBytes = 64
)

// stamp is what every genuine request carries in its query.
type stamp struct {
	timestamp, nonce string
	// signature covers the token and the stamp; it proves nothing about a body.
	signature string
	// bodySignature (msg_signature) covers the encrypted text as well.
	bodySignature string
}

func stampOf(r *http.Request) stamp {
	return stamp{
		timestamp: parameter(r, "timestamp"), nonce: parameter(r, "nonce"),
		signature: parameter(r, "signature"), bodySignature: parameter(r, "msg_signature"),
	}
}

// isComplete reports whether timestamp and nonce are there and well-formed.
func (s stamp) isComplete() bool {
	if len(s.timestamp) != timestampDigits || s.nonce == "" || len(s.nonce) > maxNonceBytes {
		return false
	}
	for _, c := range []byte(s.timestamp) {
		if c < '0' || c > '9' {
			return false
		}
	}
	for _, c := range []byte(s.nonce) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// isFresh reports whether a complete stamp was made about now.
func (s stamp) isFresh(now time.Time) bool {
	seconds, err := strconv.ParseInt(s.timestamp, 10, 64)
	if err != nil {
		return false
	}
	// Compared as seconds: a duration would overflow.
	age := now.Unix() - seconds
	return age <= int64(freshness/time.Second) && age >= -int64(freshness/time.Second)
}

// signer finds the key whose token made a signature of the stamp and what else
// it covers. It takes the same time wherever the difference is.
func (s stamp) signer(keys []officialaccount.Key, signature string, covered ...string) *officialaccount.Key {
	var found *officialaccount.Key
	for i := range keys {
		// A token that is empty by mistake would let everybody sign.
		if keys[i].Token == "" {
			continue
		}
		parts := append(make([]string, 0, 4), keys[i].Token, s.timestamp, s.nonce)
		if seal.Equal(signature, seal.Signature(append(parts, covered...)...)) && found == nil {
			found = &keys[i]
		}
	}
	return found
}

// authenticate checks the signature that verifications and pushes in clear have.
func authenticate(keys []officialaccount.Key, s stamp, now time.Time) Rejection {
	if !s.isComplete() || s.signature == "" {
		return RejectedUnsigned
	}
	switch {
	case s.signer(keys, s.signature) == nil:
		return RejectedForged
	case !s.isFresh(now):
		return RejectedStale
	}
	return ""
}

// knows reports whether a segment is that of one of the keys. A key serves every
// segment: the console may change the token before the address, or after it.
func knows(keys []officialaccount.Key, segment string) bool {
	known := 0
	for i := range keys {
		known |= subtle.ConstantTimeCompare([]byte(keys[i].Segment), []byte(segment))
	}
	return known == 1 && segment != ""
}

// parameter finds one parameter of the query without taking the whole query
// apart. Values are plain text in every documented form; others are unescaped.
func parameter(r *http.Request, name string) string {
	query := r.URL.RawQuery
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if key != name {
			continue
		}
		if strings.ContainsAny(value, "%+") {
			plain, err := url.QueryUnescape(value)
			if err != nil {
				return ""
			}
			return plain
		}
		return value
	}
	return ""
}
