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
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/consent"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
	"github.com/liveroom-io/liveroom-operator/internal/testenv"
	"github.com/liveroom-io/liveroom-operator/webhook/usersig"
)

const (
	secretKey = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	sdkAppID  = 1400000000
	// issuer is the cluster's own audience, too.
	issuer   = "https://kubernetes.usersig.test"
	audience = imv1alpha1.DefaultUserSigAudience
	// janesToken is a person's.
	janesToken = "a-token-of-jane"
	// webhookUser has the webhook's roles, and nothing else.
	webhookUser = "liveroom-webhook"
)

var (
	env *testenv.Environment
	// issuerKey signs the tokens of the cluster's ServiceAccounts, so that tests can
	// make some that have ended.
	issuerKey *rsa.PrivateKey
)

func TestMain(m *testing.M) {
	directory, err := os.MkdirTemp("", "usersig")
	if err == nil {
		err = issue(directory)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	env = testenv.New(
		testenv.WithAPIServerFlag("service-account-issuer", issuer),
		testenv.WithAPIServerFlag("service-account-key-file", filepath.Join(directory, "key.pem")),
		testenv.WithAPIServerFlag("service-account-signing-key-file", filepath.Join(directory, "key.pem")),
		testenv.WithAPIServerFlag("token-auth-file", filepath.Join(directory, "people.csv")),
	)
	code := testenv.Run(m, env)
	if err := os.RemoveAll(directory); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// issue writes what the API server knows tokens by.
func issue(directory string) error {
	var err error
	if issuerKey, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(issuerKey)})
	return errors.Join(
		os.WriteFile(filepath.Join(directory, "key.pem"), encoded, 0o600),
		os.WriteFile(filepath.Join(directory, "people.csv"), []byte(janesToken+",jane,1\n"), 0o600),
	)
}

// story is a namespace with an ImApp, a caller with the right, and the service
// with the rights of the webhook.
type story struct {
	*WithT
	t         *testing.T
	ctx       context.Context
	namespace string
	client    client.Client
	metrics   *prometheus.Registry
	clock     *clocktesting.FakePassiveClock
	log       *record
	url       string
}

// begin runs the service for an ImApp that allows two kinds of users.
func begin(t *testing.T, change ...func(*imv1alpha1.ImApp)) *story {
	t.Helper()
	t.Parallel()
	s := &story{
		WithT: NewWithT(t), t: t, ctx: t.Context(), namespace: env.Namespace(t), metrics: prometheus.NewRegistry(),
		clock: clocktesting.NewFakePassiveClock(time.Now()), log: &record{},
	}
	s.SetDefaultEventuallyTimeout(30 * time.Second)
	s.SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	var err error
	s.client, err = client.New(env.Config("test"), client.Options{Scheme: scheme()})
	s.Expect(err).NotTo(HaveOccurred())
	app := s.app()
	for _, c := range change {
		c(app)
	}
	s.create(app, &corev1.Secret{ObjectMeta: s.meta("credentials"), StringData: map[string]string{imv1alpha1.SecretKeyName: secretKey}})
	s.account(s.namespace, "backend")
	s.grant(s.namespace, "backend")
	s.serve()
	return s
}

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), imv1alpha1.AddToScheme(s)); err != nil {
		panic(err)
	}
	return s
}

func (s *story) serve() {
	s.t.Helper()
	own, err := client.New(env.Confined(s.t, "usersig-"+s.namespace, webhookUser, "config/webhook/base/role.yaml"), client.Options{Scheme: scheme()})
	s.Expect(err).NotTo(HaveOccurred())
	secrets, err := reference.NewReader(own, own)
	s.Expect(err).NotTo(HaveOccurred())
	handler, err := usersig.New(usersig.Options{
		Apps: own, Secrets: secrets, Consent: consent.Policy{Namespaces: own}, Reviews: own, Clock: s.clock, Metrics: s.metrics, Log: s.log.logger(),
	})
	s.Expect(err).NotTo(HaveOccurred())
	mux := http.NewServeMux()
	mux.Handle(usersig.Route, handler)
	server := httptest.NewServer(mux)
	s.t.Cleanup(server.Close)
	s.url = server.URL
}

