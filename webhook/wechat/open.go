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
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// sealing is how an answer is encrypted: as the push was. The zero value leaves
// it in clear.
type sealing struct {
	sealer seal.Sealer
	token  string
	nonce  string
	sealed bool
}

// opened is a push that was proven to be WeChat's, in clear.
type opened struct {
	text []byte
	sealing
	// json tells the format that mini-programs may choose; answers have it, too.
	json bool
}

// open proves that a body comes from WeChat, and decrypts it. A push that is
// less protected than declared is refused, whoever signed it: its content could
// be anybody's.
func open(account *officialaccount.Account, s stamp, body []byte, now time.Time) (opened, Rejection) {
	if !s.isComplete() {
		return opened{}, RejectedUnsigned
	}
	if account.Object.Spec.MessageMode == imv1alpha1.MessageModePlaintext {
		return openClear(account, s, body, now)
	}
	return openSealed(account, s, body, now)
}

// openClear checks the one signature that a push in clear has. A push in
// compatible mode passes, because it can be read.
func openClear(account *officialaccount.Account, s stamp, body []byte, now time.Time) (opened, Rejection) {
	if reason := authenticate(account.Keys, s, now); reason != "" {
		return opened{}, reason
	}
	if !isClear(body) && isSealed(body) {
		return opened{}, RejectedMode
	}
	return opened{text: body, json: isJSON(body)}, ""
}

// openSealed checks the signature of the encrypted text and reads nothing else:
// what stands in clear beside it in compatible mode is not signed.
func openSealed(account *officialaccount.Account, s stamp, body []byte, now time.Time) (opened, Rejection) {
	e, err := push.ParseEnvelope(body)
	switch {
	case errors.Is(err, push.ErrField), err == nil && s.bodySignature == "":
		if reason := authenticate(account.Keys, s, now); reason != "" {
			return opened{}, reason
		}
		return opened{}, RejectedMode
	case err != nil:
		return opened{}, illegible(err)
	}
	key := s.signer(account.Keys, s.bodySignature, e.Encrypt)
	switch {
	case key == nil:
		return opened{}, RejectedForged
	case !s.isFresh(now):
		return opened{}, RejectedStale
	case account.Object.Spec.MessageMode != imv1alpha1.MessageModeCompatible && isClear(body):
		return opened{}, RejectedMode
	}
	reason := RejectedSealed
	for _, sealer := range key.Sealers {
		text, err := sealer.Open(e.Encrypt)
		if err == nil {
			return opened{text: text, json: isJSON(body), sealing: sealing{sealer, key.Token, s.nonce, true}}, ""
		}
		if errors.Is(err, seal.ErrAppID) {
			reason = RejectedApp
		}
	}
	return opened{}, reason
}

// illegible is the reason for which a body was refused that cannot be read.
func illegible(err error) Rejection {
	switch {
	case errors.Is(err, push.ErrSize):
		return RejectedSize
	case errors.Is(err, push.ErrShape):
		return RejectedShape
	default:
		return RejectedBody
	}
}

// isClear and isSealed look for a field that pushes of either kind have. Neither
// name occurs in base64 by chance.
func isClear(body []byte) bool  { return bytes.Contains(body, []byte("FromUserName")) }
func isSealed(body []byte) bool { return bytes.Contains(body, []byte("Encrypt")) }

// isJSON tells the format of a body by its first character.
func isJSON(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff"))), []byte("{"))
}

// pooledBytes is how large a buffer is worth keeping: pushes of messages.
const pooledBytes = 16 << 10

var buffers = sync.Pool{New: func() any { buffer := make([]byte, 0, 2048); return &buffer }}

// read appends the whole body, which may not be longer than push.MaxBytes.
func read(w http.ResponseWriter, r *http.Request, body []byte) ([]byte, Rejection) {
	if r.ContentLength > push.MaxBytes {
		return body, RejectedSize
	}
	limited := http.MaxBytesReader(w, r.Body, push.MaxBytes)
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := limited.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		var tooLong *http.MaxBytesError
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return body, ""
		case errors.As(err, &tooLong):
			return body, RejectedSize
		default:
			return body, RejectedRead
		}
	}
}
