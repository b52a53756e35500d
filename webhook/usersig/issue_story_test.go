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
	"encoding/binary"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/usersig"
)

// valid checks a UserSig with the provider's own verifier.
func (s *story) valid(got answer, key, userID string, validity time.Duration) {
	s.t.Helper()
	s.Expect(got.Status).To(Equal(http.StatusOK), got.raw)
	until := s.clock.Now().Add(validity).Truncate(time.Second).UTC()
	s.Expect(got.Issued).To(Equal(usersig.Issued{
		UserSig: got.UserSig, SDKAppID: sdkAppID, UserID: userID, ExpiresAt: until, PrivateMapKey: got.PrivateMapKey,
	}))
	s.Expect(tencentyun.VerifyUserSig(sdkAppID, key, userID, got.UserSig, time.Now())).To(Succeed())
	s.Expect(tencentyun.VerifyUserSig(sdkAppID, key, userID, got.UserSig, until)).To(Succeed())
	s.Expect(tencentyun.VerifyUserSig(sdkAppID, key, userID, got.UserSig, until.Add(time.Minute))).To(MatchError(tencentyun.ErrExpired))
}

func TestIssue(t *testing.T) {
	s := begin(t)
	token := s.token(s.namespace, "backend", audience)
	got := s.ask(token, map[string]any{"userID": "viewer-4711", "validitySeconds": 600})
	s.valid(got, secretKey, "viewer-4711", 10*time.Minute)
	s.Expect(got.Header).To(HaveKeyWithValue("Cache-Control", []string{"no-store"}))
	s.Expect(got.Header).To(HaveKeyWithValue("Content-Type", []string{"application/json"}))
	s.Expect(got.raw).NotTo(ContainSubstring("privateMapKey"))
	// Without a validity it is the ImApp's maximum.
	s.valid(s.ask(token, map[string]any{"userID": "anchor01"}), secretKey, "anchor01", time.Hour)

	s.Expect(s.outcomes()).To(Equal(map[string]float64{s.namespace + "/app Issued": 2}))
	lines := strings.Split(s.log.text(), "\n")
	s.Expect(lines).To(HaveLen(2), "one for each UserSig")
	s.Expect(lines[0]).To(And(ContainSubstring(`"caller"="`+s.namespace+`/backend"`), ContainSubstring(`"userID"="viewer-4711"`), ContainSubstring(`"validitySeconds"=600`)))
	s.secretIn("issued", s.log.text(), token)
	s.Expect(s.log.text()).NotTo(ContainSubstring(got.UserSig[:16]))
}

// TestPrivateMapKey checks tickets with the provider's own verifier, which needs to
// know what is in them.
func TestPrivateMapKey(t *testing.T) {
	s := begin(t)
	token := s.token(s.namespace, "backend", audience)
	for _, c := range []struct {
		room       map[string]any
		version    byte
		number     uint32
		privileges uint32
		name       string
	}{
		{map[string]any{"roomID": 12345, "privileges": 255}, 0, 12345, 255, ""},
		{map[string]any{"roomID": 4294967294}, 0, 4294967294, 42, ""},
		{map[string]any{"stringRoomID": "room-7", "privileges": []string{"enterRoom", "sendAudio"}}, 1, 0, 6, "room-7"},
	} {
		got := s.ask(token, map[string]any{"userID": "anchor01", "validitySeconds": 600, "privateMapKey": c.room})
		s.valid(got, secretKey, "anchor01", 10*time.Minute)
		// The ticket says when it ends, by the clock of the moment in which it was made.
		ticket := func(expires int64) []byte {
			buf := append([]byte{c.version, 0, 8}, "anchor01"...)
			for _, n := range []uint32{sdkAppID, c.number, uint32(expires), c.privileges, 0} {
				buf = binary.BigEndian.AppendUint32(buf, n)
			}
			if c.name != "" {
				buf = append(binary.BigEndian.AppendUint16(buf, uint16(len(c.name))), c.name...)
			}
			return buf
		}
		verified := 0
		for late := range int64(30) {
			at := got.ExpiresAt.Unix() + late
			if tencentyun.VerifyUserSigWithBuf(sdkAppID, secretKey, "anchor01", got.PrivateMapKey, time.Now(), ticket(at)) == nil {
				verified++
			}
		}
		s.Expect(verified).To(Equal(1), "%v", c.room)
		s.Expect(s.log.text()).NotTo(ContainSubstring(got.PrivateMapKey[:16]))
	}
}

