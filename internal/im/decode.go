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
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The provider's documentation and its answers differ in form here and there: numbers as strings, null or nothing for
// an empty list, texts as numbers. The types below read every plausible form.

// text reads a JSON string; a number or a boolean as its literal; null as "".
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0 || bytes.Equal(data, []byte("null")):
		*t = ""
	case data[0] == '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*t = text(s)
	case data[0] == '{' || data[0] == '[':
		return errors.New("want a text, not an object or a list")
	default:
		*t = text(data)
	}
	return nil
}

// number reads a JSON integer, also written as a float or in a string; null, false and "" as 0, true as 1.
type number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	var t text
	if err := t.UnmarshalJSON(data); err != nil {
		return errors.New("want a number, not an object or a list")
	}
	s := strings.TrimSpace(string(t))
	switch s {
	case "", "false":
		*n = 0
		return nil
	case "true":
		*n = 1
		return nil
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = number(i)
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < math.MinInt64 || f >= math.MaxInt64 {
		return errors.New("want a number")
	}
	*n = number(f)
	return nil
}

// toggle reads the provider's On and Off, and the booleans and numbers that could stand for them.
type toggle bool

// UnmarshalJSON implements json.Unmarshaler.
func (t *toggle) UnmarshalJSON(data []byte) error {
	var s text
	if err := s.UnmarshalJSON(data); err != nil {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(string(s))) {
	case "on", "true", "1":
		*t = true
	default:
		*t = false
	}
	return nil
}

// onOff is the wire form of a switch.
func onOff(on bool) string {
	if on {
		return "On"
	}
	return "Off"
}

// envelope is the part that all answers share.
type envelope struct {
	ActionStatus text    `json:"ActionStatus"`
	ErrorCode    *number `json:"ErrorCode"`
	ErrorInfo    text    `json:"ErrorInfo"`
}

// checkAnswer decides whether an answer reports success. The HTTP status says nothing: it is 200 for refusals too.
func checkAnswer(cmd *command, answer []byte) *failure {
	var env envelope
	if err := json.Unmarshal(answer, &env); err != nil {
		return unclear(cmd, "the answer is not understood: "+decodeProblem(err))
	}
	if env.ErrorCode == nil && env.ActionStatus == "" {
		return unclear(cmd, "the answer has neither a code nor a status")
	}
	code := 0
	if env.ErrorCode != nil {
		code = int(*env.ErrorCode)
	}
	if code == 0 && env.ActionStatus != "FAIL" {
		return nil
	}
	if cmd.itemised != "" && hasItems(answer, cmd.itemised) {
		return nil
	}
	if code == 0 {
		return unclear(cmd, "the answer reports a failure without a code: "+string(env.ErrorInfo))
	}
	return refusal(cmd, code, string(env.ErrorInfo))
}

// hasItems reports whether the named member of the answer is a list with something in it.
func hasItems(answer []byte, name string) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(answer, &members) != nil {
		return false
	}
	var items []json.RawMessage
	return json.Unmarshal(members[name], &items) == nil && len(items) > 0
}

// unclear is the failure for an answer from which nothing can be concluded: the call may well have been carried out.
func unclear(cmd *command, why string) *failure {
	return &failure{
		err:     &Error{Class: Unavailable, Command: cmd.name, Info: cleanInfo(why)},
		verdict: perhapsDone,
		sent:    true,
	}
}

// decodeProblem names what was wrong with a JSON text without quoting it.
func decodeProblem(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("no valid JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("unexpected %s in %q", kind.Value, kind.Field)
	default:
		return "unexpected form"
	}
}
