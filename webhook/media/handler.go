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
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

const (
	// maxDownloads go through a pod at once.
	maxDownloads = 16
	// downloadTimeout bounds one of them.
	downloadTimeout = 60 * time.Second
	// sniffed bytes decide what a file is.
	sniffed = 512
)

// Outcomes of downloads, as the metric has them.
const (
	outcomeServed      = "served"
	outcomeForged      = "forged"
	outcomeExpired     = "expired"
	outcomeGone        = "gone"
	outcomeTooLarge    = "too_large"
	outcomeBusy        = "busy"
	outcomeUnavailable = "unavailable"
	outcomeInterrupted = "interrupted"
)

// Accounts looks accounts up.
type Accounts interface {
	Account(key types.NamespacedName) *officialaccount.Account
}

// Handler streams files of customers from WeChat to whoever has a link.
type Handler struct {
	accounts Accounts
	clock    clock.PassiveClock
	log      logr.Logger
	outcomes *prometheus.CounterVec
	places   chan struct{}
}

// NewHandler returns a handler for Route and registers its metric.
func NewHandler(accounts Accounts, clk clock.PassiveClock, log logr.Logger, registerer prometheus.Registerer) (*Handler, error) {
	h := &Handler{accounts: accounts, clock: clk, log: log, places: make(chan struct{}, maxDownloads)}
	h.outcomes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "liveroom_webhook", Name: "media_downloads_total", Help: "Files of customers that somebody with a link asked for, by outcome.",
	}, []string{"outcome"})
	return h, registerer.Register(h.outcomes)
}

// ServeHTTP checks the link, asks WeChat for the file, and passes it on.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.outcomes.WithLabelValues(h.serve(w, r)).Inc()
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) string {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "GET or HEAD only", http.StatusMethodNotAllowed)
		return outcomeForged
	}
	mediaID := r.PathValue("media")
	account := h.accounts.Account(types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("account")})
	if account == nil || account.WeChat == nil {
		http.NotFound(w, r)
		return outcomeForged
	}
	until, err := check(account, r.PathValue("expiry"), r.PathValue("mac"), mediaID, h.clock.Now())
	switch {
	case errors.Is(err, errExpired):
		http.Error(w, "this link has expired", http.StatusGone)
		return outcomeExpired
	case err != nil:
		http.NotFound(w, r)
		return outcomeForged
	}
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	default:
		header.Set("Retry-After", "2")
		http.Error(w, "too many downloads", http.StatusServiceUnavailable)
		return outcomeBusy
	}
	ctx, cancel := context.WithTimeout(r.Context(), downloadTimeout)
	defer cancel()
	file, err := account.WeChat.DownloadMedia(ctx, mediaID)
	if err != nil {
		return h.refuse(w, account, err)
	}
	defer func() { _ = file.Body.Close() }()
	return h.pass(w, r, account, file, until)
}

// refuse says why there is no file.
func (h *Handler) refuse(w http.ResponseWriter, account *officialaccount.Account, err error) string {
	if wechat.KindOf(err) == wechat.MediaExpired {
		http.Error(w, "WeChat keeps files for three days, and does not have this one any more", http.StatusGone)
		return outcomeGone
	}
	h.log.V(1).Info("A customer's file cannot be fetched", "account", account.Key.String(), "kind", string(wechat.KindOf(err)))
	w.Header().Set("Retry-After", "10")
	http.Error(w, "WeChat does not give the file at the moment", http.StatusBadGateway)
	return outcomeUnavailable
}

// pass a file on, not more of it than the account allows.
func (h *Handler) pass(w http.ResponseWriter, r *http.Request, account *officialaccount.Account, file *wechat.Media, until time.Time) string {
	limit, _ := account.Object.MediaLimits()
	if file.Length > limit {
		http.Error(w, "the file is larger than spec.media.maxBytes of the account", http.StatusRequestEntityTooLarge)
		return outcomeTooLarge
	}
	begin := make([]byte, sniffed)
	n, err := io.ReadFull(file.Body, begin)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return h.refuse(w, account, err)
	}
	header := w.Header()
	kind := contentType(file.ContentType, begin[:n])
	header.Set("Content-Type", kind)
	if kind == unknownType {
		header.Set("Content-Disposition", "attachment")
	}
	header.Set("Cache-Control", fmt.Sprintf("private, max-age=%d", max(0, int64(until.Sub(h.clock.Now())/time.Second))))
	if file.Length >= 0 {
		header.Set("Content-Length", strconv.FormatInt(file.Length, 10))
	}
	if r.Method == http.MethodHead {
		return outcomeServed
	}
	// The connection is cut when there is more than allowed: a shorter file would
	// look whole.
	body := io.LimitReader(file.Body, limit-int64(n)+1)
	if _, err := w.Write(begin[:n]); err != nil {
		return outcomeInterrupted
	}
	copied, err := io.Copy(w, body)
	switch {
	case err != nil:
		panic(http.ErrAbortHandler)
	case copied > limit-int64(n):
		h.outcomes.WithLabelValues(outcomeTooLarge).Inc()
		panic(http.ErrAbortHandler)
	}
	return outcomeServed
}

// unknownType is for what is neither picture, voice nor video: it is saved, and
// not shown.
const unknownType = "application/octet-stream"

// contentType is WeChat's, if it is one of media and the content does not say
// otherwise.
func contentType(declared string, begin []byte) string {
	kind, _, err := mime.ParseMediaType(declared)
	if err != nil {
		kind = ""
	}
	found, _, _ := mime.ParseMediaType(http.DetectContentType(begin))
	switch {
	case shown(found):
		return found
	case shown(kind) && found == unknownType: // voices in AMR, for example
		return kind
	default:
		return unknownType
	}
}

// shown kinds of files are shown by clients. SVG is a document with scripts.
func shown(kind string) bool {
	family, sub, _ := strings.Cut(kind, "/")
	return (family == "image" || family == "audio" || family == "video") && !strings.Contains(sub, "svg") && !strings.Contains(sub, "xml")
}
