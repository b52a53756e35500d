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

package deadletter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/webhook/deadletter"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

const (
	shop   = "uid-shop"
	bakery = "uid-bakery" // is gone
)

// replayer remembers what it was asked for.
type replayer struct {
	names []string
	err   error
}

func (r *replayer) Replay(_ context.Context, name string, letter *conversation.Letter) error {
	r.names = append(r.names, name+" "+letter.ID)
	return r.err
}

// stage is the API on the dead letters of a journal.
type stage struct {
	*WithT

	t        *testing.T
	letters  *journal.Letters
	replayer replayer
	server   *httptest.Server
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{WithT: NewWithT(t), t: t}
	j, err := journal.Open(t.Context(), journal.Options{Embedded: &journal.Embedded{Dir: t.TempDir()}, Events: journal.EventLimits{MaxBytes: 16 << 20}, StateMaxBytes: 16 << 20})
	s.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { s.Expect(j.Close(context.Background())).To(Succeed()) })
	s.letters, err = j.Letters(t.Context(), journal.LettersOptions{MaxBytes: 16 << 20})
	s.Expect(err).NotTo(HaveOccurred())
	s.server = httptest.NewServer(deadletter.New(deadletter.Config{
		Letters: s.letters, Replayer: &s.replayer, Log: logr.Discard(),
		Name: func(uid string) string { return map[string]string{shop: "live/shop"}[uid] },
		UID: func(name string) string {
			if !strings.Contains(name, "/") {
				return name
			}
			return map[string]string{"live/shop": shop}[name]
		},
	}))
	t.Cleanup(s.server.Close)
	return s
}

// give stores a letter about a text of a customer.
func (s *stage) give(account, customer, text string) uint64 {
	s.t.Helper()
	letter := conversation.Letter{
		ID: "m-" + text, Cause: conversation.Refused, Code: 10017, Detail: "muted", Time: 1_800_000_000_000,
		Entry: &conversation.Entry{Account: account, OpenID: customer, Inbound: &conversation.Inbound{
			Push: push.Message{Kind: push.Text, From: customer, To: "gh_1", CreateTime: 1_800_000_000, MsgID: text, Content: text}, Received: 1_800_000_000_000,
		}},
	}
	data, err := letter.AppendTo(nil)
	s.Expect(err).NotTo(HaveOccurred())
	return s.store(account, customer, text, data)
}

func (s *stage) store(account, customer, id string, data []byte) uint64 {
	s.t.Helper()
	sequence, err := s.letters.Append(s.t.Context(), id, account, customer, data)
	s.Expect(err).NotTo(HaveOccurred())
	return sequence
}

// call returns the status and the body of an answer.
func (s *stage) call(method, path string, change ...func(*http.Request)) (status int, body string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+deadletter.Path+path, nil)
	s.Expect(err).NotTo(HaveOccurred())
	for _, c := range change {
		c(request)
	}
	response, err := s.server.Client().Do(request)
	s.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	s.Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(text)
}

// texts of a list, and where it goes on.
func (s *stage) texts(query string) (texts []string, next uint64) {
	s.t.Helper()
	status, body := s.call(http.MethodGet, query)
	s.Expect(status).To(Equal(http.StatusOK), body)
	var page deadletter.Page
	s.Expect(json.Unmarshal([]byte(body), &page)).To(Succeed())
	for _, letter := range page.Items {
		texts = append(texts, letter.Account+" "+letter.Text)
	}
	return texts, page.Next
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for n := range 5 {
		s.give(shop, "alice", fmt.Sprint(n))
	}
	s.give(shop, "bob", "b")
	s.give(bakery, "bob", "x")
	all, next := s.texts("")
	s.Expect(all).To(Equal([]string{"live/shop 0", "live/shop 1", "live/shop 2", "live/shop 3", "live/shop 4", "live/shop b", "uid-bakery x"}))
	s.Expect(next).To(BeZero())
	var paged []string
	for query := "?account=live/shop&customer=alice&limit=2"; ; {
		texts, next := s.texts(query)
		s.Expect(len(texts)).To(BeNumerically("<=", 2))
		paged = append(paged, texts...)
		if next == 0 {
			break
		}
		query = fmt.Sprintf("?account=live/shop&customer=alice&limit=2&from=%d", next)
	}
	s.Expect(paged).To(Equal(all[:5]))
	of, _ := s.texts("?account=uid-bakery")
	s.Expect(of).To(Equal([]string{"uid-bakery x"}), "an account that is gone is known by its UID")

	for query, want := range map[string]int{
		"?account=live/other": http.StatusNotFound, "?from=-1": http.StatusBadRequest, "?limit=0": http.StatusBadRequest, "?limit=201": http.StatusBadRequest, "?limit=x": http.StatusBadRequest,
	} {
		status, body := s.call(http.MethodGet, query)
		s.Expect(status).To(Equal(want), query)
		s.Expect(body).To(ContainSubstring(`"message"`))
	}
}

