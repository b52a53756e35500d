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

// Package seal holds the signature and the encryption of WeChat's message push, both directions: pure functions
// without a clock, a network or a source of randomness.
package seal

import (
	"crypto/sha1" //nolint:gosec // SHA-1 is what WeChat signs with.
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"
)

// Signature is the lower-case hexadecimal SHA-1 of the parts, sorted by bytes and joined.
//
// The parts are Token, timestamp and nonce for the parameter signature, and Token, timestamp, nonce and the encrypted
// text exactly as it stands in the body for msg_signature, which is also the MsgSignature of a reply.
func Signature(parts ...string) string {
	sorted := slices.Sorted(slices.Values(parts))
	sum := sha1.Sum([]byte(strings.Join(sorted, ""))) //nolint:gosec // The contract's own digest.
	return hex.EncodeToString(sum[:])
}

// Equal compares a signature that was received with the one that is right, in a time that does not depend on where
// they differ. Nothing equals an empty want, so that a signature that was not computed accepts nothing.
func Equal(got, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}
