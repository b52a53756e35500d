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

package officialaccount

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// segmentBytes of the digest make the secret part of a path: 160 bits.
const segmentBytes = 20

// Segment is the unguessable last part of the path that pushes come to. It comes
// from the token, so that whoever can read it in status learns nothing about the
// token.
func Segment(token, namespace, name string) string {
	mac := hmac.New(sha256.New, []byte(token))
	_, _ = mac.Write([]byte("push path of " + namespace + "/" + name))
	return hex.EncodeToString(mac.Sum(nil)[:segmentBytes])
}

// Path is where the pushes of a WeChatOfficialAccount are taken.
func Path(token, namespace, name string) string {
	return "/wechat/" + namespace + "/" + name + "/" + Segment(token, namespace, name)
}
