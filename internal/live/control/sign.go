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

package control

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm   = "TC3-HMAC-SHA256"
	contentType = "application/json"
	// signedHeaders is what the official clients sign.
	signedHeaders = "content-type;host"
)

// Credentials of a (sub-)account that may make the calls. They do not show when they
// are printed.
type Credentials struct {
	SecretID, SecretKey string
}

// String tells the SecretId, which is no secret.
func (c Credentials) String() string { return "credentials of " + c.SecretID }

// GoString is String.
func (c Credentials) GoString() string { return c.String() }

// LogValue is String.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// request is what is signed of a call (live contract, section 4.2).
type request struct {
	method, host, service, contentType, query string
	body                                      []byte
	at                                        time.Time
}

// canonical is the text whose digest is signed.
func (r *request) canonical() string {
	return strings.Join([]string{
		r.method, "/", r.query,
		"content-type:" + strings.ToLower(strings.TrimSpace(r.contentType)), "host:" + strings.ToLower(r.host), "",
		signedHeaders, digest(r.body),
	}, "\n")
}

// sign is the signature of a call and the scope that it is made for.
func (c Credentials) sign(r *request) (signature, scope string) {
	date := r.at.UTC().Format(time.DateOnly)
	scope = date + "/" + r.service + "/tc3_request"
	text := strings.Join([]string{algorithm, strconv.FormatInt(r.at.Unix(), 10), scope, digest([]byte(r.canonical()))}, "\n")
	key := c.key(date, r.service)
	return hex.EncodeToString(mac(key, text)), scope
}

// key is derived from the SecretKey for one day and service.
func (c Credentials) key(date, service string) []byte {
	return mac(mac(mac([]byte("TC3"+c.SecretKey), date), service), "tc3_request")
}

// authorization is the header of a call.
func (c Credentials) authorization(r *request) string {
	signature, scope := c.sign(r)
	return algorithm + " Credential=" + c.SecretID + "/" + scope + ", SignedHeaders=" + signedHeaders + ", Signature=" + signature
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
