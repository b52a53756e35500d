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
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

const (
	patience = 30 * time.Second
	poll     = 20 * time.Millisecond
	// samplesNamespace is that of the samples, which config/namespaced watches.
	samplesNamespace = "live-commerce"
)

// TestTheWebhookHasTheRightsItNeeds runs the webhook with the rights of each way
// to install it, and the samples, until it has written every status that it writes.
func TestTheWebhookHasTheRightsItNeeds(t *testing.T) {
	for _, installation := range []struct {
		directory  string
		namespaces []string
	}{
		{"default", nil},
		{"namespaced", []string{samplesNamespace}},
	} {
		t.Run(installation.directory, func(t *testing.T) {
			s := begin(t, installation.directory)
			s.run(installation.namespaces)

			s.Eventually(s.reason(&imv1alpha1.ModerationPolicy{}, "words", imv1alpha1.ConditionReady)).Should(Equal(imv1alpha1.ReasonInForce))
			s.Eventually(s.reason(&imv1alpha1.ModerationPolicy{}, "manners", imv1alpha1.ConditionReady)).Should(Equal(imv1alpha1.ReasonInForce))
			s.Eventually(s.reason(&imv1alpha1.UserLevelPolicy{}, "fans", imv1alpha1.ConditionReady)).Should(Equal(imv1alpha1.ReasonInForce))
			s.Eventually(s.reason(&imv1alpha1.ImApp{}, "shop", imv1alpha1.ConditionCallbacksReceived)).Should(Equal(imv1alpha1.ReasonSilent))

			s.callBack("Group.CallbackAfterSendMsg", map[string]any{
				"GroupId": samplesNamespace + ".tea-room", "Type": "AVChatRoom", "From_Account": "viewer", "Operator_Account": "viewer",
				"Random": 1, "MsgSeq": 1, "MsgTime": time.Now().Unix(),
				"MsgBody": []any{map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]any{"Text": "你好"}}},
			})
			s.callBack("Profile.CallbackPortraitSet", map[string]any{
				"From_Account": "host", "Operator_Account": "host", "EventTime": time.Now().UnixMilli(),
				"ProfileItem": []any{map[string]any{"Tag": "Tag_Profile_IM_Nick", "Value": "somebody else"}},
			})
			s.Eventually(s.reason(&imv1alpha1.ImApp{}, "shop", imv1alpha1.ConditionCallbacksReceived)).Should(Equal(imv1alpha1.ReasonReceiving))
			room, account := &imv1alpha1.LiveRoom{}, &imv1alpha1.ImAccount{}
			s.Eventually(func() *imv1alpha1.RoomActivity { s.get(room, "tea-room"); return room.Status.Activity }).
				Should(HaveField("Messages", Equal(int64(1))))
			s.Eventually(func() *imv1alpha1.ReportedDrift { s.get(account, "host"); return account.Status.ReportedDrift }).
				Should(HaveField("Fields", Equal([]string{"nickname"})))

			// The UserSig service asks about callers.
			s.Expect(s.webhook.Create(s.ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: "nobody's"}})).To(Succeed())
			s.Expect(s.webhook.Create(s.ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User: "somebody", ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "create", Resource: "imapps"},
			}})).To(Succeed())

			// And no more than that.
			room.Spec.Name = "taken over"
			s.Expect(apierrors.IsForbidden(s.webhook.Update(s.ctx, room))).To(BeTrue())
			err := s.webhook.List(s.ctx, &corev1.SecretList{}, client.InNamespace("kube-system"))
			s.Expect(apierrors.IsForbidden(err)).To(Equal(len(installation.namespaces) > 0), "Secrets of other namespaces: %v", err)
		})
	}
}

// story is the samples with the rights of one installation.
type story struct {
	*WithT
	t       *testing.T
	ctx     context.Context
	admin   client.Client
	webhook client.Client // with the webhook's rights
	config  *rest.Config
	address string
}

// begin applies the rights of an installation and the samples, as the controller
// would have left them.
func begin(t *testing.T, directory string) *story {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s := &story{WithT: NewWithT(t), t: t, ctx: ctx, admin: administrator(t), config: env.Config("webhook-" + directory)}
	s.SetDefaultEventuallyTimeout(patience)
	s.SetDefaultEventuallyPollingInterval(poll)
	objects := build(t, directory)
	makeNamespaces(t, s.admin, objects)
	for _, obj := range find(objects, "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding") {
		s.keep(obj)
	}
	samples := build(t, filepath.Join("samples", "live-commerce"))
	makeNamespaces(t, s.admin, samples)
	for _, obj := range samples {
		if obj.GetKind() != "Namespace" {
			s.keep(obj)
		}
	}
	s.settle()
	for _, workload := range find(objects, "StatefulSet") {
		account := pod(t, workload).Spec.ServiceAccountName
		s.config.Impersonate = rest.ImpersonationConfig{
			UserName: fmt.Sprintf("system:serviceaccount:%s:%s", workload.GetNamespace(), account),
			Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + workload.GetNamespace(), "system:authenticated"},
		}
	}
	var err error
	s.webhook, err = client.New(s.config, client.Options{Scheme: scheme()})
	s.Expect(err).NotTo(HaveOccurred())
	return s
}