func TestReplayAndDrop(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	first, second := s.give(shop, "alice", "1"), s.give(shop, "alice", "2")
	unreadable := s.store(shop, "alice", "3", []byte(`{"v":99}`))
	path := func(sequence uint64) string { return fmt.Sprint("/", sequence) }

	s.replayer.err = errors.New("the log does not answer")
	for err, want := range map[error]int{
		s.replayer.err:            http.StatusServiceUnavailable,
		relay.ErrNotServed:        http.StatusConflict,
		conversation.ErrEntrySize: http.StatusUnprocessableEntity,
	} {
		s.replayer.err = err
		status, body := s.call(http.MethodPost, path(first)+"/replay")
		s.Expect(status).To(Equal(want), body)
		s.Expect(body).NotTo(ContainSubstring("does not answer"))
	}
	texts, _ := s.texts("")
	s.Expect(texts).To(HaveLen(3), "what could not be replayed is kept")
	s.replayer.err = nil
	status, _ := s.call(http.MethodPost, path(first)+"/replay")
	s.Expect(status).To(Equal(http.StatusNoContent))
	names := slices.Compact(s.replayer.names)
	s.Expect(names).To(HaveLen(1), "one letter is one replay, however often it is tried: a message is not sent twice")
	s.Expect(names[0]).To(HavePrefix(fmt.Sprintf("letter-%d-", first)))

	for _, c := range []struct {
		method, path string
		want         int
	}{
		{http.MethodPost, path(first) + "/replay", http.StatusNotFound},
		{http.MethodDelete, path(first), http.StatusNotFound},
		{http.MethodPost, path(unreadable) + "/replay", http.StatusUnprocessableEntity},
		{http.MethodDelete, path(unreadable), http.StatusNoContent},
		{http.MethodDelete, path(second), http.StatusNoContent},
		{http.MethodDelete, "/0", http.StatusNotFound},
		{http.MethodDelete, "/x", http.StatusBadRequest},
		{http.MethodPut, path(second), http.StatusMethodNotAllowed},
	} {
		status, body := s.call(c.method, c.path)
		s.Expect(status).To(Equal(c.want), "%s %s: %s", c.method, c.path, body)
	}
	texts, _ = s.texts("")
	s.Expect(texts).To(BeEmpty())
}

// A web page in a browser on the same machine must not reach it, whatever name its
// resolver leads here.
func TestStrangers(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.give(shop, "alice", "1")
	for name, change := range map[string]func(*http.Request){
		"a page":         func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1") },
		"a foreign name": func(r *http.Request) { r.Host = "evil.example:8083" },
		"an address":     func(r *http.Request) { r.Host = "10.0.0.1" },
	} {
		status, body := s.call(http.MethodGet, "", change)
		s.Expect(status).To(Equal(http.StatusForbidden), name)
		s.Expect(body).NotTo(ContainSubstring("alice"))
	}
	for _, host := range []string{"localhost:8083", "127.0.0.1", "[::1]:8083"} {
		status, _ := s.call(http.MethodGet, "", func(r *http.Request) { r.Host = host })
		s.Expect(status).To(Equal(http.StatusOK), host)
	}
}
