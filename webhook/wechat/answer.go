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
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
)

// maxEchoBytes bounds the text of a verification. WeChat's have about 19 digits.
const maxEchoBytes = 256

// Content types of answers.
var (
	textType = []string{"text/plain; charset=utf-8"}
	xmlType  = []string{"text/xml; charset=utf-8"}
	jsonType = []string{"application/json; charset=utf-8"}
)

// answer is a body with its type.
type answer struct {
	contentType []string
	body        []byte
}

var success = answer{textType, []byte(push.Success)}

// render makes the answer to a push that was accepted: in the format of the
// push, and encrypted with the key that the push was encrypted with.
func render(o *opened, m *push.Message, reply push.Reply, now time.Time, random io.Reader) (answer, error) {
	if reply == nil {
		return success, nil
	}
	if o.json {
		return renderJSON(o, m, reply, now, random)
	}
	text, err := push.AppendXML(make([]byte, 0, 1024), m.Header(now.Unix()), reply)
	if err != nil {
		return answer{}, err
	}
	if o.sealed {
		salt, err := newSalt(random)
		if err != nil {
			return answer{}, err
		}
		if text, err = push.SealReply(o.sealer, o.token, now.Unix(), o.nonce, text, salt); err != nil {
			return answer{}, err
		}
	}
	return answer{xmlType, text}, nil
}

// transfer is the one passive reply that mini-programs have.
type transfer struct {
	ToUserName, FromUserName string
	CreateTime               int64
	MsgType                  string
}

// envelope is an encrypted answer in JSON.
type envelope struct {
	Encrypt, MsgSignature string
	TimeStamp             int64
	Nonce                 string
}

// renderJSON answers a mini-program.
func renderJSON(o *opened, m *push.Message, reply push.Reply, now time.Time, random io.Reader) (answer, error) {
	if _, ok := reply.(push.TransferReply); !ok {
		return answer{}, fmt.Errorf("%w: mini-programs have transfers only", push.ErrReply)
	}
	text, err := encode(transfer{ToUserName: m.From, FromUserName: m.To, CreateTime: now.Unix(), MsgType: "transfer_customer_service"})
	if err != nil || !o.sealed {
		return answer{jsonType, text}, err
	}
	salt, err := newSalt(random)
	if err != nil {
		return answer{}, err
	}
	encrypt, err := o.sealer.Seal(text, salt)
	if err != nil {
		return answer{}, fmt.Errorf("seal the reply: %w", err)
	}
	text, err = encode(envelope{
		Encrypt: encrypt, TimeStamp: now.Unix(), Nonce: o.nonce,
		MsgSignature: seal.Signature(o.token, strconv.FormatInt(now.Unix(), 10), o.nonce, encrypt),
	})
	return answer{jsonType, text}, err
}

// encode leaves <, > and & as they are.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encode the reply: %w", err)
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

func newSalt(random io.Reader) ([]byte, error) {
	salt := make([]byte, seal.RandomBytes)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, fmt.Errorf("random bytes for the reply: %w", err)
	}
	return salt, nil
}

// write sends an answer. What it repeats of a request is never to be taken for
// anything but what it says it is.
func (a answer) write(w http.ResponseWriter) {
	header := w.Header()
	header["Content-Type"] = a.contentType
	header["X-Content-Type-Options"] = nosniff
	_, _ = w.Write(a.body)
}

var nosniff = []string{"nosniff"}

// refuse answers a call that is not taken: a status without a body. WeChat
// repeats what was answered with anything but 200, and then tells the follower
// that the account is out of order, which it may be. The reason is in metrics
// only: whoever tries keys learns nothing.
func refuse(w http.ResponseWriter, reason Rejection) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if reason == RejectedMethod {
		header.Set("Allow", http.MethodGet+", "+http.MethodPost)
	}
	w.WriteHeader(statuses[reason])
}
