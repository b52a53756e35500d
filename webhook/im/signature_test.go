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
	"strconv"
	"strings"
	"testing"
	"time"
)

// vectors of section 1.4 of the callback contract.
var vectors = []struct{ name, token, requestTime, sign string }{
	{"official sample", "xxxxyyyy", "1669872112", "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061"},
	{"second", "shield-im-cb-7Qe2", "1763848315", "2fc4ffecd1440b4a7122c23ad2404ae54e54d52875d9f34d95de15bd22098d02"},
	{"a minute later", "shield-im-cb-7Qe2", "1763848375", "4839c55fab6ce8269e78772eb40f9682ed0678eb43537fd74ecc1d5f42cdbd9d"},
	{"token as misprinted", "xxxyyy", "1669872112", "e78a85473bed2cdc8d6fa8c4d5a4ba4735fd64156e15a99516b9890293e135de"},
}

func TestSignatureVectors(t *testing.T) {
	for _, v := range vectors {
		if got := Sign([]byte(v.token), v.requestTime); got != v.sign {
			t.Errorf("%s: signed %s, want %s", v.name, got, v.sign)
		}
		for _, w := range vectors {
			seconds, err := strconv.ParseInt(w.requestTime, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			want := RejectedForged
			if v.token == w.token && v.requestTime == w.requestTime {
				want = ""
			}
			if got := verify([]byte(w.token), v.sign, w.requestTime, time.Unix(seconds, 0)); got != want {
				t.Errorf("the signature of %q with the token and time of %q: %q, want %q", v.name, w.name, got, want)
			}
		}
	}
}

func TestVerify(t *testing.T) {
	good := Sign([]byte(token), requested)
	signed := func(requestTime string) string { return Sign([]byte(token), requestTime) }
	for name, c := range map[string]struct {
		sign, requestTime string
		offset            time.Duration
		want              Rejection
	}{
		"now":                         {good, requested, 0, ""},
		"within the second":           {good, requested, 999 * time.Millisecond, ""},
		"60 s old":                    {good, requested, 60 * time.Second, ""},
		"60 s ahead":                  {good, requested, -60 * time.Second, ""},
		"61 s old":                    {good, requested, 61 * time.Second, RejectedStale},
		"61 s ahead":                  {good, requested, -61 * time.Second, RejectedStale},
		"no signature":                {"", requested, 0, RejectedUnsigned},
		"no time":                     {good, "", 0, RejectedUnsigned},
		"neither":                     {"", "", 0, RejectedUnsigned},
		"one digit off":               {good[:63] + "3", requested, 0, RejectedForged},
		"a digit short":               {good[:63], requested, 0, RejectedForged},
		"half":                        {good[:32], requested, 0, RejectedForged},
		"a digit more":                {good + "0", requested, 0, RejectedForged},
		"twice":                       {good + good, requested, 0, RejectedForged},
		"no hexadecimals":             {strings.Repeat("g", 64), requested, 0, RejectedForged},
		"of another second":           {signed("1763848316"), requested, 0, RejectedForged},
		"of another token":            {Sign([]byte("other"), requested), requested, 0, RejectedForged},
		"a boundary that moved":       {Sign([]byte(token+"1"), "763848315"), "763848315", 0, RejectedForged},
		"time is no number":           {signed("soon"), "soon", 0, RejectedForged},
		"time in milliseconds":        {signed("1763848315000"), "1763848315000", 0, RejectedStale},
		"time before all time":        {signed("-9223372036854775808"), "-9223372036854775808", 0, RejectedStale},
		"time after all time":         {signed("9223372036854775807"), "9223372036854775807", 0, RejectedStale},
		"time beyond 64 bits":         {signed("99999999999999999999"), "99999999999999999999", 0, RejectedForged},
		"forged and stale is forged":  {good[:63] + "3", requested, time.Hour, RejectedForged},
		"unsigned and stale is that":  {"", requested, time.Hour, RejectedUnsigned},
		"upper case is the same hash": {strings.ToUpper(good), requested, 0, ""},
	} {
		if got := verify([]byte(token), c.sign, c.requestTime, now.Add(c.offset)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestVerifyIsNotAnsweredByAnEmptyToken(t *testing.T) {
	if got := verify([]byte(token), Sign(nil, requested), requested, now); got != RejectedForged {
		t.Errorf("got %q", got)
	}
}

func TestSegment(t *testing.T) {
	seen := map[string]string{}
	for _, c := range []struct{ token, namespace, name string }{
		{token, "shop", "live"}, {token, "shop", "liv"}, {token, "shoplive", ""}, {token, "shop", "live2"}, {token, "shop2", "live"},
		{token + "x", "shop", "live"}, {"", "shop", "live"},
	} {
		segment := Segment([]byte(c.token), c.namespace, c.name)
		if len(segment) != 40 || strings.Trim(segment, "0123456789abcdef") != "" {
			t.Errorf("%v: %q is not 160 bits in hexadecimals", c, segment)
		}
		if other, taken := seen[segment]; taken {
			t.Errorf("%v has the segment of %s", c, other)
		}
		seen[segment] = c.namespace + "/" + c.name
		if again := Segment([]byte(c.token), c.namespace, c.name); again != segment {
			t.Errorf("%v: first %s, then %s", c, segment, again)
		}
		if c.token != "" && strings.Contains(segment, c.token) {
			t.Errorf("%q holds the token", segment)
		}
	}
	if got, want := Path([]byte(token), "shop", "live"), "/im/shop/live/"+Segment([]byte(token), "shop", "live"); got != want {
		t.Errorf("path %s, want %s", got, want)
	}
}
