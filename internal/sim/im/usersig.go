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
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxSigLength bounds the text of a UserSig and maxSigDocument what it
	// may inflate to; a genuine one is a few hundred bytes.
	maxSigLength   = 4096
	maxSigDocument = 4096
	// maxLockEntries bounds the identifiers whose failures are remembered.
	maxLockEntries = 1024
)

var errSigMalformed = errors.New("malformed UserSig")

// sigEncoding is base64 with the alphabet of UserSigs: * for +, - for /, and
// the padding kept, as _. It is not base64url.
var sigEncoding = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-").
	WithPadding('_').Strict()

// inflaters spares each verification the 40 KB that a zlib reader allocates.
var inflaters sync.Pool

// userSig is what a UserSig says about itself. Nothing of it is proven until
// the signature is compared.
type userSig struct {
	identifier string
	sdkAppID   int64
	issued     int64 // UNIX seconds
	validity   int64 // seconds
	userBuf    string
	hasUserBuf bool
	signature  []byte
}

// parseUserSig undoes alphabet, compression and JSON, within bounds.
func parseUserSig(text string) (userSig, error) {
	if len(text) > maxSigLength || strings.ContainsAny(text, "\r\n") {
		return userSig{}, errSigMalformed
	}
	compressed, err := sigEncoding.DecodeString(text)
	if err != nil {
		return userSig{}, errSigMalformed
	}
	document, err := inflate(compressed)
	if err != nil {
		return userSig{}, errSigMalformed
	}
	fields, err := parseObject(document)
	if err != nil {
		return userSig{}, errSigMalformed
	}
	var sig userSig
	var ok [5]bool
	version, _ := fields["TLS.ver"].(string)
	sig.identifier, ok[0] = fields["TLS.identifier"].(string)
	sig.sdkAppID, ok[1] = wholeNumber(fields["TLS.sdkappid"])
	sig.issued, ok[2] = wholeNumber(fields["TLS.time"])
	sig.validity, ok[3] = wholeNumber(fields["TLS.expire"])
	encoded, isText := fields["TLS.sig"].(string)
	sig.signature, err = base64.StdEncoding.DecodeString(encoded)
	ok[4] = isText && err == nil && len(sig.signature) > 0
	if version != "2.0" || ok != [5]bool{true, true, true, true, true} {
		return userSig{}, errSigMalformed
	}
	if buffer, present := fields["TLS.userbuf"]; present {
		if sig.userBuf, sig.hasUserBuf = buffer.(string); !sig.hasUserBuf {
			return userSig{}, errSigMalformed
		}
	}
	return sig, nil
}

// inflate decompresses a zlib stream of at most maxSigDocument bytes and checks
// its checksum.
func inflate(compressed []byte) ([]byte, error) {
	source := bytes.NewReader(compressed)
	reader, pooled := inflaters.Get().(io.ReadCloser)
	if pooled {
		if err := reader.(zlib.Resetter).Reset(source, nil); err != nil {
			inflaters.Put(reader)
			return nil, err
		}
	} else {
		fresh, err := zlib.NewReader(source)
		if err != nil {
			return nil, err
		}
		reader = fresh
	}
	defer inflaters.Put(reader)
	document, err := io.ReadAll(io.LimitReader(reader, maxSigDocument+1))
	if err != nil {
		return nil, err
	}
	if len(document) > maxSigDocument {
		return nil, errSigMalformed
	}
	return document, nil
}

func wholeNumber(value any) (int64, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	parsed, err := strconv.ParseInt(number.String(), 10, 64)
	return parsed, err == nil && parsed >= 0
}

// sign computes the signature that the fields should carry under the key.
func (sig userSig) sign(key string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "TLS.identifier:%s\nTLS.sdkappid:%d\nTLS.time:%d\nTLS.expire:%d\n",
		sig.identifier, sig.sdkAppID, sig.issued, sig.validity)
	if sig.hasUserBuf {
		fmt.Fprintf(mac, "TLS.userbuf:%s\n", sig.userBuf)
	}
	return mac.Sum(nil)
}

// verifyUserSig checks a UserSig in the order of the vendor's own verifier and
// returns when it was issued.
func verifyUserSig(text string, sdkAppID int64, identifier, key string, now time.Time, skew time.Duration) (issued int64, refusal *Refusal) {
	if text == "" {
		return 0, refuse(codeSigEmpty, "UserSig is empty")
	}
	sig, err := parseUserSig(text)
	switch {
	case err != nil:
		return 0, refuse(codeSigMalformed, "UserSig cannot be parsed")
	case sig.sdkAppID != sdkAppID:
		return 0, refuse(codeSigApp, "UserSig is for another sdkappid")
	case sig.identifier != identifier:
		return 0, refuse(codeSigIdentifier, "UserSig is for another identifier")
	case sig.validity > math.MaxInt64-sig.issued:
		return 0, refuse(codeSigInvalid, "UserSig has an impossible validity")
	case now.Unix() > sig.issued+sig.validity:
		return 0, refuse(codeSigExpired, "UserSig is expired")
	case sig.issued > now.Add(skew).Unix():
		return 0, refuse(codeSigInvalid, "UserSig is dated in the future")
	case !hmac.Equal(sig.signature, sig.sign(key)):
		return 0, refuse(codeSigOtherKey, "UserSig was signed with another key")
	}
	return sig.issued, nil
}

// authenticator checks the credentials of a call and locks identifiers that
// fail too often.
type authenticator struct {
	sdkAppID    int64
	skew        time.Duration
	maxFailures int
	lockFor     time.Duration
	key         atomic.Pointer[string]

	mu       sync.Mutex
	failures map[string]*failureCount
}

type failureCount struct {
	consecutive int
	lockedUntil time.Time
}

func newAuthenticator(o Options) *authenticator {
	a := &authenticator{
		sdkAppID:    o.SDKAppID,
		skew:        o.ClockSkew,
		maxFailures: o.LockAfterFailures,
		lockFor:     o.LockDuration,
		failures:    map[string]*failureCount{},
	}
	a.setKey(o.SecretKey)
	return a
}

// setKey replaces the key at once: what the old one signed is refused.
func (a *authenticator) setKey(key string) { a.key.Store(&key) }

// authenticate verifies a UserSig of the identifier and returns when it was
// issued. A locked identifier is refused whatever it presents.
func (a *authenticator) authenticate(identifier, text string, now time.Time) (int64, *Refusal) {
	if until := a.lockedUntil(identifier); now.Before(until) {
		return 0, refuse(codeSigLocked, "UserSig failed too often, wait until %s", until.UTC().Format(time.RFC3339))
	}
	issued, refusal := verifyUserSig(text, a.sdkAppID, identifier, *a.key.Load(), now, a.skew)
	a.note(identifier, refusal != nil, now)
	return issued, refusal
}

func (a *authenticator) lockedUntil(identifier string) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if count, ok := a.failures[identifier]; ok {
		return count.lockedUntil
	}
	return time.Time{}
}

func (a *authenticator) note(identifier string, failed bool, now time.Time) {
	if a.maxFailures < 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !failed {
		delete(a.failures, identifier)
		return
	}
	count, ok := a.failures[identifier]
	if !ok {
		if len(a.failures) >= maxLockEntries {
			for other := range a.failures {
				delete(a.failures, other)
				break
			}
		}
		count = &failureCount{}
		a.failures[identifier] = count
	}
	count.consecutive++
	if count.consecutive >= a.maxFailures {
		count.consecutive, count.lockedUntil = 0, now.Add(a.lockFor)
	}
}
