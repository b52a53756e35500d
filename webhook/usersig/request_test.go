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
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// reject decodes and checks a body and returns the reason of the refusal.
func reject(t *testing.T, body string) (Reason, time.Duration) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	request, refused := decode(httptest.NewRecorder(), r)
	if refused != nil {
		return refused.reason, 0
	}
	validity, refused := request.check(&terms{maxValidity: time.Hour, allowed: compile([]string{"viewer*", "a@b#c"}), administrator: "admin"})
	if refused != nil {
		return refused.reason, 0
	}
	return ReasonIssued, validity
}

func TestRequest(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("r", 65)
	for _, c := range []struct {
		body string
		want Reason
	}{
		{`{"userID":"viewer"}`, ReasonIssued},
		{` {"userID":"a@b#c","validitySeconds":1} ` + "\n", ReasonIssued},
		{`{"userID":"viewer","validitySeconds":3600}`, ReasonIssued},
		{`{"userID":"viewer","validitySeconds":3601}`, ReasonValidityTooLong},
		{`{"userID":"viewer","validitySeconds":9223372036854775807}`, ReasonValidityTooLong},
		{`{"userID":"viewer","validitySeconds":92233720368547758070}`, ReasonMalformedBody},
		{`{"userID":"viewer","validitySeconds":-1}`, ReasonInvalidValidity},
		{`{"userID":"viewer","validitySeconds":60.5}`, ReasonMalformedBody},
		{`{"userID":"viewer","validitySeconds":"60"}`, ReasonMalformedBody},
		{`{"userID":"viewer 1"}`, ReasonInvalidUserID},
		{`{"userID":"viewer\n"}`, ReasonInvalidUserID},
		{`{"userID":"viewerä"}`, ReasonInvalidUserID},
		{`{"userID":"viewer` + long + `"}`, ReasonInvalidUserID},
		{`{}`, ReasonInvalidUserID},
		{`null`, ReasonInvalidUserID},
		{``, ReasonMalformedBody},
		{`[]`, ReasonMalformedBody},
		{`{"userID":"viewer"`, ReasonMalformedBody},
		{`{"userID":"viewer"}{"userID":"viewer"}`, ReasonMalformedBody},
		{`{"userID":"viewer"} x`, ReasonMalformedBody},
		{`userID=viewer`, ReasonMalformedBody},
		{`{"userID":"viewer","sdkAppID":1}`, ReasonMalformedBody},
		{`{"userID":"` + strings.Repeat("v", MaxBodyBytes) + `"}`, ReasonBodyTooLarge},
		{`{"userID":"viewer"}` + strings.Repeat(" ", MaxBodyBytes), ReasonBodyTooLarge},

		{`{"userID":"viewer","privateMapKey":null}`, ReasonIssued},
		{`{"userID":"viewer","privateMapKey":{"roomID":1}}`, ReasonIssued},
		{`{"userID":"viewer","privateMapKey":{"roomID":4294967294,"privileges":255}}`, ReasonIssued},
		{`{"userID":"viewer","privateMapKey":{"stringRoomID":"tea room!~","privileges":["enterRoom"]}}`, ReasonIssued},
		{`{"userID":"viewer","privateMapKey":{"roomID":0}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"roomID":4294967295}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"roomID":1,"stringRoomID":"a"}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"stringRoomID":""}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"stringRoomID":"` + long + `"}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"stringRoomID":"室"}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"stringRoomID":"a\"b"}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"roomID":1,"privileges":0}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"roomID":1,"privileges":256}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"roomID":1,"privileges":[]}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"roomID":1,"privileges":["everything"]}}`, ReasonInvalidPrivateMapKey},
		{`{"userID":"viewer","privateMapKey":{"roomID":1,"privileges":"255"}}`, ReasonInvalidPrivateMapKey},
	} {
		if got, _ := reject(t, c.body); got != c.want {
			t.Errorf("%.80s: %s, want %s", c.body, got, c.want)
		}
	}
	for body, want := range map[string]time.Duration{
		`{"userID":"viewer"}`: time.Hour, `{"userID":"viewer","validitySeconds":null}`: time.Hour, `{"userID":"viewer","validitySeconds":90}`: 90 * time.Second,
	} {
		if _, got := reject(t, body); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestPrivileges(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var room Room
	g.Expect(room.granted()).To(Equal(im.AudiencePrivileges))
	for text, want := range map[string]im.Privileges{
		`255`: 255, `1`: 1, `["enterRoom","receiveAudio","receiveVideo"]`: 42, `["enterRoom","enterRoom"]`: 2,
		`["createRoom","enterRoom","sendAudio","receiveAudio","sendVideo","receiveVideo","sendSubStream","receiveSubStream"]`: 255,
	} {
		g.Expect(json.Unmarshal([]byte(`{"privileges":`+text+`}`), &room)).To(Succeed())
		g.Expect(room.granted()).To(Equal(want), text)
	}
}
