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

package intake

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Number is an integer that a service writes as a number or as a text. null and an
// empty text are 0.
type Number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "" || text == "null" {
		*n = 0
		return nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		float, floatErr := strconv.ParseFloat(text, 64)
		if floatErr != nil || float != math.Trunc(float) || math.Abs(float) >= 1<<53 {
			return fmt.Errorf("%.32q is not an integer", text)
		}
		value = int64(float)
	}
	*n = Number(value)
	return nil
}

// Int32 is the number within what status can hold.
func (n Number) Int32() int32 { return int32(max(math.MinInt32, min(math.MaxInt32, n))) }

// maxDepth of nesting in a body. Genuine ones have about six levels.
const maxDepth = 16

// TooDeep counts brackets outside of texts, before a parser recurses into them.
func TooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// maxURLBytes of a file's URL, as status holds it.
const maxURLBytes = 1024

// FileURL is the text if it is the complete URL of a file that a status may show, and
// empty otherwise.
func FileURL(text string) string {
	if len(text) > maxURLBytes || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return ""
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" || parsed.User != nil {
		return ""
	}
	return text
}

// maxMessage is how long a finding's message is at most, in characters, as status
// holds it.
const maxMessage = 512

// Text makes a text of somebody else fit to be shown: one line, valid, of at most
// limit characters.
func Text(text string, limit int) string {
	if len(text) > 4*limit {
		text = text[:4*limit]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return -1
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	runes := []rune(strings.TrimSpace(text))
	return string(runes[:min(len(runes), limit)])
}

// Message is a finding's message.
func Message(format string, args ...any) string {
	return Text(fmt.Sprintf(format, args...), maxMessage)
}

// ahead is how far ahead of this process's clock an event may have happened. One that
// is further ahead would stay the latest for that long, whatever happens.
const ahead = 15 * time.Minute

// Plausible reports whether something can have happened at a time in milliseconds.
func Plausible(millis int64, now time.Time) bool {
	return millis > 0 && millis <= now.Add(ahead).UnixMilli()
}
