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
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

const (
	// RandomBytes is how many random bytes stand before a message.
	RandomBytes = 16
	// lengthBytes hold the length of the message, the highest byte first.
	lengthBytes = 4
	headerBytes = RandomBytes + lengthBytes
	// padBlock is the block size of the padding. It is not the one of AES.
	padBlock = 32
)

// Why an encrypted text is refused. Whoever answers a request must not tell them apart towards the sender.
var (
	// ErrEncoding: not standard base64 on one line, or not a whole number of blocks.
	ErrEncoding = errors.New("not the base64 of whole blocks")
	// ErrPadding: the padding is wrong, which is what another key looks like.
	ErrPadding = errors.New("the padding is wrong")
	// ErrLength: the stated length of the message does not fit, or the random bytes to seal with are not 16.
	ErrLength = errors.New("the length does not fit")
	// ErrAppID: sealed for another account.
	ErrAppID = errors.New("sealed for another AppID")
)

// Sealer encrypts and decrypts for one account with one key. It is safe for concurrent use. Make it with New.
type Sealer struct {
	appID string
	vault *vault // nil without a key
}

// New makes the Sealer of an account. Made with a zero Key it refuses everything with ErrKey.
func New(appID string, key Key) Sealer { return Sealer{appID: appID, vault: key.vault} }

// Seal encrypts a message. random are 16 bytes that nobody can predict, made for this message alone: the rest of the
// scheme is deterministic.
func (s Sealer) Seal(message, random []byte) (string, error) {
	switch {
	case s.vault == nil:
		return "", ErrKey
	case len(random) != RandomBytes || len(message) > math.MaxInt32:
		return "", ErrLength
	}
	bare := headerBytes + len(message) + len(s.appID)
	pad := padBlock - bare%padBlock
	text := make([]byte, 0, bare+pad)
	text = append(text, random...)
	text = binary.BigEndian.AppendUint32(text, uint32(len(message)))
	text = append(text, message...)
	text = append(text, s.appID...)
	for range pad {
		text = append(text, byte(pad))
	}
	cipher.NewCBCEncrypter(s.vault.block, s.vault.iv()).CryptBlocks(text, text)
	return base64.StdEncoding.EncodeToString(text), nil
}

// Open decrypts a text and returns the message in it. Its memory is a small multiple of the text, which the caller has
// to bound. The encryption alone proves nothing about the sender: check msg_signature first.
func (s Sealer) Open(encrypt string) ([]byte, error) {
	if s.vault == nil {
		return nil, ErrKey
	}
	// The decoder skips line breaks, but what is signed is one line.
	if strings.ContainsAny(encrypt, "\r\n") {
		return nil, ErrEncoding
	}
	text, err := base64.StdEncoding.Strict().DecodeString(encrypt)
	if err != nil || len(text) == 0 || len(text)%padBlock != 0 {
		return nil, ErrEncoding
	}
	cipher.NewCBCDecrypter(s.vault.block, s.vault.iv()).CryptBlocks(text, text)

	bare, ok := unpad(text)
	switch {
	case !ok:
		return nil, ErrPadding
	case len(bare) < headerBytes:
		return nil, ErrLength
	}
	rest := bare[headerBytes:]
	length := binary.BigEndian.Uint32(bare[RandomBytes:headerBytes])
	if uint64(length) > uint64(len(rest)) {
		return nil, ErrLength
	}
	if string(rest[length:]) != s.appID {
		return nil, ErrAppID
	}
	return rest[:length:length], nil
}

// iv is the fixed initialisation vector: the first half of the key. The random bytes before a message do its work.
func (v *vault) iv() []byte { return v.material[:aes.BlockSize] }

// unpad takes the padding off: 1 to 32 bytes that all hold their number.
func unpad(text []byte) ([]byte, bool) {
	pad := text[len(text)-1]
	if pad < 1 || pad > padBlock {
		return nil, false
	}
	end := len(text) - int(pad)
	for _, c := range text[end:] {
		if c != pad {
			return nil, false
		}
	}
	return text[:end], true
}

// String names the account and hides the key.
func (s Sealer) String() string { return "sealer of " + s.appID }

// GoString hides the key.
func (s Sealer) GoString() string { return s.String() }

// Format hides the key from every verb.
func (s Sealer) Format(state fmt.State, _ rune) { _, _ = fmt.Fprint(state, s.String()) }
