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
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestNumber(t *testing.T) {
	for text, want := range map[string]number{
		`0`: 0, `1`: 1, `"1"`: 1, `4294967295`: math.MaxUint32, `"4294967295"`: math.MaxUint32, `18446744073709551615`: math.MaxUint64,
		`1763848315000`: 1763848315000, `"1763848315000"`: 1763848315000, `""`: 0, `null`: 0, `-1`: 0, `"-1"`: 0, `-9223372036854775808`: 0,
		`1.5`: 1, `1.763848315e12`: 1763848315000, `"1e3"`: 1000, `0.1`: 0, `1e300`: 0, `18446744073709551616`: 0, `"Inf"`: 0,
	} {
		var got number
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{`"yesterday"`, `true`, `{}`, `[]`, `[1]`, `"NaN"`, `"1 2"`, `" "`, `"\u0031"`} {
		var got number
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s is the number %d", text, got)
		}
	}
}

func TestScalar(t *testing.T) {
	for text, want := range map[string]scalar{
		`"gold"`: "gold", `""`: "", `3`: "3", `4294967295`: "4294967295", `-1`: "-1", `true`: "true", `null`: "", `{"a":1}`: "", `[3]`: "",
		`"\u4e00"`: "一", `"3"`: "3",
	} {
		var got scalar
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestMembers(t *testing.T) {
	for text, want := range map[string]members{
		`[]`: nil, `null`: nil, `["a","b"]`: {"a", "b"}, `[{"Member_Account":"a"},{"Member_Account":"b","Role":1}]`: {"a", "b"},
		`[{"Member_Account":"a"},"b"]`: {"a", "b"}, `[{"Member_Account":""},{},null,""]`: nil, `[{"Other":"a"}]`: nil,
	} {
		var got members
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		same(t, text, got, want)
	}
	for _, text := range []string{`"a"`, `[1]`, `[["a"]]`, `[{"Member_Account":1}]`, `{}`} {
		var got members
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s are the members %v", text, got)
		}
	}
}

func TestDepth(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		deep bool
	}{
		"as deep as may be":        {strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), false},
		"one more":                 {strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1), true},
		"objects and lists":        {strings.Repeat(`{"a":[`, maxDepth/2+1), true},
		"beside each other":        {"[" + strings.Repeat("[],", 1000) + "[]]", false},
		"in a text":                {`{"a":"` + strings.Repeat("[", 1000) + `"}`, false},
		"after an escaped quote":   {`{"a":"\"` + strings.Repeat("[", 1000) + `"}`, false},
		"after an escaped slash":   {`{"a":"\\"` + strings.Repeat("[", 1000), true},
		"closed before opened":     {strings.Repeat("]", 1000) + strings.Repeat("[", 1000), false},
		"a slash at the end":       {`"\`, false},
		"nothing":                  {"", false},
		"an escape in front of it": {`\` + strings.Repeat("[", maxDepth+1), true},
	} {
		if got := tooDeep([]byte(c.body)); got != c.deep {
			t.Errorf("%s: too deep: %v", name, got)
		}
	}
	if _, err := parse([]byte(strings.Repeat("[", 100))); !errors.Is(err, errNested) {
		t.Errorf("got %v", err)
	}
}

func TestMoment(t *testing.T) {
	for name, c := range map[string]struct {
		callback Callback
		want     time.Time
	}{
		"EventTime":                {Callback{EventTime: millis - 1500}, now.Add(-1500 * time.Millisecond)},
		"MsgTime":                  {Callback{MsgTime: millis/1000 - 2}, now.Add(-2 * time.Second)},
		"both":                     {Callback{EventTime: millis - 1500, MsgTime: millis/1000 - 2}, now.Add(-1500 * time.Millisecond)},
		"neither":                  {Callback{}, now},
		"an hour ahead":            {Callback{EventTime: millis + 3_600_000}, now.Add(time.Hour)},
		"more than that":           {Callback{EventTime: millis + 3_600_001}, now},
		"a month ago":              {Callback{EventTime: millis - 30*24*3_600_000}, now.Add(-30 * 24 * time.Hour)},
		"longer ago":               {Callback{EventTime: millis - 30*24*3_600_000 - 1}, now},
		"seconds in EventTime":     {Callback{EventTime: millis / 1000}, now},
		"milliseconds in MsgTime":  {Callback{MsgTime: millis}, now},
		"all bits of EventTime":    {Callback{EventTime: math.MaxUint64}, now},
		"all bits of MsgTime":      {Callback{MsgTime: math.MaxUint64}, now},
		"the sign bit of a time":   {Callback{EventTime: 1 << 63}, now},
		"a time before all others": {Callback{MsgTime: 1}, now},
	} {
		if got := c.callback.moment(now); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// ShutUpAllMember was seen in a source, not in the documents: no form of it costs the rest.
func TestUndocumentedForms(t *testing.T) {
	for text, want := range map[string]scalar{`"On"`: "On", `1`: "1", `true`: "true", `{"a":1}`: "", `null`: ""} {
		c, err := parse([]byte(`{"CallbackCommand":"Group.CallbackAfterGroupInfoChanged","Name":"n","ShutUpAllMember":` + text + `}`))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if c.ShutUpAllMember != want || c.Name == nil || *c.Name != "n" {
			t.Errorf("%s: got %q and name %v", text, c.ShutUpAllMember, c.Name)
		}
	}
}
