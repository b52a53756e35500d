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
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/consent"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
)

// bench is the service before a cluster that is made up.
type bench struct {
	*WithT
	t       *testing.T
	handler *Handler
	cluster *cluster
	clock   *clocktesting.FakePassiveClock
	log     strings.Builder
}

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, imv1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "shop", Name: name} }
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		&corev1.Secret{ObjectMeta: meta("credentials"), Data: map[string][]byte{imv1alpha1.SecretKeyName: []byte("key")}},
		&imv1alpha1.ImApp{ObjectMeta: meta("app"), Spec: imv1alpha1.ImAppSpec{
			SDKAppID: 1400000000, Administrator: "administrator", CredentialsSecretRef: imv1alpha1.SecretReference{Name: "credentials"},
			UserSigService: &imv1alpha1.UserSigService{AllowedUserIDs: []string{"viewer"}, Audience: "here"},
		}},
	).Build()
	secrets, err := reference.NewReader(c, c)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{WithT: NewWithT(t), t: t, cluster: &cluster{}, clock: clocktesting.NewFakePassiveClock(start)}
	b.cluster.grants.Store(true)
	options := Options{
		Apps: c, Secrets: secrets, Consent: consent.Policy{}, Reviews: b.cluster, Clock: b.clock, Metrics: prometheus.NewRegistry(),
		Log: funcr.New(func(_, args string) { b.log.WriteString(args + "\n") }, funcr.Options{Verbosity: 100}),
	}
	for _, c := range change {
		c(&options)
	}
	if b.handler, err = New(options); err != nil {
		t.Fatal(err)
	}
	return b
}

// send sends a request from an address with a token.
func (b *bench) send(address, token string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, "/usersig/shop/app", strings.NewReader(`{"userID":"viewer"}`))
	r.SetPathValue("namespace", "shop")
	r.SetPathValue("imapp", "app")
	r.RemoteAddr = address + ":1234"
	r.Header.Set("Authorization", "Bearer "+token)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

// refused checks a refusal.
func (b *bench) refused(w *httptest.ResponseRecorder, status int, reason Reason, retryAfter string) {
	b.t.Helper()
	b.Expect(w.Code).To(Equal(status), w.Body.String())
	b.Expect(w.Body.String()).To(ContainSubstring(`"reason":"` + string(reason) + `"`))
	b.Expect(w.Header().Get("Retry-After")).To(Equal(retryAfter))
}

func TestOneAddressIsLimited(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := ending(start.Add(time.Hour))
	for range remotePace.burst {
		b.handler.remotes.take(remote(netip.MustParseAddr("192.0.2.1")), remotePace, b.clock.Now())
	}
	b.refused(b.send("192.0.2.1", token), 429, ReasonRemoteLimited, "1")
	b.Expect(b.cluster.tokens.Load()).To(BeZero(), "before anything is asked")
	b.Expect(b.send("192.0.2.2", token).Code).To(Equal(http.StatusOK))
	b.clock.SetTime(start.Add(time.Second))
	b.Expect(b.send("192.0.2.1", token).Code).To(Equal(http.StatusOK))
}

// Tokens that nobody knows are not shown to the API server without end; those
// that are known go on working from the same address.
func TestStrangersAreLimited(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	known := ending(start.Add(time.Hour))
	b.Expect(b.send("192.0.2.1", known).Code).To(Equal(http.StatusOK))
	b.cluster.refuses.Store(true)
	for i := range strangerPace.burst - 1 {
		b.refused(b.send("192.0.2.1", fmt.Sprintf("guess-%d", i)), 401, ReasonTokenInvalid, "")
	}
	asked := b.cluster.tokens.Load()
	b.refused(b.send("192.0.2.1", "another"), 429, ReasonRemoteLimited, "1")
	b.refused(b.send("192.0.2.1", "guess-0"), 401, ReasonTokenInvalid, "")
	b.Expect(b.send("192.0.2.1", known).Code).To(Equal(http.StatusOK))
	b.Expect(b.cluster.tokens.Load()).To(Equal(asked))
}

func TestProxiesAreBelievedWhenTrusted(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *Options) { o.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, c := range []struct{ peer, forwarded, want string }{
		{"10.0.0.1:80", "192.0.2.1", "192.0.2.1"},
		{"10.0.0.1:80", "203.0.113.9, 192.0.2.1, 10.0.0.7", "192.0.2.1"},
		{"192.0.2.9:80", "192.0.2.1", "192.0.2.9"},
		{"10.0.0.1:80", "nonsense", "10.0.0.1"},
		{"10.0.0.1:80", "", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:80", "2001:db8::1", "2001:db8::1"},
		{"nonsense", "192.0.2.1", "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": {c.forwarded}}}
		b.Expect(b.handler.source(r).String()).To(Equal(c.want), "%+v", c)
	}
}

func TestTooMuchAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range maxUnderway {
		b.handler.underway <- struct{}{}
	}
	b.refused(b.send("192.0.2.1", "token"), 503, ReasonBusy, "1")
	for range maxUnderway {
		<-b.handler.underway
	}
	for range 3 {
		b.Expect(b.send("192.0.2.1", "token").Code).To(Equal(http.StatusOK))
	}
	b.send("192.0.2.1", "token", func(r *http.Request) { r.SetPathValue("imapp", "none") })
	b.Expect(b.handler.underway).To(BeEmpty(), "each place is given back")
}

func TestTheAPIServerIsAway(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cluster.fails.Store(true)
	token := ending(start.Add(time.Hour))
	b.refused(b.send("192.0.2.1", token), 503, ReasonClusterUnavailable, "5")
	b.Expect(b.log.String()).To(ContainSubstring("asking for a review: unavailable"))
	b.Expect(b.log.String()).NotTo(ContainSubstring(token))
}

// Other namespaces are unknown to the cache, and so to callers.
func TestNamespacesThatAreNotWatched(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *Options) { o.Namespaces = []string{"other"} })
	b.refused(b.send("192.0.2.1", "token"), 404, ReasonNotFound, "")
}

// TestMetricsOfWhatIsGone go with it.
func TestMetricsOfWhatIsGone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Expect(b.send("192.0.2.1", "token").Code).To(Equal(http.StatusOK))
	series := func() int {
		families, err := b.handler.options.Metrics.(*prometheus.Registry).Gather()
		b.Expect(err).NotTo(HaveOccurred())
		return len(families[0].GetMetric())
	}
	b.Expect(series()).To(Equal(len(statuses) + 1))
	app := &imv1alpha1.ImApp{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "app"}}
	b.Expect(b.handler.options.Apps.(client.Client).Delete(t.Context(), app)).To(Succeed())
	b.refused(b.send("192.0.2.1", "token"), 404, ReasonNotFound, "")
	b.Expect(series()).To(Equal(len(statuses)))
}
