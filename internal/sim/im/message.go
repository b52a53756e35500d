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
	"encoding/json"
	"hash/crc32"
	"time"
)

// maxMessageBytes bounds MsgBody with CloudCustomData.
const maxMessageBytes = 12 << 10

// Windows within which a repeated message is dropped.
const (
	chatRepeatWindow  = 120 * time.Second
	groupRepeatWindow = 5 * time.Minute
)

// messageCodes are the refusals of a message body; the services differ.
type messageCodes struct{ missing, notArray, malformed, tooLong int }

var (
	chatMessageCodes  = messageCodes{missing: codeChatBody, notArray: codeChatBodyNoArray, malformed: codeChatBody, tooLong: codeMessageTooLong}
	groupMessageCodes = messageCodes{missing: codeGroupParameter, notArray: codeGroupParameter, malformed: codeGroupParameter, tooLong: codeGroupMessageTooLong}
)

// messageBody is the checked content of a message.
type messageBody struct {
	elements []any
	cloud    string
	checksum uint32 // CRC32 of the content, for de-duplication
}

// sentMessage is what a sender is told about a message.
type sentMessage struct {
	time int64
	seq  uint64
	key  string
}

// readMessage reads MsgBody and CloudCustomData.
func (c *call) readMessage(codes messageCodes) messageBody {
	value, present := c.fields[fieldMsgBody]
	if !present || value == nil {
		c.fail(codes.missing, "MsgBody is required")
		return messageBody{}
	}
	elements, ok := value.([]any)
	if !ok {
		c.fail(codes.notArray, "MsgBody must be an array")
		return messageBody{}
	}
	if len(elements) == 0 || !wellFormedElements(elements) {
		c.fail(codes.malformed, "MsgBody is not in message format")
		return messageBody{}
	}
	cloud, _ := c.text(fieldCloud)
	encoded, err := json.Marshal(elements)
	if err != nil || len(encoded)+len(cloud) > maxMessageBytes {
		c.fail(codes.tooLong, "a message has at most %d bytes", maxMessageBytes)
		return messageBody{}
	}
	return messageBody{
		elements: elements,
		cloud:    cloud,
		checksum: crc32.Update(crc32.ChecksumIEEE(encoded), crc32.IEEETable, []byte(cloud)),
	}
}

// texts visits the text elements of a message and replaces their text by what
// visit returns. The elements are copied first, so that the request body of a
// repeat is not changed.
func (m *messageBody) texts(visit func(string) string) {
	copied := make([]any, 0, len(m.elements))
	for _, element := range m.elements {
		object, _ := element.(map[string]any)
		content, _ := object["MsgContent"].(map[string]any)
		text, isText := content["Text"].(string)
		if object["MsgType"] != "TIMTextElem" || !isText {
			copied = append(copied, element)
			continue
		}
		copied = append(copied, map[string]any{
			"MsgType":    "TIMTextElem",
			"MsgContent": map[string]any{"Text": visit(text)},
		})
	}
	m.elements = copied
}
