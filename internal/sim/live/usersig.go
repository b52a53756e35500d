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

package live

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
	"strings"
	"time"
)

// maxSig is the longest UserSig, maxSigDocument what is in it.
const (
	maxSig         = 4096
	maxSigDocument = 8192
)

// userSig is what section 6.4 packs.
type userSig struct {
	Version   string  `json:"TLS.ver"`
	UserID    string  `json:"TLS.identifier"`
	SDKAppID  int64   `json:"TLS.sdkappid"`
	Expire    int64   `json:"TLS.expire"` // seconds of validity
	Time      int64   `json:"TLS.time"`
	Signature []byte  `json:"TLS.sig"`
	Buffer    *string `json:"TLS.userbuf"`
}

var (
	errSigMalformed = errors.New("it cannot be read")
	errSigUser      = errors.New("it is for another user")
	errSigApp       = errors.New("it is for another application")
	errSigEnded     = errors.New("it has ended")
	errSigKey       = errors.New("it is signed with another key")

	sigAlphabet = strings.NewReplacer("*", "+", "-", "/", "_", "=")
)

// unpackUserSig undoes alphabet, compression and JSON, within bounds.
func unpackUserSig(text string) (*userSig, error) {
	if text == "" || len(text) > maxSig || strings.ContainsAny(text, "+/=\r\n") {
		return nil, errSigMalformed
	}
	packed, err := base64.StdEncoding.DecodeString(sigAlphabet.Replace(text))
	if err != nil {
		return nil, errSigMalformed
	}
	reader, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errSigMalformed
	}
	document, err := io.ReadAll(io.LimitReader(reader, maxSigDocument+1))
	if err != nil || len(document) > maxSigDocument {
		return nil, errSigMalformed
	}
	var sig userSig
	if json.Unmarshal(document, &sig) != nil || sig.Version != "2.0" || sig.Time < 0 || sig.Expire < 0 || sig.Expire > math.MaxInt64-sig.Time {
		return nil, errSigMalformed
	}
	return &sig, nil
}

// sign computes the signature that the fields should carry under a key.
func (sig *userSig) sign(key string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "TLS.identifier:%s\nTLS.sdkappid:%d\nTLS.time:%d\nTLS.expire:%d\n", sig.UserID, sig.SDKAppID, sig.Time, sig.Expire)
	if sig.Buffer != nil {
		fmt.Fprintf(mac, "TLS.userbuf:%s\n", *sig.Buffer)
	}
	return mac.Sum(nil)
}

// verify that a UserSig is that of a user, and valid now.
func (sig *userSig) verify(sdkAppID int64, key, userID string, now time.Time) error {
	switch {
	case sig.SDKAppID != sdkAppID:
		return errSigApp
	case sig.UserID != userID:
		return errSigUser
	case now.Unix() > sig.Time+sig.Expire:
		return errSigEnded
	case !hmac.Equal(sig.Signature, sig.sign(key)):
		return errSigKey
	}
	return nil
}

func verifyUserSig(text string, sdkAppID int64, key, userID string, now time.Time) error {
	sig, err := unpackUserSig(text)
	if err != nil {
		return err
	}
	return sig.verify(sdkAppID, key, userID, now)
}
