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

package live

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clockWindow is how far a caller's clock may be off.
const clockWindow = 5 * time.Minute

var (
	errSignature = &apiError{"AuthFailure.SignatureFailure", "the signature does not fit"}
	errSecretID  = &apiError{"AuthFailure.SecretIdNotFound", "the SecretId is not found"}
	errClock     = &apiError{"AuthFailure.SignatureExpire", "the timestamp is more than five minutes off"}
)

// authorization is the header of that name, taken apart (section 4.1).
type authorization struct {
	secretID, date, service  string
	signedHeaders, signature string
}

func readAuthorization(text string) (*authorization, bool) {
	rest, ok := strings.CutPrefix(text, "TC3-HMAC-SHA256 ")
	fields := map[string]string{}
	for _, part := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if !ok || len(scope) != 4 || scope[3] != "tc3_request" {
		return nil, false
	}
	return &authorization{scope[0], scope[1], scope[2], fields["SignedHeaders"], fields["Signature"]}, true
}

// authenticate a call, and return the service that it is for: that of the host, if
// it says so, which must be that of the signature.
func (s *Simulator) authenticate(r *http.Request, body []byte) (service string, refused *apiError) {
	a, ok := readAuthorization(r.Header.Get("Authorization"))
	if !ok {
		return "", errSignature
	}
	key, known := s.options.Credentials[a.secretID]
	if !known {
		return "", errSecretID
	}
	stamp, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	at := time.Unix(stamp, 0)
	switch {
	case err != nil || at.UTC().Format(time.DateOnly) != a.date:
		return "", errSignature
	case at.Sub(s.options.Clock()).Abs() > clockWindow:
		return "", errClock
	}
	names := strings.Split(a.signedHeaders, ";")
	if !slices.Contains(names, "content-type") || !slices.Contains(names, "host") || !slices.IsSorted(names) {
		return "", errSignature
	}
	if !hmac.Equal([]byte(a.sign(key, stamp, canonical(r, body, names))), []byte(a.signature)) {
		return "", errSignature
	}
	host, _, _ := strings.Cut(r.Host, ".")
	if (host == serviceLive || host == serviceTRTC) && host != a.service {
		return "", errSignature
	}
	return a.service, nil
}

// canonical rebuilds what was signed from the list of headers that the caller names.
func canonical(r *http.Request, body []byte, names []string) string {
	var headers strings.Builder
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		_, _ = fmt.Fprintf(&headers, "%s:%s\n", name, strings.ToLower(strings.TrimSpace(value))) // into memory
	}
	return strings.Join([]string{r.Method, "/", r.URL.RawQuery, headers.String(), strings.Join(names, ";"), hashed(string(body))}, "\n")
}

// sign a canonical request (section 4.2).
func (a *authorization) sign(key string, stamp int64, canonical string) string {
	scope := a.date + "/" + a.service + "/tc3_request"
	text := strings.Join([]string{"TC3-HMAC-SHA256", strconv.FormatInt(stamp, 10), scope, hashed(canonical)}, "\n")
	signing := keyed(keyed(keyed("TC3"+key, a.date), a.service), "tc3_request")
	return hex.EncodeToString([]byte(keyed(signing, text)))
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func keyed(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return string(mac.Sum(nil))
}
