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
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// maxTokenBytes of a bearer token; those of ServiceAccounts have about one KiB.
const maxTokenBytes = 8 << 10

// bearer is the token of a request, and "" when there is not exactly one. A token
// in the URL does not count: URLs end up in logs.
func bearer(header http.Header) string {
	values := header.Values("Authorization")
	if len(values) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || len(token) > maxTokenBytes || strings.ContainsAny(token, " ,") {
		return ""
	}
	return token
}

// claims are what a token says of itself. Nothing of it is proven unless the
// cluster has accepted the token.
type claims struct {
	Audience audiences `json:"aud"`
	Expires  *float64  `json:"exp"` // UNIX seconds
}

// audiences are a text or a list of texts.
type audiences []string

// UnmarshalJSON takes both forms.
func (a *audiences) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audiences{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// read returns what a token says of itself, and false for what is no token.
func read(token string) (claims, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims{}, false
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return claims{}, false
	}
	return c, true
}

// end is when a token ends; the zero time when it does not say.
func (c claims) end() time.Time {
	if c.Expires == nil || *c.Expires < 0 || *c.Expires > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(*c.Expires), 0)
}

// whyRefused tells the holder of a token that the cluster did not accept what is
// most likely wrong with it. It reads what the token says of itself, so it must
// decide nothing else.
func whyRefused(token, audience string, now time.Time) *refusal {
	c, ok := read(token)
	if !ok {
		return refuse(ReasonTokenInvalid, "the bearer token is not that of a ServiceAccount: send one that the cluster issued for audience %q", audience)
	}
	if end := c.end(); !end.IsZero() && !end.After(now) {
		return refuse(ReasonTokenExpired, "the token ended at %s: read the mounted file again for each request, it is renewed there", end.UTC().Format(time.RFC3339))
	}
	for _, one := range c.Audience {
		if one == audience {
			return refuse(ReasonTokenInvalid, "the cluster does not accept the token: it is of another cluster, or its ServiceAccount or pod is gone")
		}
	}
	return refuse(ReasonTokenAudience, "the token is not for audience %q: mount one with a projected volume (serviceAccountToken.audience)", audience)
}
