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

// Package usersig issues UserSigs to programs in the cluster, so that the key of
// an application stays where it is. A caller shows a token of its ServiceAccount;
// the ImApp, the cluster's own rights and a list of UserIDs decide.
package usersig

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Route is the pattern that the handler serves.
const Route = "/usersig/{namespace}/{imapp}"

const (
	// patience bounds one request.
	patience = 5 * time.Second
	// maxUnderway bounds the requests that are worked on at once.
	maxUnderway = 256
	// maxRemotes and maxCallers bound the token buckets.
	maxRemotes = 16_384
	maxCallers = 16_384
)

var (
	// remotePace is what one address may send, whoever it is. Behind a proxy that
	// is not trusted to tell them apart all callers are one address.
	remotePace = pace{limit: 200, burst: 400}
	// strangerPace is how many tokens that are not known yet one address may show.
	strangerPace = pace{limit: 10, burst: 50}
)

// Consent decides whether a namespace may use an ImApp. It returns a *hold.Error
// when it may not.
type Consent interface {
	Check(ctx context.Context, app *imv1alpha1.ImApp, namespace string) error
}

// Options of a handler. All are required, apart from Namespaces and Proxies.
type Options struct {
	// Apps reads ImApps, from a cache: it is asked for each request.
	Apps client.Reader
	// Namespaces are those that Apps knows; none means all.
	Namespaces []string
	// Secrets reads the keys of applications.
	Secrets Secrets
	// Consent decides which namespaces may use an ImApp.
	Consent Consent
	// Reviews creates TokenReviews and SubjectAccessReviews at the API server. The
	// handler bounds how many.
	Reviews Creator
	// Proxies are the addresses whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	Clock   clock.PassiveClock
	Metrics prometheus.Registerer
	Log     logr.Logger
}

// Handler issues UserSigs.
type Handler struct {
	options Options
	apps    *applications
	reviews *reviews
	keys    *keys
	metrics *metrics

	underway  chan struct{}
	remotes   *buckets[netip.Prefix]
	strangers *buckets[netip.Prefix]
	callers   *buckets[callerKey]
}

// callerKey is a ServiceAccount at an ImApp.
type callerKey struct {
	app  types.NamespacedName
	user string
}

// New returns a handler.
func New(options Options) (*Handler, error) {
	if options.Apps == nil || options.Secrets == nil || options.Consent == nil || options.Reviews == nil || options.Clock == nil {
		return nil, errors.New("an option is missing")
	}
	counts, err := newMetrics(options.Metrics)
	if err != nil {
		return nil, err
	}
	return &Handler{
		options: options, metrics: counts,
		apps:      newApplications(options.Apps, options.Namespaces, counts.forget),
		reviews:   newReviews(options.Reviews, options.Clock),
		keys:      newKeys(options.Secrets),
		underway:  make(chan struct{}, maxUnderway),
		remotes:   newBuckets[netip.Prefix](maxRemotes),
		strangers: newBuckets[netip.Prefix](maxRemotes),
		callers:   newBuckets[callerKey](maxCallers),
	}, nil
}

// ServeHTTP answers with a UserSig, or says why not.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Origin")
	header.Set("X-Content-Type-Options", "nosniff")

	app, refused := h.admit(ctx, r)
	if refused != nil {
		h.refuse(w, app, refused)
		return
	}
	defer func() { <-h.underway }()
	if r.Method == http.MethodOptions {
		reason, refused := preflight(header, app, r.Header.Get("Origin"))
		if refused != nil {
			h.refuse(w, app, refused)
			return
		}
		h.metrics.count(app, reason)
		w.WriteHeader(statuses[reason])
		return
	}
	admitPage(header, app, r.Header.Get("Origin"))
	issued, refused := h.issue(ctx, w, r, app)
	if refused != nil {
		h.refuse(w, app, refused)
		return
	}
	h.metrics.count(app, ReasonIssued)
	h.answer(w, statuses[ReasonIssued], issued)
}

// admit does what costs next to nothing. With an application it returns a place
// among those under way, which the caller gives back.
func (h *Handler) admit(ctx context.Context, r *http.Request) (*application, *refusal) {
	if r.Method != http.MethodPost && r.Method != http.MethodOptions {
		return nil, refuse(ReasonMethodNotAllowed, "send a POST: a token or a UserSig in a URL would end up in logs")
	}
	if wait := h.remotes.take(remote(h.source(r)), remotePace, h.options.Clock.Now()); wait > 0 {
		return nil, limited(ReasonRemoteLimited, "too many requests from this address", wait)
	}
	select {
	case h.underway <- struct{}{}:
	default:
		return nil, crowded()
	}
	app, refused := h.apps.find(ctx, types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("imapp")})
	if refused != nil {
		<-h.underway
		return nil, refused
	}
	return app, nil
}

