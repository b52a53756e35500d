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

package usersig

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestBearer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []string
		want   string
	}{
		{nil, ""},
		{[]string{"Bearer abc"}, "abc"},
		{[]string{"bearer  abc "}, "abc"},
		{[]string{"Basic abc"}, ""},
		{[]string{"Bearer"}, ""},
		{[]string{"abc"}, ""},
		{[]string{"Bearer a b"}, ""},
		{[]string{"Bearer a,Bearer b"}, ""},
		{[]string{"Bearer a", "Bearer b"}, ""},
		{[]string{"Bearer " + strings.Repeat("a", maxTokenBytes+1)}, ""},
	} {
		if got := bearer(http.Header{"Authorization": c.values}); got != c.want {
			t.Errorf("%.40q: %.40q, want %q", c.values, got, c.want)
		}
	}
}

func TestWhyRefused(t *testing.T) {
	t.Parallel()
	now := time.Unix(1767225600, 0)
	for payload, want := range map[string]Reason{
		`{"aud":"here","exp":1767225600}`:               ReasonTokenExpired,
		`{"aud":["elsewhere"],"exp":1767225599}`:        ReasonTokenExpired,
		`{"aud":["elsewhere","here"],"exp":1767225601}`: ReasonTokenInvalid,
		`{"aud":"here"}`:                                ReasonTokenInvalid,
		`{"aud":"elsewhere","exp":1767225601.5}`:        ReasonTokenAudience,
		`{"aud":[]}`:                                    ReasonTokenAudience,
		`{"exp":1e300}`:                                 ReasonTokenAudience,
		`{"exp":-1}`:                                    ReasonTokenAudience,
		`{}`:                                            ReasonTokenAudience,
		`{"aud":1}`:                                     ReasonTokenInvalid,
		`[]`:                                            ReasonTokenInvalid,
		`{"exp":"soon"}`:                                ReasonTokenInvalid,
		`no JSON`:                                       ReasonTokenInvalid,
	} {
		token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".sig"
		if got := whyRefused(token, "here", now); got.reason != want || strings.Contains(got.message, token) {
			t.Errorf("%s: %+v, want %s", payload, got, want)
		}
	}
	for _, token := range []string{"", "abc", "a.b", "e30.***.sig", "e30.e30.sig.x"} {
		if got := whyRefused(token, "here", now); got.reason != ReasonTokenInvalid {
			t.Errorf("%s: %s", token, got.reason)
		}
	}
}
