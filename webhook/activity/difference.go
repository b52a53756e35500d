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

package activity

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Fields of LiveRooms and ImAccounts that callbacks tell about, as in its spec.
const (
	FieldName         = "name"
	FieldIntroduction = "introduction"
	FieldAnnouncement = "announcement"
	FieldAvatarURL    = "avatarURL"
	FieldOwner        = "owner"
	FieldSpeech       = "speech"
	FieldNickname     = "nickname"
	FieldGender       = "gender"
	FieldLevel        = "level"
	FieldRole         = "role"
	FieldAllowType    = "allowType"
	// FieldExistence stands for the group itself.
	FieldExistence = "existence"

	attributePrefix = "attributes."
	// anyAttribute is no attribute's field: a key may be any text, "*" as well.
	anyAttribute = "attributes"
)

// Absent is the digest of what is not there.
const Absent = "-"

// Digest of a value. Values may be long and are none of the journal's business.
func Digest(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:8])
}

// AttributeField is the field of an attribute.
func AttributeField(key string) string {
	// Keys have up to 32 bytes of anything; what a status shows is bounded text.
	return attributePrefix + key
}

// CustomProfileField is the field of a custom profile value.
func CustomProfileField(tag string) string { return "customProfile." + tag }

// AllAttributes is the field that stands for every attribute that is not named.
func AllAttributes() string { return anyAttribute }

func hasPrefix(field, prefix string) bool { return strings.HasPrefix(field, prefix) }

// Difference lists the fields whose reported values are not the declared ones.
// Only fields that are declared count. They are in no order.
func Difference(seen, declared map[string]string) []string {
	var different []string
	for field, want := range declared {
		have, known := seen[field]
		if !known && hasPrefix(field, attributePrefix) {
			have, known = seen[anyAttribute]
		}
		if known && have != want {
			different = append(different, field)
		}
	}
	return different
}