// issue goes from the token to the UserSig.
func (h *Handler) issue(ctx context.Context, w http.ResponseWriter, r *http.Request, app *application) (*Issued, *refusal) {
	who, refused := h.identify(ctx, r, app)
	if refused != nil {
		return nil, refused
	}
	request, refused := decode(w, r)
	if refused != nil {
		return nil, refused
	}
	validity, refused := request.check(app.terms)
	if refused != nil {
		return nil, refused
	}
	signer, refused := h.keys.signer(ctx, app)
	if refused != nil {
		return nil, refused
	}
	issued, err := sign(signer, app, request, validity, h.options.Clock.Now())
	if err != nil {
		return nil, &refusal{reason: ReasonSigningFailed, message: "the signature could not be made", cause: err}
	}
	h.options.Log.V(1).Info("Issued a UserSig", "app", app.key.String(), "caller", who.namespace+"/"+who.name, "userID", request.UserID,
		"validitySeconds", int64(validity/time.Second), "privateMapKey", request.PrivateMapKey != nil)
	return issued, nil
}

// identify proves who calls, and that they may.
func (h *Handler) identify(ctx context.Context, r *http.Request, app *application) (*caller, *refusal) {
	token := bearer(r.Header)
	if token == "" {
		return nil, refuse(ReasonTokenMissing, "send the header Authorization: Bearer <token>, with a token of a ServiceAccount for audience %q", app.audience)
	}
	if _, known := h.reviews.remembered(keyOf(token, app.audience)); !known {
		if wait := h.strangers.take(remote(h.source(r)), strangerPace, h.options.Clock.Now()); wait > 0 {
			return nil, limited(ReasonRemoteLimited, "too many new tokens from this address", wait)
		}
	}
	who, refused := h.reviews.authenticate(ctx, token, app.audience)
	if refused != nil {
		return nil, refused
	}
	if err := h.options.Consent.Check(ctx, app.object, who.namespace); err != nil {
		if held, ok := hold.As(err); ok {
			return nil, refuse(ReasonNamespaceNotAllowed, "%s", held.Message)
		}
		return nil, unavailable(err)
	}
	if refused := h.reviews.authorize(ctx, who, token, app); refused != nil {
		return nil, refused
	}
	if wait := h.callers.take(callerKey{app: app.key, user: who.user.Username}, app.rate, h.options.Clock.Now()); wait > 0 {
		return nil, limited(ReasonCallerLimited, "this ServiceAccount has had its share (spec.userSigService.requestsPerMinute of the ImApp)", wait)
	}
	return who, nil
}

func limited(reason Reason, message string, wait time.Duration) *refusal {
	return &refusal{reason: reason, message: message + ": wait for as long as Retry-After says", after: wait}
}

// sign makes the answer. Signatures begin by the system's clock, a moment after
// now, so none ends before the answer says.
func sign(signer *im.Signer, app *application, request *Request, validity time.Duration, now time.Time) (*Issued, error) {
	userSig, err := signer.Sign(request.UserID, validity)
	if err != nil {
		return nil, err
	}
	issued := &Issued{
		UserSig: userSig, SDKAppID: app.object.Spec.SDKAppID, UserID: request.UserID,
		ExpiresAt: now.Add(validity).UTC().Truncate(time.Second),
	}
	if room := request.PrivateMapKey; room != nil {
		issued.PrivateMapKey, err = signer.PrivateMapKey(request.UserID, validity, room.room(), room.granted())
	}
	return issued, err
}

// Refusal is the body of every answer but that with a UserSig.
type Refusal struct {
	// Reason is for programs.
	Reason Reason `json:"reason"`
	// Message says what to do.
	Message string `json:"message"`
}

func (h *Handler) refuse(w http.ResponseWriter, app *application, refused *refusal) {
	h.metrics.count(app, refused.reason)
	if refused.cause != nil {
		h.options.Log.V(1).Info("A request for a UserSig failed", "reason", refused.reason, "error", refused.cause.Error())
	}
	status := statuses[refused.reason]
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost+", "+http.MethodOptions)
	}
	if refused.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refused.after.Seconds()))))
	}
	h.answer(w, status, Refusal{Reason: refused.reason, Message: refused.message})
}

func (h *Handler) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // it is no page
	_ = encoder.Encode(body)     // whoever does not take the answer asks again
}
