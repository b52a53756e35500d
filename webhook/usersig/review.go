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
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// A role of its own: reviews are about the cluster, so that an installation for
// some namespaces, whose other rights end there, needs it as well.
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create,roleName=liveroom-operator-webhook-reviews
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create,roleName=liveroom-operator-webhook-reviews

const (
	// tokenTTL is how long a token is taken without asking again, and so how long
	// that of a deleted pod still works.
	tokenTTL = 60 * time.Second
	// accessTTL is the same for the right.
	accessTTL = 30 * time.Second
	// deniedTTL is how long a refusal is kept: long enough to spare the API server
	// a client that keeps trying, short enough for whoever waits for the repair.
	deniedTTL = 5 * time.Second
	// reviewTimeout bounds one question.
	reviewTimeout = 3 * time.Second
	// goodFor is how long after its answer has ended a token is not a stranger's.
	goodFor = time.Hour
	// maxReviews bounds the answers that are kept, of each kind.
	maxReviews = 8192
)

// reviewPace bounds the questions of a pod: strangers must not be able to keep
// the API server busy.
var reviewPace = pace{limit: 50, burst: 100}

// Creator creates objects: a review is one that holds the answer afterwards.
type Creator interface {
	Create(ctx context.Context, obj client.Object, options ...client.CreateOption) error
}

// caller is a ServiceAccount that the cluster knows.
type caller struct {
	namespace, name string
	user            authenticationv1.UserInfo
}

// reviews asks the API server about callers. Tokens are kept as hashes.
type reviews struct {
	api   Creator
	clock clock.PassiveClock
	// guard is for tokens of strangers, reserve for those that were good a while ago.
	guard, reserve *rate.Limiter

	tokens  *lru.Cache[tokenKey, tokenAnswer]
	refused *lru.Cache[tokenKey, tokenAnswer] // apart: strangers can fill it
	access  *lru.Cache[accessKey, accessAnswer]
	flights singleflight.Group
}

type tokenKey struct {
	hash     [sha256.Size]byte
	audience string
}

type tokenAnswer struct {
	caller  *caller
	refusal *refusal
	until   time.Time
}

// accessKey has the token rather than the name: authorizers may look at what
// else a token says.
type accessKey struct {
	token tokenKey
	app   string
}

type accessAnswer struct {
	allowed bool
	until   time.Time
}

func newReviews(api Creator, now clock.PassiveClock) *reviews {
	r := &reviews{api: api, clock: now, guard: reviewPace.limiter(), reserve: reviewPace.limiter()}
	// The only error is a size below one.
	r.tokens, _ = lru.New[tokenKey, tokenAnswer](maxReviews)
	r.refused, _ = lru.New[tokenKey, tokenAnswer](maxReviews)
	r.access, _ = lru.New[accessKey, accessAnswer](maxReviews)
	return r
}

func keyOf(token, audience string) tokenKey {
	return tokenKey{hash: sha256.Sum256([]byte(token)), audience: audience}
}

// remembered returns the answer about a token that was given before.
func (r *reviews) remembered(key tokenKey) (tokenAnswer, bool) {
	for _, cache := range []*lru.Cache[tokenKey, tokenAnswer]{r.tokens, r.refused} {
		if kept, found := cache.Get(key); found && r.clock.Now().Before(kept.until) {
			return kept, true
		}
	}
	return tokenAnswer{}, false
}

// authenticate finds out whose token it is, and that it is meant for audience.
func (r *reviews) authenticate(ctx context.Context, token, audience string) (*caller, *refusal) {
	key := keyOf(token, audience)
	if kept, found := r.remembered(key); found {
		return kept.caller, kept.refusal
	}
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: []string{audience}}}
	answered, refused := r.ask(ctx, r.room(key), "token/"+hex.EncodeToString(key.hash[:])+"/"+audience, review)
	if refused != nil {
		return nil, refused
	}
	now := r.clock.Now()
	answer := judge(answered.(*authenticationv1.TokenReview).Status, token, audience, now)
	if answer.caller == nil {
		answer.until = now.Add(deniedTTL)
		r.refused.Add(key, answer)
		return nil, answer.refusal
	}
	answer.until = now.Add(tokenTTL)
	if c, ok := read(token); ok && !c.end().IsZero() && c.end().Before(answer.until) {
		answer.until = c.end()
	}
	r.tokens.Add(key, answer)
	return answer.caller, nil
}

