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

package live_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

func mac(key, text string) string {
	digest := hmac.New(sha256.New, []byte(key))
	digest.Write([]byte(text))
	return string(digest.Sum(nil))
}

// signed is a call as another client would make it, which signs the action, too.
func (s *stage) signed(service, action, body string, change func(*http.Request)) *http.Request {
	s.t.Helper()
	now := s.clock()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Host = service + ".tencentcloudapi.com"
	version := map[string]string{"live": "2018-08-01", "trtc": "2019-07-22"}[service]
	for name, value := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "X-TC-Action": action, "X-TC-Version": version, "X-TC-Region": "ap-guangzhou",
		"X-TC-Timestamp": strconv.FormatInt(now.Unix(), 10),
	} {
		r.Header.Set(name, value)
	}
	if change != nil {
		change(r)
	}
	stamp, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	s.Expect(err).NotTo(HaveOccurred())
	const headers = "content-type;host;x-tc-action"
	canonical := "POST\n/\n\ncontent-type:" + r.Header.Get("Content-Type") + "\nhost:" + r.Host + "\nx-tc-action:" + strings.ToLower(action) +
		"\n\n" + headers + "\n" + sum(body)
	date := time.Unix(stamp, 0).UTC().Format(time.DateOnly)
	scope := date + "/" + service + "/tc3_request"
	text := "TC3-HMAC-SHA256\n" + strconv.FormatInt(stamp, 10) + "\n" + scope + "\n" + sum(canonical)
	signature := hex.EncodeToString([]byte(mac(mac(mac(mac("TC3SKEXAMPLE0000", date), service), "tc3_request"), text)))
	r.Header.Set("Authorization", "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0000/"+scope+", SignedHeaders="+headers+", Signature="+signature)
	return r
}

// answerTo a call: the code of the refusal, or nothing.
func (s *stage) answerTo(r *http.Request) string {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.sim.ServeHTTP(w, r)
	s.Expect(w.Code).To(Equal(http.StatusOK))
	var envelope struct {
		Response struct{ Error struct{ Code string } }
	}
	s.Expect(json.Unmarshal(w.Body.Bytes(), &envelope)).To(Succeed())
	return envelope.Response.Error.Code
}

// The vectors T3 and T4 of the contract are taken over HTTP, and nothing that differs.
func TestAPIVectors(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]struct{ service, action, version, body, signature, want string }{
		"T3": {
			"live", "DropLiveStream", "2018-08-01", `{"AppName":"live","DomainName":"push.example.com","StreamName":"show42_main"}`,
			"9124fc124738574e56013818e6da35b7efed06cd3d025cce1e95fd559be91354", "",
		},
		"T4": {
			"trtc", "DismissRoom", "2019-07-22", `{"SdkAppId":1400000000,"RoomId":12345}`,
			"993fd0ec6972a017f006e5d1386c946cef4555fcb1687fd4b15f5478beb9a5b8", "FailedOperation.RoomNotExist",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, at(newYear.Add(299*time.Second)))
			call := func(host, service, date, body, signature string) string {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, strings.NewReader(body))
				s.Expect(err).NotTo(HaveOccurred())
				r.Host = host
				for name, value := range map[string]string{
					"Content-Type": "application/json", "X-TC-Action": v.action, "X-TC-Version": v.version, "X-TC-Timestamp": "1767225600", "X-TC-Region": "ap-guangzhou",
					"Authorization": "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0000/" + date + "/" + service +
						"/tc3_request, SignedHeaders=content-type;host, Signature=" + signature,
				} {
					r.Header.Set(name, value)
				}
				response, err := s.client.Do(r)
				s.Expect(err).NotTo(HaveOccurred())
				defer func() { _ = response.Body.Close() }()
				s.Expect(response.StatusCode).To(Equal(http.StatusOK), "refusals are in the envelope")
				var envelope struct {
					Response struct{ Error struct{ Code string } }
				}
				s.Expect(json.NewDecoder(response.Body).Decode(&envelope)).To(Succeed())
				return envelope.Response.Error.Code
			}
			host, day := v.service+".tencentcloudapi.com", "2026-01-01"
			const refused = "AuthFailure.SignatureFailure"
			s.Expect(call(host, v.service, day, v.body, v.signature)).To(Equal(v.want))
			s.Expect(call(host, v.service, day, v.body+" ", v.signature)).To(Equal(refused), "the body is signed")
			s.Expect(call("cvm.tencentcloudapi.com", v.service, day, v.body, v.signature)).To(Equal(refused), "the host is signed")
			s.Expect(call(host, "cvm", day, v.body, v.signature)).To(Equal(refused), "the service is signed")
			s.Expect(call(host, v.service, "2026-01-02", v.body, v.signature)).To(Equal(refused), "the date is that of the time")
			s.Expect(call(host, v.service, day, v.body, strings.ToUpper(v.signature))).To(Equal(refused))
		})
	}
}

