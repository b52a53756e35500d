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

package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
)

const (
	// KeyLength is the number of characters of an EncodingAESKey.
	KeyLength = 43
	// keyBytes is the length of the AES-256 key that they encode.
	keyBytes = 32
	redacted = "[redacted]"
)

// ErrKey says that a text is not an EncodingAESKey, or that a Key was not made by ParseKey. The text is not quoted.
var ErrKey = errors.New("the EncodingAESKey must be 43 letters and digits")

// Key is a decoded EncodingAESKey. It never prints, logs or encodes itself. The zero Key is not usable.
type Key struct {
	vault *vault
}

// vault holds what must not be printed. fmt does not call the methods of values in unexported fields, and with a verb
// that does not fit it follows the first pointer that it meets, but never a second one: so a struct around a Key shows
// an address at most.
type vault struct {
	material *[keyBytes]byte
	block    cipher.Block
}

// ParseKey decodes the EncodingAESKey of the console.
func ParseKey(encodingAESKey string) (Key, error) {
	if len(encodingAESKey) != KeyLength {
		return Key{}, ErrKey
	}
	for _, c := range []byte(encodingAESKey) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return Key{}, ErrKey
		}
	}
	// Not the strict decoder: 43 characters hold two bits more than the key, and the console leaves them at random.
	decoded, err := base64.StdEncoding.DecodeString(encodingAESKey + "=")
	if err != nil || len(decoded) != keyBytes {
		return Key{}, ErrKey
	}
	block, err := aes.NewCipher(decoded)
	if err != nil {
		return Key{}, ErrKey
	}
	return Key{&vault{material: (*[keyBytes]byte)(decoded), block: block}}, nil
}

// String hides the key.
func (Key) String() string { return redacted }

// GoString hides the key.
func (Key) GoString() string { return redacted }

// Format hides the key from every verb, %x included.
func (Key) Format(state fmt.State, _ rune) { _, _ = fmt.Fprint(state, redacted) }

// MarshalText hides the key from encoders.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalLog hides the key from logr.
func (Key) MarshalLog() any { return redacted }

// LogValue hides the key from slog.
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }
