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

// Package im takes IM's server-side callbacks: it authenticates and parses
// them, decides on those that ask, writes the others to the journal, answers.
package im

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strconv"
	"time"
)

// freshness is how far RequestTime may be from now, either way (section 1.4 of
// the callback contract advises 60 s).
const freshness = 60 * time.Second

// segmentBytes of the digest make the secret part of a path: 160 bits.
const segmentBytes = 20

// Segment is the unguessable last part of a callback path. It comes from the
// token, so that whoever can read it in status learns nothing about the token.
func Segment(token []byte, namespace, name string) string {
	mac := hmac.New(sha256.New, token)
	_, _ = mac.Write([]byte("callback path of " + namespace + "/" + name))
	return hex.EncodeToString(mac.Sum(nil)[:segmentBytes])
}

// Path is where the callbacks of an ImApp are taken.
func Path(token []byte, namespace, name string) string {
	return "/im/" + namespace + "/" + name + "/" + Segment(token, namespace, name)
}

// Sign is the signature of a callback: hex(SHA256(token || requestTime)).
func Sign(token []byte, requestTime string) string {
	sum := signature(token, requestTime)
	return hex.EncodeToString(sum[:])
}

func signature(token []byte, requestTime string) [sha256.Size]byte {
	joined := make([]byte, 0, 256)
	joined = append(joined, token...)
	return sha256.Sum256(append(joined, requestTime...))
}

// verify checks a signature and its age. The signature covers nothing but its
// second, so many callbacks share one, and a repeat proves nothing: what was
// seen before is found by the identity of its event.
func verify(token []byte, sign, requestTime string, now time.Time) Rejection {
	if sign == "" || requestTime == "" {
		return RejectedUnsigned
	}
	expected := signature(token, requestTime)
	var given [sha256.Size]byte
	n, err := hex.Decode(given[:], clip([]byte(sign), hex.EncodedLen(sha256.Size)))
	if err != nil || n != sha256.Size || len(sign) != hex.EncodedLen(sha256.Size) ||
		subtle.ConstantTimeCompare(expected[:], given[:]) != 1 {
		return RejectedForged
	}
	seconds, err := strconv.ParseInt(requestTime, 10, 64)
	if err != nil {
		return RejectedForged
	}
	// Compared as seconds: a duration would overflow.
	if age := now.Unix() - seconds; age > int64(freshness/time.Second) || age < -int64(freshness/time.Second) {
		return RejectedStale
	}
	return ""
}

func clip(text []byte, n int) []byte { return text[:min(len(text), n)] }
