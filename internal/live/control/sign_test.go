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

package control

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The vectors of the live contract, section 4.2. The first two are the provider's.
func TestSign(t *testing.T) {
	t.Parallel()
	official := Credentials{"AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"}
	own := Credentials{"AKIDEXAMPLE0000", "SKEXAMPLE0000"}
	for _, v := range []struct {
		name        string
		credentials Credentials
		request     request
		body        string
		canonical   string
		signature   string
	}{
		{
			"T1", official, request{method: http.MethodGet, host: "cvm.tencentcloudapi.com", service: "cvm", query: "Limit=10&Offset=0", contentType: "application/x-www-form-urlencoded", at: time.Unix(1539084154, 0)},
			"", "91c9c192c14460df6c1ffc69e34e6c5e90708de2a6d282cccf957dbf1aa7f3a7", "5da7a33f6993f0614b047e5df4582db9e9bf4672ba50567dba16c6ccf174c474",
		},
		{
			"T2", official, request{method: http.MethodPost, host: "cvm.tencentcloudapi.com", service: "cvm", contentType: "application/json; charset=utf-8", at: time.Unix(1551113065, 0)},
			`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`,
			"5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031", "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
		},
		{
			"T3", own, request{method: http.MethodPost, host: "live.tencentcloudapi.com", service: "live", contentType: "application/json", at: time.Unix(1767225600, 0)},
			`{"AppName":"live","DomainName":"push.example.com","StreamName":"show42_main"}`,
			"24df724d6e3021e9133b316fae3f358abfcfe23220c0881403042825b5e35eef", "9124fc124738574e56013818e6da35b7efed06cd3d025cce1e95fd559be91354",
		},
		{
			"T4", own, request{method: http.MethodPost, host: "trtc.tencentcloudapi.com", service: "trtc", contentType: "application/json", at: time.Unix(1767225600, 0)},
			`{"SdkAppId":1400000000,"RoomId":12345}`, "", "993fd0ec6972a017f006e5d1386c946cef4555fcb1687fd4b15f5478beb9a5b8",
		},
	} {
		v.request.body = []byte(v.body)
		if got := digest([]byte(v.request.canonical())); v.canonical != "" && got != v.canonical {
			t.Errorf("%s: canonical request %s", v.name, got)
		}
		if got, _ := v.credentials.sign(&v.request); got != v.signature {
			t.Errorf("%s: signature %s", v.name, got)
		}
	}
	if got := hex.EncodeToString(own.key("2026-01-01", "live")); got != "de17fe0c451c543cdaf0787d851a00760e8ab480058cd22ec49da86cf3644386" {
		t.Errorf("T3: signing key %s", got)
	}
}

// Printed credentials tell whose they are, and not the key.
func TestCredentialsDoNotShow(t *testing.T) {
	t.Parallel()
	c := Credentials{"AKID1", "top-secret"}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%v", struct{ C Credentials }{c}), c.LogValue().String()} {
		if strings.Contains(text, "top-secret") || !strings.Contains(text, "AKID1") {
			t.Error(text)
		}
	}
}
