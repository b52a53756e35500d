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
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"unicode/utf8"
)

// Names that many calls share.
const (
	fieldGroupID = "GroupId"
	fieldType    = "Type"
	fieldName    = "Name"
	fieldOwner   = "Owner_Account"
	fieldValue   = "Value"
	fieldMember  = "Member_Account"
	fieldMembers = "MemberList"
	fieldMsgSeq  = "MsgSeq"
	fieldTo      = "To_Account"
)

var errNotAnObject = errors.New("the body is not one JSON object")

// parseObject reads a request body: exactly one JSON object in UTF-8. Names
// stay case-sensitive, as the provider's are, and numbers keep their digits.
func parseObject(body []byte) (map[string]any, error) {
	if !utf8.Valid(body) {
		return nil, errNotAnObject
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil || fields == nil {
		return nil, errNotAnObject
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotAnObject
	}
	return fields, nil
}

// verdict holds the first refusal that reading a request has met.
type verdict struct{ refusal *Refusal }

// params reads the fields of a request, or of an object inside one. A field of
// the wrong type is refused with the code of the service; the first refusal is
// kept, and reading goes on with zero values, so that a command reads all its
// fields and asks once. A JSON null counts as absent. Where several names are
// given they are aliases, the current one first.
type params struct {
	fields  map[string]any
	service *service
	verdict *verdict
}

func newParams(fields map[string]any, svc *service) params {
	return params{fields: fields, service: svc, verdict: &verdict{}}
}

// err returns the first refusal, or nil.
func (p params) err() error {
	if p.verdict.refusal == nil {
		return nil
	}
	return p.verdict.refusal
}

func (p params) fail(code int, format string, args ...any) {
	if p.verdict.refusal == nil {
		p.verdict.refusal = refuse(code, format, args...)
	}
}

func (p params) value(names ...string) (name string, value any, present bool) {
	for _, name := range names {
		if value, ok := p.fields[name]; ok && value != nil {
			return name, value, true
		}
	}
	return names[0], nil, false
}

func (p params) has(names ...string) bool {
	_, _, present := p.value(names...)
	return present
}

// text reads an optional string.
func (p params) text(names ...string) (string, bool) {
	return p.textOr(p.service.parameterCode, names...)
}

// textOr is text with a refusal code of its own.
func (p params) textOr(code int, names ...string) (string, bool) {
	name, value, present := p.value(names...)
	if !present {
		return "", false
	}
	text, ok := value.(string)
	if !ok {
		p.fail(code, "%s must be a string", name)
	}
	return text, ok
}

// requiredText reads a string that must be there and not be empty.
func (p params) requiredText(names ...string) string {
	text, _ := p.text(names...)
	if text == "" {
		p.fail(p.service.parameterCode, "%s is required", names[0])
	}
	return text
}

// account reads an optional account ID.
func (p params) account(names ...string) (string, bool) {
	return p.textOr(p.service.accountCode, names...)
}

// requiredAccount reads an account ID that must be there.
func (p params) requiredAccount(names ...string) string {
	id, _ := p.account(names...)
	if id == "" {
		p.fail(p.service.parameterCode, "%s is required", names[0])
	}
	return id
}

// list reads an optional array.
func (p params) list(names ...string) ([]any, bool) {
	name, value, present := p.value(names...)
	if !present {
		return nil, false
	}
	items, ok := value.([]any)
	if !ok {
		p.fail(p.service.parameterCode, "%s must be an array", name)
	}
	return items, ok
}

// texts reads an optional array of strings.
func (p params) texts(names ...string) ([]string, bool) {
	return p.strings(p.service.parameterCode, names)
}

// accounts reads an optional array of account IDs.
func (p params) accounts(names ...string) ([]string, bool) {
	return p.strings(p.service.accountCode, names)
}

// requiredAccounts reads an array of 1 to most account IDs; above that it is
// refused with the given code.
func (p params) requiredAccounts(most, code int, names ...string) []string {
	ids, _ := p.accounts(names...)
	switch {
	case len(ids) == 0:
		p.fail(p.service.parameterCode, "%s is required", names[0])
	case len(ids) > most:
		p.fail(code, "%s has %d accounts, at most %d are allowed", names[0], len(ids), most)
	}
	return ids
}

func (p params) strings(code int, names []string) ([]string, bool) {
	items, present := p.list(names...)
	if !present {
		return nil, false
	}
	texts := make([]string, 0, len(items))
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			p.fail(code, "%s must be an array of strings", names[0])
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

// object reads an optional object.
func (p params) object(names ...string) (params, bool) {
	name, value, present := p.value(names...)
	if !present {
		return params{}, false
	}
	fields, ok := value.(map[string]any)
	if !ok {
		p.fail(p.service.parameterCode, "%s must be an object", name)
		return params{}, false
	}
	return params{fields: fields, service: p.service, verdict: p.verdict}, true
}

// objects reads an optional array of objects.
func (p params) objects(names ...string) ([]params, bool) {
	items, present := p.list(names...)
	if !present {
		return nil, false
	}
	children := make([]params, 0, len(items))
	for _, item := range items {
		fields, ok := item.(map[string]any)
		if !ok {
			p.fail(p.service.parameterCode, "%s must be an array of objects", names[0])
			return nil, false
		}
		children = append(children, params{fields: fields, service: p.service, verdict: p.verdict})
	}
	return children, true
}

// requiredObjects reads an array of 1 to most objects; above that it is
// refused with the given code.
func (p params) requiredObjects(most, code int, names ...string) []params {
	children, _ := p.objects(names...)
	switch {
	case len(children) == 0:
		p.fail(p.service.parameterCode, "%s is required", names[0])
	case len(children) > most:
		p.fail(code, "%s has %d items, at most %d are allowed", names[0], len(children), most)
	}
	return children
}

// integer reads an optional integer between least and most.
func (p params) integer(least, most int64, names ...string) (int64, bool) {
	return p.integerOr(p.service.parameterCode, least, most, names...)
}

// integerOr is integer with a refusal code of its own.
func (p params) integerOr(code int, least, most int64, names ...string) (int64, bool) {
	name, value, present := p.value(names...)
	if !present {
		return 0, false
	}
	number, ok := value.(json.Number)
	if !ok {
		p.fail(code, "%s must be an integer", name)
		return 0, false
	}
	parsed, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil || parsed < least || parsed > most {
		p.fail(code, "%s must be an integer from %d to %d", name, least, most)
		return 0, false
	}
	return parsed, true
}

// cursor reads an optional 64-bit unsigned position.
func (p params) cursor(name string) uint64 {
	_, value, present := p.value(name)
	if !present {
		return 0
	}
	number, _ := value.(json.Number)
	parsed, err := strconv.ParseUint(number.String(), 10, 64)
	if err != nil {
		p.fail(p.service.parameterCode, "%s must be an unsigned integer", name)
	}
	return parsed
}

// seconds reads a required number of seconds as the provider counts mutes:
// 0 to 4294967295.
func (p params) seconds(names ...string) int64 {
	seconds, present := p.integer(0, math.MaxUint32, names...)
	if !present {
		p.fail(p.service.parameterCode, "%s is required", names[0])
	}
	return seconds
}

// flag reads an optional 0 or 1.
func (p params) flag(names ...string) bool {
	value, _ := p.integer(0, 1, names...)
	return value == 1
}

// choice reads an optional string that must be one of the given ones.
func (p params) choice(name string, allowed ...string) (string, bool) {
	text, present := p.text(name)
	if !present {
		return "", false
	}
	for _, candidate := range allowed {
		if text == candidate {
			return text, true
		}
	}
	p.fail(p.service.parameterCode, "%s must be one of %v", name, allowed)
	return "", false
}
