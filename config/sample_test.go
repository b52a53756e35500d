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

package config_test

import (
	"encoding/base64"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// TestTheCustomerServiceSampleIsWhole follows its references: those to other
// objects of its own, and that to the application of the live-commerce sample.
func TestTheCustomerServiceSampleIsWhole(t *testing.T) {
	g := NewWithT(t)
	objects, shop := build(t, "samples/customer-service"), build(t, "samples/live-commerce")
	for _, obj := range objects {
		g.Expect(obj.GetNamespace()).To(BeEmpty(), "%s %s", obj.GetKind(), obj.GetName())
	}
	var apps, taken []string
	for _, obj := range find(shop, "ImApp") {
		app := as[imv1alpha1.ImApp](t, obj)
		g.Expect(app.Spec.Callbacks).NotTo(BeNil(), "answers of agents come by callback")
		apps = append(apps, app.Name)
	}
	for _, obj := range find(shop, "ImAccount") {
		account := as[imv1alpha1.ImAccount](t, obj)
		taken = append(taken, account.UserID())
	}

	var agents []imv1alpha1.AccountReference
	for _, obj := range find(objects, "ImAccount") {
		agent := as[imv1alpha1.ImAccount](t, obj)
		g.Expect(apps).To(ContainElement(agent.Spec.AppRef.Name))
		g.Expect(taken).NotTo(ContainElement(agent.UserID()))
		agents = append(agents, imv1alpha1.AccountReference{Name: agent.Name})
	}
	accounts, secrets := find(objects, "WeChatOfficialAccount"), find(objects, "Secret")
	g.Expect(accounts).To(HaveLen(1))
	g.Expect(secrets).To(HaveLen(1))
	account, secret := as[imv1alpha1.WeChatOfficialAccount](t, accounts[0]), as[corev1.Secret](t, secrets[0])
	g.Expect(apps).To(ContainElement(account.Spec.AppRef.Name))
	g.Expect(account.Spec.Agents.AccountRefs).To(ConsistOf(agents))
	g.Expect(account.Spec.CredentialsSecretRef.Name).To(Equal(secret.Name))
	_, err := time.LoadLocation(account.Spec.BusinessHours.TimeZone)
	g.Expect(err).NotTo(HaveOccurred())

	// What the WeChat console would take.
	g.Expect(secret.StringData[imv1alpha1.WeChatAppSecretKeyName]).NotTo(BeEmpty())
	g.Expect(secret.StringData[imv1alpha1.WeChatTokenKeyName]).To(MatchRegexp(`^[A-Za-z0-9]{3,32}$`))
	encoded := secret.StringData[imv1alpha1.WeChatEncodingAESKeyKeyName]
	g.Expect(encoded).To(MatchRegexp(`^[A-Za-z0-9]{43}$`))
	key, err := base64.StdEncoding.DecodeString(encoded + "=")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(key).To(HaveLen(32))
}