// TestReviewsAreKept: a caller that keeps asking costs the API server two
// questions, and the Secret is read once.
func TestReviewsAreKept(t *testing.T) {
	s := begin(t)
	token := s.token(s.namespace, "backend", audience)
	before := env.Requests().Snapshot()
	for range 20 {
		s.Expect(s.ask(token, map[string]any{"userID": "viewer-1"}).Status).To(Equal(http.StatusOK))
	}
	sent := env.Requests().Since(before).By("usersig-" + s.namespace)
	s.Expect(sent.Of("tokenreviews").Total()).To(Equal(1), sent.String())
	s.Expect(sent.Of("subjectaccessreviews").Total()).To(Equal(1), sent.String())
	// The metadata comes from a cache where the service runs; here it is read.
	s.Expect(sent.Of("secrets").Total()).To(Equal(21), sent.String())
}

// TestTheKeyIsTheCurrentOne: a changed Secret signs from the next request on, and
// without a good key nothing is signed.
func TestTheKeyIsTheCurrentOne(t *testing.T) {
	s := begin(t)
	token := s.token(s.namespace, "backend", audience)
	viewer := map[string]any{"userID": "viewer-1"}
	s.valid(s.ask(token, viewer), secretKey, "viewer-1", time.Hour)

	secret := &corev1.Secret{}
	s.Expect(s.client.Get(s.ctx, s.key("credentials"), secret)).To(Succeed())
	other := strings.Repeat("0123456789abcdef", 4)
	secret.Data[imv1alpha1.SecretKeyName] = []byte(other + "\n")
	s.Expect(s.client.Update(s.ctx, secret)).To(Succeed())
	s.valid(s.ask(token, viewer), other, "viewer-1", time.Hour)

	missing := func(about string) {
		got := s.ask(token, viewer)
		s.Expect(got.Status).To(Equal(http.StatusServiceUnavailable))
		s.Expect(got.Reason).To(Equal(usersig.ReasonSigningKeyMissing))
		s.Expect(got.Message).To(ContainSubstring(about))
		s.Expect(got.Header.Get("Retry-After")).To(Equal("30"))
	}
	app := s.app()
	s.Expect(s.client.Get(s.ctx, s.key("app"), app)).To(Succeed())
	app.Status.Conditions = []metav1.Condition{{
		Type: imv1alpha1.ConditionAuthenticated, Status: metav1.ConditionFalse, Reason: imv1alpha1.ReasonCredentialsNotFound, LastTransitionTime: metav1.Now(),
	}}
	s.Expect(s.client.Status().Update(s.ctx, app)).To(Succeed())
	missing("condition Authenticated is False")
	app.Status.Conditions[0].Status = metav1.ConditionTrue
	s.Expect(s.client.Status().Update(s.ctx, app)).To(Succeed())

	delete(secret.Data, imv1alpha1.SecretKeyName)
	s.Expect(s.client.Update(s.ctx, secret)).To(Succeed())
	missing(`has no key "secretKey"`)
	s.Expect(s.client.Delete(s.ctx, secret)).To(Succeed())
	missing("does not exist")
}

