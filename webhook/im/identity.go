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
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// identity makes repeats of one callback the same event. IM gives no id of its
// own: a message is known by MsgId, else by all that tells it from another one
// (MsgSeq of a live group may be constant); other callbacks by their content.
// requestTime stands in where a body has no time at all, as in older heartbeats:
// those would otherwise be the same event each time.
func (c *Callback) identity(sdkAppID int64, body []byte, requestTime string) string {
	all := make([]byte, 0, 256)
	part := func(text string) {
		all = strconv.AppendInt(all, int64(len(text)), 10)
		all = append(append(all, ':'), text...)
	}
	part(strconv.FormatInt(sdkAppID, 10))
	part(c.CallbackCommand)
	digits := func(n number) { part(strconv.FormatUint(uint64(n), 10)) }
	switch {
	case c.CallbackCommand == groupAfterSend && c.MsgID != "":
		part("id") // the client chooses it
		part(c.GroupID)
		part(c.From)
		digits(c.Random)
		part(c.MsgID)
	case c.CallbackCommand == groupAfterSend:
		part("group")
		part(c.GroupID)
		part(c.From)
		digits(c.Random)
		digits(c.MsgTime)
		digits(c.MsgSeq)
	case c.MsgKey != "":
		part("c2c")
		part(c.From)
		part(c.To)
		part(c.MsgKey)
	default:
		part("body")
		part(string(canonical(body)))
		if c.EventTime == 0 && c.MsgTime == 0 {
			part(requestTime)
		}
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:16])
}

// canonical is the same for two writings of one JSON value: order of fields and
// blanks do not matter.
func canonical(body []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return body
	}
	text, err := json.Marshal(value)
	if err != nil {
		return body
	}
	return text
}
