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
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// cluster answers reviews. The zero value knows every token, and grants nothing.
type cluster struct {
	tokens, accesses atomic.Int32
	refuses          atomic.Bool // tokens
	grants           atomic.Bool
	fails            atomic.Bool
	ignorant         atomic.Bool // of audiences
	gate             chan struct{}
}

func (c *cluster) Create(ctx context.Context, obj client.Object, _ ...client.CreateOption) error {
	if c.gate != nil {
		select {
		case <-c.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	switch review := obj.(type) {
	case *authenticationv1.TokenReview:
		c.tokens.Add(1)
		if c.refuses.Load() {
			break
		}
		review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{Username: "system:serviceaccount:shop:backend"}}
		if !c.ignorant.Load() {
			review.Status.Audiences = review.Spec.Audiences
		}
	case *authorizationv1.SubjectAccessReview:
		c.accesses.Add(1)
		review.Status.Allowed = c.grants.Load()
	default:
		return fmt.Errorf("no review: %T", obj)
	}
	if c.fails.Load() {
		return errors.New("unavailable")
	}
	return nil
}

// ending is a token that says when it ends.
func ending(at time.Time) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"aud":"here","exp":%d}`, at.Unix())) + ".sig"
}

var start = time.Unix(1767225600, 0)

func asking() (*reviews, *cluster, *clocktesting.FakePassiveClock) {
	c, clock := &cluster{}, clocktesting.NewFakePassiveClock(start)
	return newReviews(c, clock), c, clock
}

// reasonOf is "" without a refusal.
func reasonOf(refused *refusal) Reason {
	if refused == nil {
		return ""
	}
	return refused.reason
}

func TestTokensAreKeptForAMinuteOrUntilTheyEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		token string
		kept  time.Duration
	}{
		{"long", ending(start.Add(time.Hour)), time.Minute},
		{"short", ending(start.Add(20 * time.Second)), 20 * time.Second},
		{"without an end", "e30.e30.sig", time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			r, cluster, clock := asking()
			ask := func(at time.Duration) int32 {
				clock.SetTime(start.Add(at))
				who, refused := r.authenticate(t.Context(), c.token, "here")
				g.Expect(refused).To(BeNil())
				g.Expect([]string{who.namespace, who.name}).To(Equal([]string{"shop", "backend"}))
				return cluster.tokens.Load()
			}
			g.Expect([]int32{ask(0), ask(c.kept - 1), ask(c.kept)}).To(Equal([]int32{1, 1, 2}))
			cluster.refuses.Store(true) // the ServiceAccount is gone
			clock.SetTime(start.Add(3 * time.Minute))
			_, refused := r.authenticate(t.Context(), c.token, "here")
			g.Expect(refused.reason).To(BeElementOf(ReasonTokenExpired, ReasonTokenInvalid, ReasonTokenAudience))
			// Another audience is another question.
			_, refused = r.authenticate(t.Context(), c.token, "there")
			g.Expect(refused).NotTo(BeNil())
			g.Expect(cluster.tokens.Load()).To(Equal(int32(4)))
		})
	}
}

func TestRefusedTokensAreKeptForAMoment(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r, cluster, clock := asking()
	cluster.refuses.Store(true)
	for range 3 {
		_, refused := r.authenticate(t.Context(), ending(start.Add(time.Hour)), "here")
		g.Expect(reasonOf(refused)).To(Equal(ReasonTokenInvalid))
	}
	g.Expect(cluster.tokens.Load()).To(Equal(int32(1)))
	cluster.refuses.Store(false)
	clock.SetTime(start.Add(deniedTTL))
	_, refused := r.authenticate(t.Context(), ending(start.Add(time.Hour)), "here")
	g.Expect(refused).To(BeNil())
}

// An API server that does not know audiences has not checked the token for one.
func TestTokensWithoutACheckedAudienceAreRefused(t *testing.T) {
	t.Parallel()
	r, cluster, _ := asking()
	cluster.ignorant.Store(true)
	if _, refused := r.authenticate(t.Context(), ending(start.Add(time.Hour)), "here"); reasonOf(refused) != ReasonTokenInvalid {
		t.Errorf("got %v", refused)
	}
}

func TestFailuresAreNotKept(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r, cluster, _ := asking()
	token, app := ending(start.Add(time.Hour)), &application{key: types.NamespacedName{Namespace: "shop", Name: "app"}, terms: &terms{audience: "here"}}
	cluster.fails.Store(true)
	_, refused := r.authenticate(t.Context(), token, "here")
	g.Expect(reasonOf(refused)).To(Equal(ReasonClusterUnavailable))
	cluster.fails.Store(false)
	who, refused := r.authenticate(t.Context(), token, "here")
	g.Expect(refused).To(BeNil())

	cluster.fails.Store(true)
	cluster.grants.Store(true)
	g.Expect(reasonOf(r.authorize(t.Context(), who, token, app))).To(Equal(ReasonClusterUnavailable))
	cluster.fails.Store(false)
	g.Expect(r.authorize(t.Context(), who, token, app)).To(BeNil())
}

// The right is asked for each ImApp: two may have one audience.
func TestTheRightIsThatToOneImApp(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r, cluster, _ := asking()
	token := ending(start.Add(time.Hour))
	who, refused := r.authenticate(t.Context(), token, "here")
	g.Expect(refused).To(BeNil())
	one := &application{key: types.NamespacedName{Namespace: "shop", Name: "one"}, terms: &terms{audience: "here"}}
	two := &application{key: types.NamespacedName{Namespace: "shop", Name: "two"}, terms: one.terms}
	cluster.grants.Store(true)
	g.Expect(r.authorize(t.Context(), who, token, one)).To(BeNil())
	cluster.grants.Store(false)
	g.Expect(r.authorize(t.Context(), who, token, one)).To(BeNil())
	g.Expect(reasonOf(r.authorize(t.Context(), who, token, two))).To(Equal(ReasonAccessDenied))
	g.Expect(cluster.accesses.Load()).To(Equal(int32(2)))
}

// Those who have one question at a time share the answer, also when the first of
// them does not wait for it.
func TestQuestionsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, cluster, _ := asking()
		cluster.gate = make(chan struct{})
		ended := make(chan Reason)
		ask := func(ctx context.Context) {
			_, refused := r.authenticate(ctx, ending(start.Add(time.Hour)), "here")
			ended <- reasonOf(refused)
		}
		impatient, leave := context.WithCancel(t.Context())
		go ask(impatient)
		synctest.Wait()
		for range 7 {
			go ask(t.Context())
		}
		synctest.Wait()
		leave()
		if got := <-ended; got != ReasonClusterUnavailable {
			t.Errorf("who left got %q", got)
		}
		close(cluster.gate)
		for range 7 {
			if got := <-ended; got != "" {
				t.Errorf("got %q", got)
			}
		}
		if n := cluster.tokens.Load(); n != 1 {
			t.Errorf("%d questions", n)
		}
	})
}

// A question that is not answered ends, and so does everything that it holds.
func TestQuestionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, cluster, _ := asking()
		cluster.gate = make(chan struct{})
		begun := time.Now()
		_, refused := r.authenticate(t.Context(), "token", "here")
		if got := reasonOf(refused); got != ReasonClusterUnavailable || time.Since(begun) != reviewTimeout {
			t.Errorf("got %q after %s", got, time.Since(begun))
		}
	})
}

func TestQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r, cluster, clock := asking()
	refusals := map[Reason]int{}
	for i := range reviewPace.burst + 10 {
		_, refused := r.authenticate(t.Context(), fmt.Sprintf("token-%d", i), "here")
		refusals[reasonOf(refused)]++
	}
	g.Expect(refusals).To(Equal(map[Reason]int{"": reviewPace.burst, ReasonBusy: 10}))
	g.Expect(cluster.tokens.Load()).To(Equal(int32(reviewPace.burst)))
	clock.SetTime(start.Add(time.Second))
	_, refused := r.authenticate(t.Context(), "another", "here")
	g.Expect(refused).To(BeNil())
}
