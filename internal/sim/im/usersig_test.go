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
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The verification vectors of the IM REST contract, section 2.5.
const (
	vectorKey    = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	vectorApp    = 1400000000
	vectorUser   = "xiaojun"
	vectorTime   = 1700000000
	vectorExpire = 15552000
	vectorSig    = "LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4="
	vectorText   = "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwhWZiflZpXlQqeKU7MSCgswUJStDEwMogMikVhRkFqUCxU1NTY3goiWZuSAxc1S1xZnpQJN9yhzNU-Q9y83Tg4vzirPLwqqcXAL8nZ1dkkr9nMtN3D3KQ5wNkjILtJ1MbJVqAa3HMfI_"
)

func vectorDocument() string {
	return fmt.Sprintf(`{"TLS.ver":"2.0","TLS.identifier":%q,"TLS.sdkappid":%d,"TLS.expire":%d,"TLS.time":%d,"TLS.sig":%q}`,
		vectorUser, vectorApp, vectorExpire, vectorTime, vectorSig)
}

// encodeSig makes the text of a UserSig of a JSON document.
func encodeSig(document string) string {
	var compressed bytes.Buffer
	writer := zlib.NewWriter(&compressed)
	_, _ = writer.Write([]byte(document))
	_ = writer.Close()
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(compressed.Bytes()))
}

func TestSignatureVectors(t *testing.T) {
	base := userSig{identifier: vectorUser, sdkAppID: vectorApp, issued: vectorTime, validity: vectorExpire}
	withBuffer := func(text string) userSig {
		buffer, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		sig := base
		sig.userBuf, sig.hasUserBuf = base64.StdEncoding.EncodeToString(buffer), true
		return sig
	}
	tests := map[string]struct {
		sig  userSig
		want string
	}{
		"plain":         {base, vectorSig},
		"numeric room":  {withBuffer("0000077869616f6a756e53724e000000271066413f00000000ff00000000"), "y9Avb5xwHgIgoABbGakLaE0xs+v/dLcIPegbWfcbRLI="},
		"room as texts": {withBuffer("0100077869616f6a756e53724e000000000066413f00000000ff00000000000a31303030303030303430"), "uupaOmIqiVUsVoCDvmakmGU86GEQBV0Ie6Q+9GFbowM="},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := base64.StdEncoding.EncodeToString(test.sig.sign(vectorKey)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestVerifyUserSig(t *testing.T) {
	document := vectorDocument()
	change := func(old, replacement string) string {
		if !strings.Contains(document, old) {
			t.Fatalf("the document has no %s", old)
		}
		return encodeSig(strings.Replace(document, old, replacement, 1))
	}
	issued := time.Unix(vectorTime, 0)
	type arguments struct {
		text       string
		app        int64
		identifier string
		key        string
		now        time.Time
	}
	good := arguments{vectorText, vectorApp, vectorUser, vectorKey, issued.Add(time.Hour)}
	with := func(change func(*arguments)) arguments {
		changed := good
		change(&changed)
		return changed
	}
	text := func(text string) arguments { return with(func(a *arguments) { a.text = text }) }
	tests := map[string]struct {
		arguments
		want int
	}{
		"the vector":                      {good, 0},
		"the same compressed otherwise":   {text(encodeSig(document)), 0},
		"the last second":                 {with(func(a *arguments) { a.now = issued.Add(vectorExpire * time.Second) }), 0},
		"one second too late":             {with(func(a *arguments) { a.now = issued.Add((vectorExpire + 1) * time.Second) }), 70001},
		"dated within the skew":           {with(func(a *arguments) { a.now = issued.Add(-time.Minute) }), 0},
		"dated in the future":             {with(func(a *arguments) { a.now = issued.Add(-61 * time.Second) }), 70005},
		"empty":                           {text(""), 70002},
		"another app":                     {with(func(a *arguments) { a.app++ }), 70014},
		"another identifier":              {with(func(a *arguments) { a.identifier = "someone" }), 70013},
		"another key":                     {with(func(a *arguments) { a.key = strings.ToUpper(vectorKey) }), 70009},
		"standard base64":                 {text(strings.ReplaceAll(vectorText, "_", "=")), 70003},
		"a line break":                    {text(vectorText[:40] + "\n" + vectorText[40:]), 70003},
		"cut off":                         {text(vectorText[:len(vectorText)-8]), 70003},
		"not base64":                      {text("!!!!"), 70003},
		"not compressed":                  {text("AAAA"), 70003},
		"no document":                     {text(encodeSig("")), 70003},
		"not an object":                   {text(encodeSig(`[1]`)), 70003},
		"two documents":                   {text(encodeSig(document + document)), 70003},
		"inflates without end":            {text(encodeSig(document + strings.Repeat(" ", 100_000))), 70003},
		"too long a text":                 {text(strings.Repeat("A", 4100)), 70003},
		"names in other case":             {text(change(`"TLS.sig"`, `"tls.sig"`)), 70003},
		"other version":                   {text(change(`"2.0"`, `"1.0"`)), 70003},
		"app as text":                     {text(change(`1400000000`, `"1400000000"`)), 70003},
		"time not whole":                  {text(change(`1700000000`, `1700000000.5`)), 70003},
		"negative validity":               {text(change(`15552000`, `-1`)), 70003},
		"validity without end":            {text(change(`15552000`, `9223372036854775807`)), 70005},
		"longer validity than was signed": {text(change(`15552000`, `15552001`)), 70009},
		"a buffer that was not signed":    {text(change(`"TLS.ver"`, `"TLS.userbuf":"AAAA","TLS.ver"`)), 70009},
		"a buffer that is no text":        {text(change(`"TLS.ver"`, `"TLS.userbuf":1,"TLS.ver"`)), 70003},
		"signature cut off":               {text(change(vectorSig, vectorSig[:40])), 70009},
		"signature empty":                 {text(change(vectorSig, "")), 70003},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, refusal := verifyUserSig(test.text, test.app, test.identifier, test.key, test.now, time.Minute)
			if got := codeOf(refusal); got != test.want {
				t.Errorf("got %v, want code %d", refusal, test.want)
			}
		})
	}
}

func TestLockOfIdentifiersIsBounded(t *testing.T) {
	auth := newAuthenticator(Options{SDKAppID: vectorApp, SecretKey: vectorKey}.withDefaults())
	for i := range 3 * maxLockEntries {
		_, _ = auth.authenticate(fmt.Sprint("user", i), "x", time.Unix(vectorTime, 0))
	}
	if got := len(auth.failures); got != maxLockEntries {
		t.Errorf("%d identifiers are remembered, want %d", got, maxLockEntries)
	}
}

// FuzzVerifyUserSig refuses arbitrary texts with a code of UserSigs, unless they
// say and prove what the vector says. The seeds are in testdata.
func FuzzVerifyUserSig(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		_, refusal := verifyUserSig(text, vectorApp, vectorUser, vectorKey, time.Unix(vectorTime, 0), 0)
		if refusal != nil {
			if refusal.Code < 70001 || refusal.Code > 70014 {
				t.Errorf("code %d is none of a UserSig", refusal.Code)
			}
			return
		}
		// Whatever passes says what the vector says.
		sig, err := parseUserSig(text)
		if err != nil || sig.identifier != vectorUser || sig.sdkAppID != vectorApp ||
			base64.StdEncoding.EncodeToString(sig.sign(vectorKey)) != base64.StdEncoding.EncodeToString(sig.signature) {
			t.Errorf("%q passed but is %+v (%v)", text, sig, err)
		}
	})
}