// keep applies an object until the test ends: the next installation has other rights.
func (s *story) keep(obj *unstructured.Unstructured) {
	s.t.Helper()
	s.Expect(apply(s.ctx, s.admin, obj)).To(Succeed(), obj.GetName())
	s.t.Cleanup(func() {
		if err := s.admin.Delete(context.Background(), obj); client.IgnoreNotFound(err) != nil {
			s.t.Errorf("deleting %s: %v", obj.GetName(), err)
		}
	})
}

// settle writes what the controller would report of the room and the account.
func (s *story) settle() {
	s.t.Helper()
	condition := func(name string) []metav1.Condition {
		return []metav1.Condition{{Type: name, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonAsDeclared, LastTransitionTime: metav1.Now()}}
	}
	room, account := &imv1alpha1.LiveRoom{}, &imv1alpha1.ImAccount{}
	s.get(room, "tea-room")
	room.Status.GroupID, room.Status.Conditions = room.GroupID(), condition(imv1alpha1.ConditionReady)
	s.get(account, "host")
	account.Status.UserID, account.Status.Conditions = account.UserID(), condition(imv1alpha1.ConditionImported)
	s.Expect(s.admin.Status().Update(s.ctx, room)).To(Succeed())
	s.Expect(s.admin.Status().Update(s.ctx, account)).To(Succeed())
}

// run runs the webhook until the test ends.
func (s *story) run(namespaces []string) {
	s.t.Helper()
	options := webhook.ManagerOptions(scheme(), namespaces...)
	options.Metrics, options.HealthProbeBindAddress = metricsserver.Options{BindAddress: "0"}, "0"
	mgr, err := ctrl.NewManager(s.config, options)
	s.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(s.ctx)
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- webhook.Run(ctx, mgr, webhook.Options{
			Address: "127.0.0.1:0", Member: "webhook", Namespaces: namespaces, SharePercent: 50, SkipNameValidation: true,
			Journal: journal.Options{Embedded: &journal.Embedded{Dir: s.t.TempDir()}}, Log: ctrl.Log,
		}, func(address string) { ready <- address })
	}()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			s.t.Errorf("webhook: %v", err)
		}
	})
	s.Eventually(ready).Should(Receive(&s.address))
}

// get reads an object of the samples.
func (s *story) get(obj client.Object, name string) {
	s.t.Helper()
	s.Expect(s.admin.Get(s.ctx, client.ObjectKey{Namespace: samplesNamespace, Name: name}, obj)).To(Succeed())
}

// reason reads the reason of a condition.
func (s *story) reason(obj imv1alpha1.Object, name, condition string) func() string {
	return func() string {
		s.get(obj, name)
		if found := meta.FindStatusCondition(obj.GetObjectStatus().Conditions, condition); found != nil {
			return found.Reason
		}
		return ""
	}
}

// callBack sends a callback as IM would, to the path that status names.
func (s *story) callBack(command string, body map[string]any) {
	s.t.Helper()
	app := &imv1alpha1.ImApp{}
	s.Eventually(func() string { s.get(app, "shop"); return app.Status.CallbackPath }).ShouldNot(BeEmpty())
	body["CallbackCommand"] = command
	text, err := json.Marshal(body)
	s.Expect(err).NotTo(HaveOccurred())
	now := strconv.FormatInt(time.Now().Unix(), 10)
	query := url.Values{
		"SdkAppid": {strconv.FormatInt(app.Spec.SDKAppID, 10)}, "CallbackCommand": {command}, "contenttype": {"json"},
		"Sign": {webhookim.Sign(s.token(), now)}, "RequestTime": {now},
	}
	target := "http://" + s.address + app.Status.CallbackPath + "?" + query.Encode()
	request, err := http.NewRequestWithContext(s.ctx, http.MethodPost, target, bytes.NewReader(text))
	s.Expect(err).NotTo(HaveOccurred())
	response, err := (&http.Client{Timeout: patience}).Do(request)
	s.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	s.Expect(response.StatusCode).To(Equal(http.StatusOK), command)
}

// token is that of the samples.
func (s *story) token() []byte {
	s.t.Helper()
	secret := &corev1.Secret{}
	s.get(secret, "im-callback-token")
	return secret.Data[imv1alpha1.CallbackTokenKeyName]
}
