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

package media

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

const (
	// maxDownloads go through a pod at once, and maxOfAccount of them for one account:
	// one with slow readers leaves room for the others.
	maxDownloads, maxOfAccount = 16, 12
	// downloadTimeout bounds one of them.
	downloadTimeout = 2 * time.Minute
	// defaultRetry is advised when WeChat advises nothing.
	defaultRetry = 10 * time.Second
)

// Accounts looks accounts up.
type Accounts interface {
	// Account returns nil if there is none of this name.
	Account(key types.NamespacedName) *officialaccount.Account
}

// Handler streams files of customers from WeChat to whoever has a link.
type Handler struct {
	accounts Accounts
	clock    clock.PassiveClock
	log      logr.Logger
	metrics  *metrics
	places   *places
}

// NewHandler returns a handler for Route and registers its metrics.
func NewHandler(accounts Accounts, clk clock.PassiveClock, log logr.Logger, registerer prometheus.Registerer) (*Handler, error) {
	m, err := newMetrics(registerer)
	if err != nil {
		return nil, err
	}
	return &Handler{accounts: accounts, clock: clk, log: log, metrics: m, places: newPlaces(maxDownloads, maxOfAccount)}, nil
}

// ServeHTTP checks the link, asks WeChat for the file, and passes it on. A link is
// never logged: it opens the file for whoever reads it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	result := h.serve(w, r)
	h.metrics.served(result)
	if result.cuts() {
		// A file that ends early would look whole.
		panic(http.ErrAbortHandler)
	}
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) outcome {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox")
	// Clients in browsers, which are pages of other sites, show files and read voices.
	// A link needs no credentials, so this gives nobody more than the link does.
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	header.Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		return say(w, outcomeMethod, http.StatusMethodNotAllowed, "GET or HEAD only")
	}
	account := h.accounts.Account(types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("account")})
	mediaID := r.PathValue("media")
	until, err := check(account, r.PathValue("expiry"), r.PathValue("mac"), mediaID, h.clock.Now())
	switch {
	case errors.Is(err, errExpired):
		return say(w, outcomeExpired, http.StatusGone, "this link has expired")
	case err != nil:
		return say(w, outcomeForged, http.StatusNotFound, "there is no such file")
	case account.WeChat == nil:
		retry(w, defaultRetry)
		return say(w, outcomeUnavailable, http.StatusServiceUnavailable, "the account has no access to WeChat at the moment")
	case !h.places.take(account.UID):
		retry(w, 2*time.Second)
		return say(w, outcomeBusy, http.StatusServiceUnavailable, "too many files are being opened at the moment")
	}
	defer h.places.leave(account.UID)
	h.metrics.underway.Inc()
	defer h.metrics.underway.Dec()

	ctx, cancel := context.WithTimeout(r.Context(), downloadTimeout)
	defer cancel()
	patient(w)
	file, err := account.WeChat.DownloadMedia(ctx, mediaID)
	if err != nil {
		return h.refuse(w, r, account, err)
	}
	defer func() { _ = file.Body.Close() }()
	limit, _ := account.Object.MediaLimits()
	return h.pass(w, r, account, file, limit, until)
}

// patient lifts the deadline of the server for answers, which is made for short
// ones: a file takes longer. Each write gets a deadline of its own.
func patient(w http.ResponseWriter) {
	// Not every writer has deadlines.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(downloadTimeout))
}

// refuse says why there is no file.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, account *officialaccount.Account, err error) outcome {
	kind := wechat.KindOf(err)
	switch {
	case r.Context().Err() != nil:
		return say(w, outcomeAbandoned, http.StatusServiceUnavailable, "")
	case kind == wechat.MediaExpired:
		return say(w, outcomeGone, http.StatusGone, "WeChat keeps files for three days, and does not have this one any more")
	case errors.Is(err, wechat.ErrMediaTooLong):
		return say(w, outcomeTooLarge, http.StatusRequestEntityTooLarge, tooLarge)
	}
	h.log.V(1).Info("WeChat does not give a file of a customer", "account", account.Key.String(), "kind", string(kind), "code", wechat.CodeOf(err))
	switch kind {
	case wechat.Unavailable, wechat.RateLimited, wechat.DailyQuota, "":
		after := defaultRetry
		if e, ok := wechat.AsError(err); ok && e.RetryAfter > 0 {
			after = e.RetryAfter
		}
		retry(w, after)
		return say(w, outcomeUnavailable, http.StatusServiceUnavailable, "WeChat does not give the file at the moment")
	default:
		return say(w, outcomeRefused, http.StatusBadGateway, "WeChat refuses to give the file")
	}
}

// say answers without a file.
func say(w http.ResponseWriter, result outcome, status int, text string) outcome {
	http.Error(w, text, status)
	return result
}

func retry(w http.ResponseWriter, after time.Duration) {
	w.Header().Set("Retry-After", strconv.FormatInt(max(1, int64(after.Seconds())), 10))
}