// TestTheImAppDecides: other namespaces, the administrator and the terms, each as
// soon as the ImApp says so.
func TestTheImAppDecides(t *testing.T) {
	s := begin(t)
	foreign := env.Namespace(t)
	s.account(foreign, "backend")
	s.grant(foreign, "backend")
	token := s.token(foreign, "backend", audience)
	viewer := map[string]any{"userID": "viewer-1"}
	s.Expect(s.ask(token, viewer).Reason).To(Equal(usersig.ReasonNamespaceNotAllowed))

	app := s.app()
	change := func(change func(*imv1alpha1.ImApp)) {
		s.Expect(s.client.Get(s.ctx, s.key("app"), app)).To(Succeed())
		change(app)
		s.Expect(s.client.Update(s.ctx, app)).To(Succeed())
	}
	change(func(app *imv1alpha1.ImApp) {
		app.Spec.AllowedNamespaces = &imv1alpha1.AllowedNamespaces{From: imv1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{
			MatchLabels: map[string]string{"kubernetes.io/metadata.name": foreign},
		}}
	})
	s.Expect(s.ask(token, viewer).Status).To(Equal(http.StatusOK))

	administrator := map[string]any{"userID": "administrator"}
	s.Expect(s.ask(token, administrator).Reason).To(Equal(usersig.ReasonAdministratorNotAllowed))
	change(func(app *imv1alpha1.ImApp) {
		app.Spec.UserSigService.AllowedUserIDs = []string{"*"}
	})
	s.Expect(s.ask(token, administrator).Reason).To(Equal(usersig.ReasonAdministratorNotAllowed), "a pattern is no permission")
	change(func(app *imv1alpha1.ImApp) {
		app.Spec.UserSigService.Administrator = imv1alpha1.AdministratorSignatureAllow
	})
	s.valid(s.ask(token, administrator), secretKey, "administrator", time.Hour)
	maximum := int32(60)
	change(func(app *imv1alpha1.ImApp) {
		app.Spec.UserSigService.AllowedUserIDs, app.Spec.UserSigService.MaxValiditySeconds = []string{"viewer-*"}, &maximum
	})
	s.Expect(s.ask(token, administrator).Reason).To(Equal(usersig.ReasonUserNotAllowed), "the list decides then")
	s.valid(s.ask(token, viewer), secretKey, "viewer-1", time.Minute)
}

// TestPages: a browser is let in for exactly the origins of the ImApp.
func TestPages(t *testing.T) {
	const shop = "https://shop.example.com"
	s := begin(t, func(app *imv1alpha1.ImApp) { app.Spec.UserSigService.AllowedOrigins = []string{shop} })
	token := s.token(s.namespace, "backend", audience)
	from := func(origin string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Origin", origin) }
	}
	asks := func(r *http.Request) {
		r.Method = http.MethodOptions
		r.Header.Set("Access-Control-Request-Method", http.MethodPost)
		r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
	}
	got := s.ask("", nil, asks, from(shop))
	s.Expect(got.Status).To(Equal(http.StatusNoContent))
	s.Expect(got.raw).To(BeEmpty())
	s.Expect(cors(got.Header)).To(Equal(map[string]string{
		"Access-Control-Allow-Origin": shop, "Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Authorization, Content-Type",
		"Access-Control-Max-Age": "600", "Access-Control-Expose-Headers": "Retry-After", "Vary": "Origin",
	}))
	answered := map[string]string{"Access-Control-Allow-Origin": shop, "Access-Control-Expose-Headers": "Retry-After", "Vary": "Origin"}
	got = s.ask(token, map[string]any{"userID": "viewer-1"}, from(shop))
	s.valid(got, secretKey, "viewer-1", time.Hour)
	s.Expect(cors(got.Header)).To(Equal(answered))
	got = s.ask("", map[string]any{"userID": "viewer-1"}, from(shop))
	s.Expect(got.Reason).To(Equal(usersig.ReasonTokenMissing))
	s.Expect(cors(got.Header)).To(Equal(answered), "the page may read why")

	for _, origin := range []string{"", "null", "http://shop.example.com", shop + ":8443", "https://shop.example.com.evil.test", "https://SHOP.example.com"} {
		got := s.ask("", nil, asks, from(origin))
		s.Expect(got.Status).To(Equal(http.StatusForbidden), origin)
		s.Expect(got.Reason).To(Equal(usersig.ReasonOriginNotAllowed), origin)
		s.Expect(cors(got.Header)).To(Equal(map[string]string{"Vary": "Origin"}), origin)
		got = s.ask(token, map[string]any{"userID": "viewer-1"}, from(origin))
		s.Expect(cors(got.Header)).To(Equal(map[string]string{"Vary": "Origin"}), origin)
	}
}

// cors are the headers that browsers go by.
func cors(header http.Header) map[string]string {
	found := map[string]string{}
	for name, values := range header {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			found[name] = strings.Join(values, ",")
		}
	}
	return found
}