// More headers may be signed; clocks may be five minutes off; hosts are for one service.
func TestAPISignatures(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	const body = `{"AppName":"live","DomainName":"push.example.com","StreamName":"show-42"}`
	shift := func(d time.Duration) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-TC-Timestamp", strconv.FormatInt(time.Now().Add(d).Unix(), 10)) }
	}
	call := func(change func(*http.Request)) string {
		return s.answerTo(s.signed("live", "DropLiveStream", body, change))
	}
	s.Expect(call(nil)).To(BeEmpty())
	s.Expect(call(shift(-299 * time.Second))).To(BeEmpty())
	s.Expect(call(shift(290 * time.Second))).To(BeEmpty())
	s.Expect(call(shift(-302 * time.Second))).To(Equal("AuthFailure.SignatureExpire"))
	s.Expect(call(shift(302 * time.Second))).To(Equal("AuthFailure.SignatureExpire"))
	s.Expect(call(func(r *http.Request) { r.Host = "127.0.0.1:8080" })).To(BeEmpty(), "such a host says nothing of the service")
	s.Expect(call(func(r *http.Request) { r.Host = "live.intl.tencentcloudapi.com" })).To(BeEmpty())
	s.Expect(call(func(r *http.Request) { r.Host = "trtc.tencentcloudapi.com" })).To(Equal("AuthFailure.SignatureFailure"))
	s.Expect(call(func(r *http.Request) { r.Header.Set("X-TC-Version", "2019-07-22") })).To(Equal("NoSuchVersion"))
	withoutRegion := s.signed("trtc", "DismissRoom", `{}`, func(r *http.Request) { r.Header.Del("X-TC-Region") })
	s.Expect(s.answerTo(withoutRegion)).To(Equal("MissingParameter"))
	after := func(change func(*http.Request)) string {
		r := s.signed("live", "DropLiveStream", body, nil)
		change(r)
		return s.answerTo(r)
	}
	replace := func(from, to string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
		}
	}
	const refused = "AuthFailure.SignatureFailure"
	s.Expect(after(replace("AKIDEXAMPLE0000", "AKIDOTHER"))).To(Equal("AuthFailure.SecretIdNotFound"))
	s.Expect(after(replace("TC3-HMAC-SHA256", "Basic"))).To(Equal(refused))
	s.Expect(after(replace("content-type;host;x-tc-action", "x-tc-action"))).To(Equal(refused))
	s.Expect(after(func(r *http.Request) { r.Header.Del("Authorization") })).To(Equal(refused))
	s.Expect(after(func(r *http.Request) { r.Header.Set("X-TC-Action", "ResumeLiveStream") })).To(Equal(refused), "it was signed")
	s.Expect(after(func(r *http.Request) { r.Header.Set("X-TC-Timestamp", "soon") })).To(Equal(refused))
}

// Only POST on the root is the API, with a body that is not too long.
func TestAPIPath(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	w := httptest.NewRecorder()
	s.sim.ServeHTTP(w, s.signed("live", "DropLiveStream", `{"Reason":"`+strings.Repeat("x", 64<<10)+`"}`, nil))
	s.Expect(w.Code).To(Equal(http.StatusRequestEntityTooLarge))
	for _, path := range []string{"/v2", "/sim/nothing"} {
		w = httptest.NewRecorder()
		s.sim.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, http.NoBody))
		s.Expect(w.Code).To(Equal(http.StatusNotFound), path)
	}
	r := s.signed("live", "DropLiveStream", `{}`, nil)
	r.Method = http.MethodGet
	s.Expect(s.answerTo(r)).To(Equal("AuthFailure.SignatureFailure"))
}