// judge reads the cluster's answer about a token. An API server that does not
// know audiences names none in the answer: then the token was not checked for it.
func judge(status authenticationv1.TokenReviewStatus, token, audience string, now time.Time) tokenAnswer {
	if !status.Authenticated || !slices.Contains(status.Audiences, audience) {
		return tokenAnswer{refusal: whyRefused(token, audience, now)}
	}
	parts := strings.Split(status.User.Username, ":")
	if len(parts) != 4 || parts[0] != "system" || parts[1] != "serviceaccount" {
		return tokenAnswer{refusal: refuse(ReasonNotServiceAccount, "the token is not that of a ServiceAccount: call from a pod with one of its own")}
	}
	return tokenAnswer{caller: &caller{namespace: parts[2], name: parts[3], user: status.User}}
}

// authorize checks the right to create imapps/usersig of an ImApp.
func (r *reviews) authorize(ctx context.Context, who *caller, token string, app *application) *refusal {
	key := accessKey{token: keyOf(token, app.audience), app: app.key.String()}
	kept, found := r.access.Get(key)
	if !found || !r.clock.Now().Before(kept.until) {
		var refused *refusal
		if kept, refused = r.askForAccess(ctx, who, key, app); refused != nil {
			return refused
		}
		r.access.Add(key, kept)
	}
	if !kept.allowed {
		return refuse(ReasonAccessDenied, "ServiceAccount %s/%s may not create imapps/usersig of ImApp %s: bind it to a Role in namespace %s with this right",
			who.namespace, who.name, app.key, app.key.Namespace)
	}
	return nil
}

func (r *reviews) askForAccess(ctx context.Context, who *caller, key accessKey, app *application) (accessAnswer, *refusal) {
	extra := make(map[string]authorizationv1.ExtraValue, len(who.user.Extra))
	for name, values := range who.user.Extra {
		extra[name] = authorizationv1.ExtraValue(values)
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: who.user.Username, UID: who.user.UID, Groups: who.user.Groups, Extra: extra,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: imv1alpha1.GroupVersion.Group, Version: imv1alpha1.GroupVersion.Version, Resource: "imapps", Subresource: "usersig",
			Verb: "create", Namespace: app.key.Namespace, Name: app.key.Name,
		},
	}}
	flight := "access/" + hex.EncodeToString(key.token.hash[:]) + "/" + key.token.audience + "/" + key.app
	answered, refused := r.ask(ctx, r.room(key.token), flight, review)
	if refused != nil {
		return accessAnswer{}, refused
	}
	status := answered.(*authorizationv1.SubjectAccessReview).Status
	answer := accessAnswer{allowed: status.Allowed && !status.Denied, until: r.clock.Now().Add(deniedTTL)}
	if answer.allowed {
		answer.until = r.clock.Now().Add(accessTTL)
	}
	return answer, nil
}

// room is what bounds questions about a token. Strangers, who can use up theirs, do not
// shut out who was let in within the last hour.
func (r *reviews) room(key tokenKey) *rate.Limiter {
	if kept, found := r.tokens.Peek(key); found && r.clock.Now().Before(kept.until.Add(goodFor)) {
		return r.reserve
	}
	return r.guard
}

// ask puts a question. Those who have the same one at the same time share the
// answer, so it does not end with the request that came first.
func (r *reviews) ask(ctx context.Context, room *rate.Limiter, flight string, review client.Object) (client.Object, *refusal) {
	result := r.flights.DoChan(flight, func() (any, error) {
		if !room.AllowN(r.clock.Now(), 1) {
			return crowded(), nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reviewTimeout)
		defer cancel()
		if err := r.api.Create(ctx, review); err != nil {
			return nil, fmt.Errorf("asking for a review: %w", err)
		}
		return review, nil
	})
	select {
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	case got := <-result:
		if got.Err != nil {
			return nil, unavailable(got.Err)
		}
		if refused, crowded := got.Val.(*refusal); crowded {
			return nil, refused
		}
		return got.Val.(client.Object), nil
	}
}
