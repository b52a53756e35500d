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
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the provider's algorithm
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
)

// CallbackSign is the field sign of a CSS callback: of the callback key and the time
// t at which the callback ends, section 3.2. It does not cover the body.
func CallbackSign(key string, t int64) string {
	sum := md5.Sum([]byte(key + strconv.FormatInt(t, 10))) //nolint:gosec // the provider's algorithm
	return hex.EncodeToString(sum[:])
}

// RoomCallbackSign is the header Sign of a TRTC callback, of the bytes of its body as
// they came, section 7.1.
func RoomCallbackSign(key string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
