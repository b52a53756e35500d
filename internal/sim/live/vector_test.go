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
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// The vendor's own vectors T1 and T2 are of other services, so they do not pass by HTTP.
func TestOfficialTC3Vectors(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct {
		method, target, contentType, body, date string
		stamp                                   int64
		hash, signature                         string
	}{
		"T1": {
			http.MethodGet, "/?Limit=10&Offset=0", "application/x-www-form-urlencoded", "", "2018-10-09", 1539084154,
			"91c9c192c14460df6c1ffc69e34e6c5e90708de2a6d282cccf957dbf1aa7f3a7", "5da7a33f6993f0614b047e5df4582db9e9bf4672ba50567dba16c6ccf174c474",
		},
		"T2": {
			http.MethodPost, "/", "application/json; charset=utf-8",
			`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`, "2019-02-25", 1551113065,
			"5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031", "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			r := httptest.NewRequestWithContext(t.Context(), v.method, v.target, strings.NewReader(v.body))
			r.Host = "cvm.tencentcloudapi.com"
			r.Header.Set("Content-Type", v.contentType)
			a, ok := readAuthorization("TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/" + v.date +
				"/cvm/tc3_request, SignedHeaders=content-type;host, Signature=" + v.signature)
			g.Expect(ok).To(BeTrue())
			text := canonical(r, []byte(v.body), []string{"content-type", "host"})
			g.Expect(hashed(text)).To(Equal(v.hash))
			g.Expect(a.sign("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", v.stamp, text)).To(Equal(a.signature))
		})
	}
}

// TRTC's bodies with tabs are printed as in the official vector R1.
func TestTabs(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	got := encode(map[string]any{"EventGroupId": 2, "EventInfo": map[string]any{"RoomId": 8489, "UserId": `a": b`}}, true)
	g.Expect(got).To(Equal("{\n\t\"EventGroupId\":\t2,\n\t\"EventInfo\":\t{\n\t\t\"RoomId\":\t8489,\n\t\t\"UserId\":\t\"a\\\": b\"\n\t}\n}"))
}
