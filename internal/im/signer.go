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
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
)

// maxUserIDBytes is the provider's limit for a UserID.
const maxUserIDBytes = 32

// maxValidity is the provider's limit for the life of a UserSig: 50 years.
const maxValidity = 50 * 365 * 24 * time.Hour

// fingerprintDomain keeps Fingerprint apart from every other use of the key, a UserSig above all.
const fingerprintDomain = "im.liveroom.io/usersig-key-fingerprint/v1\n"

// Signer makes UserSigs for the users of one application. It is safe for concurrent use and prints without its key.
type Signer struct {
	sdkAppID int64
	// reveal returns the key. A closure rather than a string, so that no formatter or logger that walks through
	// unexported members can ever print it.
	reveal func() string
}

// NewSigner returns a Signer for an application and the key that the provider's console shows for it. Whether
// the key is the right one turns out at the first call that uses a signature.
func NewSigner(sdkAppID int64, secretKey string) *Signer {
	return &Signer{sdkAppID: sdkAppID, reveal: func() string { return secretKey }}
}

// Sign makes a UserSig for a user (1 to 32 bytes of printable ASCII). It is valid from now, by the machine's clock,
// for the given time, which is cut to whole seconds and must be between one second and 50 years.
func (s *Signer) Sign(userID string, validity time.Duration) (string, error) {
	if err := s.check(userID, validity); err != nil {
		return "", err
	}
	sig, err := tencentyun.GenUserSig(int(s.sdkAppID), s.reveal(), userID, int(validity/time.Second))
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return sig, nil
}

// check says what is wrong with a wish, or with the signer itself.
func (s *Signer) check(userID string, validity time.Duration) error {
	switch {
	case s.sdkAppID <= 0:
		return errors.New("sign: the SDKAppID is not a positive number")
	case s.reveal() == "":
		return errors.New("sign: the secret key is empty")
	case !validUserID(userID):
		return fmt.Errorf("sign: the user id %q is not 1 to %d bytes of printable ASCII", userID, maxUserIDBytes)
	case validity < time.Second || validity > maxValidity:
		return fmt.Errorf("sign: validity %s is not between 1s and %s", validity, maxValidity)
	}
	return nil
}

// Fingerprint tells two keys (or two applications) apart without giving either away: 16 hexadecimal digits of a
// keyed hash. It is safe to keep in an annotation.
func (s *Signer) Fingerprint() string {
	mac := hmac.New(sha256.New, []byte(s.reveal()))
	mac.Write([]byte(fingerprintDomain))
	mac.Write([]byte(strconv.FormatInt(s.sdkAppID, 10)))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// String names the application only.
func (s *Signer) String() string { return fmt.Sprintf("signer of application %d", s.sdkAppID) }

func validUserID(id string) bool {
	if id == "" || len(id) > maxUserIDBytes {
		return false
	}
	for i := range len(id) {
		if id[i] < 0x20 || id[i] > 0x7e {
			return false
		}
	}
	return true
}
