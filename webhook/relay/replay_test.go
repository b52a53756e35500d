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

package relay_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"

	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/deadletter"
)

// administered is the administration of a pod's dead letters.
func (p *pod) administered(t *testing.T) (list func() []deadletter.Letter, do func(method, path string) int) {
	t.Helper()
	server := httptest.NewServer(deadletter.New(deadletter.Config{
		Letters: p.letters.Letters, Replayer: p.relay, Log: logr.Discard(),
		Name: func(string) string { return accountKey.String() }, UID: func(string) string { return accountUID },
	}))
	t.Cleanup(server.Close)
	g := NewWithT(t)
	do = func(method, path string) int {
		status, _ := ask(t, server, method, path)
		return status
	}
	list = func() []deadletter.Letter {
		status, body := ask(t, server, http.MethodGet, "?account="+accountKey.String())
		g.Expect(status).To(Equal(http.StatusOK))
		var page deadletter.Page
		g.Expect(json.Unmarshal(body, &page)).To(Succeed())
		return page.Items
	}
	return list, do
}

// ask the administration.
func ask(t *testing.T, server *httptest.Server, method, path string) (status int, body []byte) {
	t.Helper()
	g := NewWithT(t)
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+deadletter.Path+path, nil)
	g.Expect(err).NotTo(HaveOccurred())
	response, err := server.Client().Do(request)
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(response.Body)
	g.Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, body
}

// TestReplay: a reply that nobody knows the outcome of is not sent again by itself.
// A person finds it, and has it sent once more, or dropped.
func TestReplay(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newWorld(t, nil)
	p := w.start(t.TempDir(), quietly)
	w.connect(p)
	list, do := p.administered(t)
	f := w.follow(true)
	f.writes("在吗")
	g.Eventually(func() []string { return f.chat("lin") }).WithTimeout(patience).Should(HaveLen(1))
	_, err := w.wechat.InjectFault(simwechat.Fault{Command: "message/custom/send", Times: 2, Reset: simwechat.ResetBeforeCommit})
	g.Expect(err).NotTo(HaveOccurred())
	for i, text := range []string{"在的", "您好"} {
		f.isAnswered("lin", text)
		g.Eventually(list).WithTimeout(patience).Should(HaveLen(i + 1))
	}
	letters := list()
	for i, text := range []string{"在的", "您好"} {
		got := letters[i]
		g.Expect(got.Message).To(MatchJSON(fmt.Sprintf(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]`, text)))
		g.Expect(got.Time).NotTo(BeZero())
		got.Message, got.Time, got.Sequence, got.Detail = nil, deadletter.Letter{}.Time, 0, ""
		g.Expect(got).To(Equal(deadletter.Letter{
			Account: accountKey.String(), Customer: f.openID, Direction: deadletter.ToCustomer, Agent: "lin", Cause: "UnknownOutcome", Kind: "Text", Text: text,
		}))
	}
	g.Expect(f.phone()).To(BeEmpty())

	first := fmt.Sprint("/", letters[0].Sequence)
	g.Expect(do(http.MethodPost, first+"/replay")).To(Equal(http.StatusNoContent))
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{"在的"}))
	g.Expect(do(http.MethodPost, first+"/replay")).To(Equal(http.StatusNotFound), "once")
	g.Expect(do(http.MethodDelete, fmt.Sprint("/", letters[1].Sequence))).To(Equal(http.StatusNoContent))
	g.Expect(list()).To(BeEmpty())
	f.isAnswered("lin", "再见")
	g.Eventually(f.phone).WithTimeout(patience).Should(Equal([]string{"在的", "再见"}))
}
