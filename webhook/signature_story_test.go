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

package webhook_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// TestUserSigs: the webhook signs in users with the key that its controller has
// found to be good, and follows a changed key.
func TestUserSigs(t *testing.T) {
	s := begin(t)
	role := &rbacv1.Role{ObjectMeta: s.meta("usersig"), Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{imv1alpha1.GroupVersion.Group}, Resources: []string{"imapps/usersig"}, ResourceNames: []string{"app"}, Verbs: []string{"create"},
	}}}
	account := &corev1.ServiceAccount{ObjectMeta: s.meta("backend")}
	s.create(account, role, &rbacv1.RoleBinding{
		ObjectMeta: s.meta("usersig"), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "usersig"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: s.namespace, Name: "backend"}},
	})
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{imv1alpha1.DefaultUserSigAudience}}}
	s.Expect(s.client.SubResource("token").Create(s.ctx, account, request)).To(Succeed())

	ask := func(path string) (status int, userSig string) {
		call, err := http.NewRequestWithContext(s.ctx, http.MethodPost, "http://"+s.address+"/usersig/"+path, strings.NewReader(`{"userID":"viewer-1"}`))
		s.Expect(err).NotTo(HaveOccurred())
		call.Header.Set("Authorization", "Bearer "+request.Status.Token)
		response, err := sender.Do(call)
		s.Expect(err).NotTo(HaveOccurred())
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		s.Expect(err).NotTo(HaveOccurred())
		var answer struct{ UserSig string }
		s.Expect(json.Unmarshal(text, &answer)).To(Succeed(), string(text))
		return response.StatusCode, answer.UserSig
	}
	// valid asks until the answer is one of a key.
	valid := func(key string) func() error {
		return func() error {
			_, userSig := ask(s.namespace + "/app")
			return tencentyun.VerifyUserSig(uint64(s.sdkAppID), key, "viewer-1", userSig, time.Now())
		}
	}

	refused, _ := ask(s.namespace + "/app")
	s.Expect(refused).To(Equal(http.StatusNotFound), "the ImApp does not ask for the service")
	update(s, s.app(), func(app *imv1alpha1.ImApp) {
		app.Spec.UserSigService = &imv1alpha1.UserSigService{AllowedUserIDs: []string{"viewer-*"}}
	})
	s.Eventually(valid(secretKey)).Should(Succeed())
	// A namespace that is not watched is unknown like any other.
	refused, _ = ask("kube-system/app")
	s.Expect(refused).To(Equal(http.StatusNotFound))

	other := strings.Repeat("0123456789abcdef", 4)
	update(s, &corev1.Secret{ObjectMeta: s.meta("credentials")}, func(secret *corev1.Secret) {
		secret.Data[imv1alpha1.SecretKeyName] = []byte(other)
	})
	// The simulator does not take the key: as soon as the controller has found that
	// out, nothing is signed with it any more.
	s.Eventually(func() int { status, _ := ask(s.namespace + "/app"); return status }).Should(Equal(http.StatusServiceUnavailable))
	update(s, &corev1.Secret{ObjectMeta: s.meta("credentials")}, func(secret *corev1.Secret) {
		secret.Data[imv1alpha1.SecretKeyName] = []byte(secretKey)
	})
	s.Eventually(valid(secretKey)).Should(Succeed())
}