func (s *story) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: s.namespace, Name: name}
}

func (s *story) app() *imv1alpha1.ImApp {
	return &imv1alpha1.ImApp{ObjectMeta: s.meta("app"), Spec: imv1alpha1.ImAppSpec{
		SDKAppID: sdkAppID, Endpoint: "http://127.0.0.1:1", Administrator: "administrator",
		CredentialsSecretRef: imv1alpha1.SecretReference{Name: "credentials"},
		UserSigService:       &imv1alpha1.UserSigService{AllowedUserIDs: []string{"viewer-*", "anchor01"}},
	}}
}

func (s *story) create(objects ...client.Object) {
	s.t.Helper()
	for _, obj := range objects {
		s.Expect(s.client.Create(s.ctx, obj)).To(Succeed())
	}
}

// account makes a ServiceAccount.
func (s *story) account(namespace, name string) {
	s.t.Helper()
	s.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}})
}

// grant lets a ServiceAccount create imapps/usersig of the ImApp, as the document
// says.
func (s *story) grant(namespace, name string) *rbacv1.RoleBinding {
	s.t.Helper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, GenerateName: "usersig-"}, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{imv1alpha1.GroupVersion.Group}, Resources: []string{"imapps/usersig"}, ResourceNames: []string{"app"}, Verbs: []string{"create"},
	}}}
	s.create(role)
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, GenerateName: "usersig-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: name}},
	}
	s.create(binding)
	return binding
}

// token asks the API server for a token of a ServiceAccount.
func (s *story) token(namespace, name, audience string) string {
	s.t.Helper()
	day := int64(24 * 3600) // tests move the clock
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{audience}, ExpirationSeconds: &day}}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	s.Expect(s.client.SubResource("token").Create(s.ctx, account, request)).To(Succeed())
	return request.Status.Token
}

// answer is what the service answered.
type answer struct {
	Status int
	Header http.Header
	usersig.Issued
	usersig.Refusal
	raw string
}

// ask sends a request.
func (s *story) ask(token string, request map[string]any, change ...func(*http.Request)) answer {
	s.t.Helper()
	text, err := json.Marshal(request)
	s.Expect(err).NotTo(HaveOccurred())
	call, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.url+"/usersig/"+s.namespace+"/app", bytes.NewReader(text))
	s.Expect(err).NotTo(HaveOccurred())
	call.Header.Set("Content-Type", "application/json")
	if token != "" {
		call.Header.Set("Authorization", "Bearer "+token)
	}
	for _, c := range change {
		c(call)
	}
	response, err := (&http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Do(call)
	s.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	s.Expect(err).NotTo(HaveOccurred())
	got := answer{Status: response.StatusCode, Header: response.Header, raw: string(body)}
	if len(body) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(body))
		s.Expect(decoder.Decode(&got.Issued)).To(Succeed())
		s.Expect(json.Unmarshal(body, &got.Refusal)).To(Succeed())
	}
	return got
}

// outcomes are the counted requests by app and outcome, without those that did not happen.
func (s *story) outcomes() map[string]float64 {
	s.t.Helper()
	families, err := s.metrics.Gather()
	s.Expect(err).NotTo(HaveOccurred())
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, pair := range metric.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			if value := metric.GetCounter().GetValue(); value > 0 {
				found[labels["app"]+" "+labels["outcome"]] = value
			}
		}
	}
	return found
}

// record keeps the log.
type record struct {
	mu    sync.Mutex
	lines []string
}

func (r *record) logger() logr.Logger {
	return funcr.New(func(prefix, args string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lines = append(r.lines, prefix+args)
	}, funcr.Options{Verbosity: 100})
}

func (r *record) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

func (s *story) key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: s.namespace, Name: name}
}
