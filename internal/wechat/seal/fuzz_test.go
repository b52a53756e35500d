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
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"testing"
)

// What opens is what Seal makes of the same message and the same random bytes, and what does not is refused with an
// error of the closed set.
func FuzzOpen(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.encrypt)
	}
	f.Add("")
	f.Add("====")
	f.Add(encode(make([]byte, 32)))
	s := New(appID, parseKey(f, encodingKey))
	f.Fuzz(func(t *testing.T, encrypt string) {
		message, err := s.Open(encrypt)
		if err != nil {
			for _, known := range []error{ErrEncoding, ErrPadding, ErrLength, ErrAppID} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("refused with %v", err)
		}
		again, err := s.Seal(message, randomOf(t, s, encrypt))
		if err != nil || again != encrypt {
			t.Fatalf("%v: %q opens, but the same is sealed as %q", err, encrypt, again)
		}
	})
}

// What is sealed opens for the same account and for no other.
func FuzzSeal(f *testing.F) {
	for _, v := range vectors {
		f.Add([]byte(v.message), v.appID)
	}
	key := parseKey(f, encodingKey)
	f.Fuzz(func(t *testing.T, message []byte, account string) {
		encrypt, err := New(account, key).Seal(message, make([]byte, RandomBytes))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := New(account, key).Open(encrypt); err != nil || !bytes.Equal(got, message) {
			t.Fatalf("opened %q, %v", got, err)
		}
		if _, err := New(account+"0", key).Open(encrypt); !errors.Is(err, ErrAppID) {
			t.Fatalf("another account: %v", err)
		}
	})
}

// randomOf is what stands before the message in an encrypted text.
func randomOf(t *testing.T, s Sealer, encrypt string) []byte {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(encrypt)
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCDecrypter(s.vault.block, s.vault.iv()).CryptBlocks(text, text)
	return text[:RandomBytes]
}

func encode(text []byte) string { return base64.StdEncoding.EncodeToString(text) }

// encrypted is a padded text under the test key, whatever is in it.
func encrypted(t *testing.T, text []byte) string {
	t.Helper()
	s := New(appID, parseKey(t, encodingKey))
	cipher.NewCBCEncrypter(s.vault.block, s.vault.iv()).CryptBlocks(text, text)
	return encode(text)
}

// framed is a padded text with the given length bytes and what follows them.
func framed(length, rest string) []byte {
	text := append(make([]byte, RandomBytes), length+rest...)
	pad := padBlock - len(text)%padBlock
	return append(text, slicesOf(byte(pad), pad)...)
}

func slicesOf(value byte, n int) []byte { return bytes.Repeat([]byte{value}, n) }
