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

package usersig_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/usersig"
)

// mint makes a token that the cluster's key has signed, or another one.
func (s *story) mint(account *corev1.ServiceAccount, key *rsa.PrivateKey, from string, expires time.Time) string {
	s.t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		s.Expect(err).NotTo(HaveOccurred())
		return base64.RawURLEncoding.EncodeToString(text)
	}
	subject := "system:serviceaccount:" + account.Namespace + ":" + account.Name
	signed := part(map[string]any{"alg": "RS256", "kid": keyID(s)}) + "." + part(map[string]any{
		"iss": from, "sub": subject, "aud": []string{audience}, "exp": expires.Unix(), "iat": expires.Add(-time.Hour).Unix(), "nbf": expires.Add(-time.Hour).Unix(),
		"kubernetes.io": map[string]any{
			"namespace": account.Namespace, "serviceaccount": map[string]any{"name": account.Name, "uid": account.UID},
		},
	})
	hash := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, hash[:])
	s.Expect(err).NotTo(HaveOccurred())
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// keyID is the name that the cluster has for its key: that of the tokens it issues.
func keyID(s *story) string {
	s.t.Helper()
	head, _, _ := strings.Cut(s.token(s.namespace, "backend", audience), ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	s.Expect(err).NotTo(HaveOccurred())
	var header struct{ Kid string }
	s.Expect(json.Unmarshal(text, &header)).To(Succeed())
	return header.Kid
}

// TestEachRefusalIsItsOwn goes through what can be wrong with a caller or a
// request, against the tokens and the rights of a real API server.
func TestEachRefusalIsItsOwn(t *testing.T) {
	s := begin(t)
	name := s.namespace + "/app"
	backend := &corev1.ServiceAccount{}
	s.Expect(s.client.Get(s.ctx, s.key("backend"), backend)).To(Succeed())
	s.account(s.namespace, "bystander")
	foreign := env.Namespace(t)
	s.account(foreign, "backend")
	s.grant(foreign, "backend") // the right alone is not enough
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	s.Expect(err).NotTo(HaveOccurred())

	hour := time.Now().Add(time.Hour)
	good := s.token(s.namespace, "backend", audience)
	viewer := map[string]any{"userID": "viewer-1"}
	type want struct {
		Status  int
		Reason  usersig.Reason
		Message string
	}
	for _, c := range []struct {
		name, token string
		request     map[string]any
		want        want
	}{
		{"no token", "", viewer, want{401, usersig.ReasonTokenMissing, "Authorization: Bearer"}},
		{"no token of a cluster", "nonsense", viewer, want{401, usersig.ReasonTokenInvalid, audience}},
		{"token of another audience", s.token(s.namespace, "backend", "vault"), viewer, want{401, usersig.ReasonTokenAudience, "serviceAccountToken.audience"}},
		{"token of the API server", s.token(s.namespace, "backend", issuer), viewer, want{401, usersig.ReasonTokenAudience, "serviceAccountToken.audience"}},
		{"token that has ended", s.mint(backend, issuerKey, issuer, time.Now().Add(-2*time.Minute)), viewer, want{401, usersig.ReasonTokenExpired, "the token ended at "}},
		{"token with a forged signature", s.mint(backend, forger, issuer, hour), viewer, want{401, usersig.ReasonTokenInvalid, "does not accept the token"}},
		{"token of another cluster", s.mint(backend, issuerKey, "https://elsewhere.test", hour), viewer, want{401, usersig.ReasonTokenInvalid, "does not accept the token"}},
		{"without the right", s.token(s.namespace, "bystander", audience), viewer, want{403, usersig.ReasonAccessDenied, "ServiceAccount " + s.namespace + "/bystander may not create imapps/usersig of ImApp " + name}},
		{"foreign namespace", s.token(foreign, "backend", audience), viewer, want{403, usersig.ReasonNamespaceNotAllowed, "does not allow namespace " + foreign}},
		{"user of no pattern", good, map[string]any{"userID": "moderator-1"}, want{403, usersig.ReasonUserNotAllowed, "allowedUserIDs"}},
		{"administrator", good, map[string]any{"userID": "administrator"}, want{403, usersig.ReasonAdministratorNotAllowed, "administrator to Allow"}},
		{"administrator in capitals", good, map[string]any{"userID": "Administrator"}, want{403, usersig.ReasonAdministratorNotAllowed, "administrator to Allow"}},
		{"no user", good, map[string]any{"userID": ""}, want{422, usersig.ReasonInvalidUserID, "1 to 32"}},
		{"pattern as user", good, map[string]any{"userID": "viewer-*"}, want{422, usersig.ReasonInvalidUserID, "1 to 32"}},
		{"validity too long", good, map[string]any{"userID": "viewer-1", "validitySeconds": 3601}, want{422, usersig.ReasonValidityTooLong, "at most 3600"}},
		{"no validity", good, map[string]any{"userID": "viewer-1", "validitySeconds": 0}, want{422, usersig.ReasonInvalidValidity, "1 or more"}},
		{"room of no name", good, map[string]any{"userID": "viewer-1", "privateMapKey": map[string]any{}}, want{422, usersig.ReasonInvalidPrivateMapKey, "exactly one"}},
		{"unknown field", good, map[string]any{"userID": "viewer-1", "user": "x"}, want{400, usersig.ReasonMalformedBody, "no other fields"}},
		{"field of another kind", good, map[string]any{"userID": 1}, want{400, usersig.ReasonMalformedBody, "userID must not be a number"}},
		{"long body", good, map[string]any{"userID": strings.Repeat("v", usersig.MaxBodyBytes)}, want{413, usersig.ReasonBodyTooLarge, "4096 bytes"}},
	} {
		before := s.outcomes()
		got := s.ask(c.token, c.request)
		s.Expect(got.Refusal.Message).To(ContainSubstring(c.want.Message), c.name)
		s.Expect(want{got.Status, got.Reason, c.want.Message}).To(Equal(c.want), c.name)
		before[name+" "+string(c.want.Reason)]++
		s.Expect(s.outcomes()).To(Equal(before), c.name)

		s.Expect(got.Header).To(HaveKeyWithValue("Cache-Control", []string{"no-store"}), c.name)
		s.Expect(got.Header).NotTo(HaveKey("Access-Control-Allow-Origin"), c.name)
		s.Expect(got.Header.Get("WWW-Authenticate") != "").To(Equal(got.Status == http.StatusUnauthorized), c.name)
		s.secretIn(c.name, got.raw+s.log.text(), c.token)
	}
	s.Expect(s.log.text()).To(BeEmpty(), "what the caller is told is not logged")
}

// TestRightsComeAndGo within the time for which the answer about them is kept.
func TestRightsComeAndGo(t *testing.T) {
	s := begin(t)
	s.account(s.namespace, "guest")
	token := s.token(s.namespace, "guest", audience)
	viewer := map[string]any{"userID": "viewer-1"}

	s.Expect(s.ask(token, viewer).Reason).To(Equal(usersig.ReasonAccessDenied))
	binding := s.grant(s.namespace, "guest")
	s.Expect(s.ask(token, viewer).Reason).To(Equal(usersig.ReasonAccessDenied), "the answer is kept for a moment")
	s.Eventually(func() int {
		s.clock.SetTime(s.clock.Now().Add(6 * time.Second))
		return s.ask(token, viewer).Status
	}).Should(Equal(http.StatusOK))

	s.Expect(s.client.Delete(s.ctx, binding)).To(Succeed())
	s.Expect(s.ask(token, viewer).Status).To(Equal(http.StatusOK), "for half a minute")
	s.Eventually(func() usersig.Reason {
		s.clock.SetTime(s.clock.Now().Add(31 * time.Second))
		return s.ask(token, viewer).Reason
	}).Should(Equal(usersig.ReasonAccessDenied))
}

// TestPeopleAreNoCallers: a token that is good for the audience, of somebody who
// is no ServiceAccount.
func TestPeopleAreNoCallers(t *testing.T) {
	s := begin(t, func(app *imv1alpha1.ImApp) { app.Spec.UserSigService.Audience = issuer })
	got := s.ask(janesToken, map[string]any{"userID": "viewer-1"})
	s.Expect(got.Status).To(Equal(http.StatusForbidden))
	s.Expect(got.Reason).To(Equal(usersig.ReasonNotServiceAccount))
	s.Expect(s.ask(s.token(s.namespace, "backend", issuer), map[string]any{"userID": "viewer-1"}).Status).To(Equal(http.StatusOK))
}

// TestCallersHaveTheirShare: one caller's requests do not use up another's.
func TestCallersHaveTheirShare(t *testing.T) {
	perMinute := int32(20)
	s := begin(t, func(app *imv1alpha1.ImApp) { app.Spec.UserSigService.RequestsPerMinute = &perMinute })
	s.account(s.namespace, "other")
	s.grant(s.namespace, "other")
	busy, other := s.token(s.namespace, "backend", audience), s.token(s.namespace, "other", audience)
	viewer := map[string]any{"userID": "viewer-1"}
	s.Expect([]int{s.ask(busy, viewer).Status, s.ask(busy, viewer).Status}).To(Equal([]int{200, 200}))
	for _, token := range []string{busy, s.token(s.namespace, "backend", audience)} { // another token is no other caller
		got := s.ask(token, viewer)
		s.Expect(got.Status).To(Equal(http.StatusTooManyRequests))
		s.Expect(got.Reason).To(Equal(usersig.ReasonCallerLimited))
		s.Expect(got.Header.Get("Retry-After")).To(Equal("3"))
	}
	s.Expect(s.ask(other, viewer).Status).To(Equal(http.StatusOK))
	s.clock.SetTime(s.clock.Now().Add(3 * time.Second))
	s.Expect(s.ask(busy, viewer).Status).To(Equal(http.StatusOK))
	s.Expect(s.outcomes()).To(Equal(map[string]float64{
		s.namespace + "/app Issued": 4, s.namespace + "/app CallerLimited": 2,
	}))
}

// TestUnknownApplications cannot be told apart, and are counted together.
func TestUnknownApplications(t *testing.T) {
	s := begin(t)
	silent := s.app()
	silent.Name, silent.Spec.UserSigService = "silent", nil
	lost := s.app()
	lost.Name = "lost"
	s.create(silent, lost)
	lost.Status.Conditions = []metav1.Condition{{
		Type: imv1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: imv1alpha1.ReasonConflict, LastTransitionTime: metav1.Now(),
	}}
	s.Expect(s.client.Status().Update(s.ctx, lost)).To(Succeed())
	token := s.token(s.namespace, "backend", audience)
	var answers []string
	for _, path := range []string{s.namespace + "/none", s.namespace + "/silent", s.namespace + "/lost", "nowhere/app"} {
		for _, shown := range []string{token, ""} {
			got := s.ask(shown, map[string]any{"userID": "viewer-1"}, func(r *http.Request) {
				r.URL.Path = "/usersig/" + path
			})
			answers = append(answers, strconv.Itoa(got.Status)+" "+got.raw)
		}
	}
	s.Expect(answers).To(HaveEach(answers[0]))
	s.Expect(answers[0]).To(HavePrefix("404 "))
	s.Expect(s.outcomes()).To(Equal(map[string]float64{" NotFound": float64(len(answers))}))
}

// TestOnlyPOST: what would put a token or a UserSig into a URL is not offered.
func TestOnlyPOST(t *testing.T) {
	s := begin(t)
	token := s.token(s.namespace, "backend", audience)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
		got := s.ask(token, map[string]any{"userID": "viewer-1"}, func(r *http.Request) { r.Method = method })
		s.Expect(got.Status).To(Equal(http.StatusMethodNotAllowed), method)
		s.Expect(got.Header.Get("Allow")).To(Equal("POST, OPTIONS"), method)
	}
	got := s.ask("", map[string]any{"userID": "viewer-1"}, func(r *http.Request) { r.URL.RawQuery = "access_token=" + token })
	s.Expect(got.Reason).To(Equal(usersig.ReasonTokenMissing))
}

// secretIn fails when a text has what nobody may see.
func (s *story) secretIn(about, text, token string) {
	s.t.Helper()
	s.Expect(text).NotTo(ContainSubstring(secretKey), about)
	if len(token) > 8 {
		s.Expect(text).NotTo(ContainSubstring(token), about)
		s.Expect(text).NotTo(ContainSubstring(token[strings.LastIndex(token, ".")+1:]), about)
	}
	metrics, err := s.metrics.Gather()
	s.Expect(err).NotTo(HaveOccurred())
	for _, family := range metrics {
		s.Expect(family.String()).NotTo(ContainSubstring(secretKey), about)
		s.Expect(family.String()).NotTo(ContainSubstring("eyJ"), about)
	}
}
