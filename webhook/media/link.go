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

// Package media lets agents open the pictures, voices and videos of customers,
// through short-lived signed links that stream from WeChat, and fetches what
// agents send for the way to WeChat. Nothing is stored.
package media

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// Route is the pattern of links.
const Route = "/media/{namespace}/{account}/{expiry}/{mac}/{media}"

const (
	// macBytes of the digest are in a link: 160 bits.
	macBytes = 20
	// maxExpiryBytes of a time, a number of base 36.
	maxExpiryBytes = 13
	// maxIDBytes of a media id.
	maxIDBytes   = 256
	idCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

var (
	// errForged: no link of ours, or of an account that is not served any more.
	errForged = errors.New("not a link that was made here")
	// errExpired: a link of ours whose time is over.
	errExpired = errors.New("the link has expired")
)

// Link is the path of a link to a file that WeChat holds, good until a time.
// Equal arguments make equal links. It is "" when the account has no token, or for
// what cannot be the id of a file.
func Link(account *officialaccount.Account, mediaID string, until time.Time) string {
	if len(account.Keys) == 0 || !valid(mediaID) {
		return ""
	}
	expiry := strconv.FormatInt(until.Unix(), 36)
	return "/media/" + account.Key.Namespace + "/" + account.Key.Name + "/" + expiry + "/" +
		sign(account.Keys[0].Token, account, expiry, mediaID) + "/" + mediaID
}

func valid(mediaID string) bool {
	return mediaID != "" && len(mediaID) <= maxIDBytes && strings.Trim(mediaID, idCharacters) == ""
}

// sign a link with a key that is derived from the token of the account.
func sign(token string, account *officialaccount.Account, expiry, mediaID string) string {
	key := hmac.New(sha256.New, []byte(token))
	_, _ = key.Write([]byte("links to media of " + account.UID))
	mac := hmac.New(sha256.New, key.Sum(nil))
	_, _ = mac.Write([]byte(expiry + "/" + mediaID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:macBytes])
}

// nobody stands for accounts that do not exist: asking for a file of one takes as
// long as asking with a bad link.
var nobody = &officialaccount.Account{Keys: []officialaccount.Key{{}}}

// check a link, and until when it is good. It is good for as long as the token
// with which it was made is the account's, or its former one. That a link has
// expired is told of genuine ones only. The account may be nil.
func check(account *officialaccount.Account, expiry, mac, mediaID string, now time.Time) (time.Time, error) {
	if !valid(mediaID) || len(expiry) > maxExpiryBytes {
		return time.Time{}, errForged
	}
	genuine, known := false, account != nil
	if !known {
		account = nobody
	}
	for _, key := range account.Keys {
		if hmac.Equal([]byte(sign(key.Token, account, expiry, mediaID)), []byte(mac)) {
			genuine = true
		}
	}
	seconds, err := strconv.ParseInt(expiry, 36, 64)
	if !genuine || !known || err != nil {
		return time.Time{}, errForged
	}
	until := time.Unix(seconds, 0)
	if !now.Before(until) {
		return until, errExpired
	}
	return until, nil
}
