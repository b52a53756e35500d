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

package wechat

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The constants of the contract's vectors.
const (
	token       = "shieldwx2026Token"
	appID       = "wx5823bf96d3bd56c7"
	encodingKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	original    = "gh_7f083739789a"
	follower    = "oia2TjuEGTNoeX76QEjQNrcURxG8"

	officialToken = "AAAAA"
	officialAppID = "wxba5fad812f8e6fb9"

	formerToken = "formerToken2025"
	formerKey   = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

	text      = `<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName><CreateTime>1763848315</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好 hello]]></Content><MsgId>24920000000000001</MsgId></xml>`
	stamped   = "1763848316"
	nonce     = "1372623149"
	second    = int64(1763848317)
	accountID = "0d7a2c61-account"
)

var (
	officialKey = strings.Repeat("A", seal.KeyLength)
	accountKey  = types.NamespacedName{Namespace: "shop", Name: "support"}
	// hello is the message in text.
	hello = push.Message{
		Kind: push.Text, Type: "text", To: original, From: follower, CreateTime: 1763848315, MsgID: "24920000000000001", Content: "你好 hello",
	}
)

// taken is a push that was accepted.
type taken struct {
	Account  string
	Message  push.Message
	Received time.Time
}

// desk accepts pushes.
type desk struct {
	mu    sync.Mutex
	got   []taken
	calls int
	reply push.Reply
	err   error
	// before is called with nothing locked, and may wait for the context.
	before func(context.Context)
}

func (d *desk) Accept(ctx context.Context, account *officialaccount.Account, m *push.Message, received time.Time) (push.Reply, error) {
	d.mu.Lock()
	d.calls++
	before := d.before
	d.mu.Unlock()
	if before != nil {
		before(ctx)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return nil, d.err
	}
	d.got = append(d.got, taken{account.UID, *m, received})
	return d.reply, nil
}

// observed is what an observer was told.
type observed struct {
	Account, Segment       string
	Verification, Mismatch bool
	Time                   time.Time
}

type watcher struct {
	mu  sync.Mutex
	saw []observed
}

func (o *watcher) Authentic(account *officialaccount.Account, segment string, verification bool, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.saw = append(o.saw, observed{Account: account.UID, Segment: segment, Verification: verification, Time: now})
}

func (o *watcher) Mismatch(account *officialaccount.Account, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.saw = append(o.saw, observed{Account: account.UID, Mismatch: true, Time: now})
}

// journal collects log lines.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) logger() logr.Logger {
	return funcr.New(func(prefix, args string) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.text.WriteString(prefix + " " + args + "\n")
	}, funcr.Options{Verbosity: 10})
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// stage is a handler behind a server, with everything it works with.
type stage struct {
	t        testing.TB
	handler  *Handler
	known    *officialaccount.Directory
	desk     *desk
	watcher  *watcher
	clock    *clocktesting.FakePassiveClock
	registry *prometheus.Registry
	server   *httptest.Server
	client   *http.Client
	logs     *journal
}

// newStage has one account, in safe mode unless changed.
func newStage(tb testing.TB, changes ...func(*officialaccount.Account)) *stage {
	tb.Helper()
	s := &stage{
		t: tb, known: officialaccount.NewDirectory(), desk: &desk{}, watcher: &watcher{}, logs: &journal{},
		clock: clocktesting.NewFakePassiveClock(time.Unix(second, 0)), registry: prometheus.NewRegistry(),
	}
	metrics, err := NewMetrics(s.registry)
	if err != nil {
		tb.Fatal(err)
	}
	s.known.Put(newAccount(tb, changes...))
	s.handler, err = New(Options{
		Directory: s.known, Acceptor: s.desk, Observer: s.watcher, Clock: s.clock, Metrics: metrics,
		Random: &repeater{text: "fedcba9876543210"}, Log: s.logs.logger(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.server = httptest.NewServer(s.routes())
	transport := &http.Transport{}
	s.client = &http.Client{Transport: transport, Timeout: 10 * time.Second}
	tb.Cleanup(func() {
		transport.CloseIdleConnections()
		s.server.Close()
	})
	return s
}

func (s *stage) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(Route, s.handler)
	mux.HandleFunc("/", s.handler.Unknown)
	return mux
}

// repeater is not random at all.
type repeater struct{ text string }

func (r *repeater) Read(into []byte) (int, error) { return copy(into, r.text), nil }

// newAccount is the one of the tests.
func newAccount(tb testing.TB, changes ...func(*officialaccount.Account)) *officialaccount.Account {
	tb.Helper()
	a := &officialaccount.Account{
		Key: accountKey, UID: accountID, App: types.NamespacedName{Namespace: "shop", Name: "live"},
		Object: &imv1alpha1.WeChatOfficialAccount{ObjectMeta: metav1.ObjectMeta{Namespace: accountKey.Namespace, Name: accountKey.Name, UID: accountID}},
	}
	a.Object.Spec.AppID, a.Object.Spec.MessageMode = appID, imv1alpha1.MessageModeSafe
	a.Keys = []officialaccount.Key{newKey(tb, token, appID, encodingKey)}
	for _, change := range changes {
		change(a)
	}
	return a
}

func newKey(tb testing.TB, key, app string, aesKeys ...string) officialaccount.Key {
	tb.Helper()
	k := officialaccount.Key{Token: key, Segment: officialaccount.Segment(key, accountKey.Namespace, accountKey.Name)}
	for _, one := range aesKeys {
		k.Sealers = append(k.Sealers, newSealer(tb, app, one))
	}
	return k
}

func newSealer(tb testing.TB, app, encoded string) seal.Sealer {
	tb.Helper()
	key, err := seal.ParseKey(encoded)
	if err != nil {
		tb.Fatal(err)
	}
	return seal.New(app, key)
}

// mode declares how pushes are protected.
func mode(m imv1alpha1.MessageMode) func(*officialaccount.Account) {
	return func(a *officialaccount.Account) {
		a.Object.Spec.MessageMode = m
		if m == imv1alpha1.MessageModePlaintext {
			for i := range a.Keys {
				a.Keys[i].Sealers = nil
			}
		}
	}
}

var (
	plaintext  = mode(imv1alpha1.MessageModePlaintext)
	compatible = mode(imv1alpha1.MessageModeCompatible)
)

// official makes the account that of the provider's own vectors.
func official(tb testing.TB) func(*officialaccount.Account) {
	tb.Helper()
	return func(a *officialaccount.Account) {
		a.Object.Spec.AppID = officialAppID
		a.Keys = []officialaccount.Key{newKey(tb, officialToken, officialAppID, officialKey)}
	}
}

// rotating gives the account a former token and a former encodingAESKey.
func rotating(tb testing.TB) func(*officialaccount.Account) {
	tb.Helper()
	return func(a *officialaccount.Account) {
		a.Keys = []officialaccount.Key{newKey(tb, token, appID, encodingKey, formerKey), newKey(tb, formerToken, appID, encodingKey, formerKey)}
	}
}

// request can be spoiled before it is sent.
type request struct {
	method, path, body string
	query              url.Values
	reader             io.Reader // in place of the body
	length             int64     // that is claimed, if not 0
}

func path() string { return officialaccount.Path(token, accountKey.Namespace, accountKey.Name) }

// signed is what every request has.
func signed(key, timestamp, number string) url.Values {
	return url.Values{"signature": {seal.Signature(key, timestamp, number)}, "timestamp": {timestamp}, "nonce": {number}}
}

// pushed is a push in clear.
func pushed(body string, changes ...func(*request)) request {
	r := request{method: http.MethodPost, path: path(), body: body, query: signed(token, stamped, nonce)}
	r.query.Set("openid", follower)
	return r.with(changes...)
}

// envelopeOf is a push in safe mode, or in JSON if the message is.
func envelopeOf(encrypt string, changes ...func(*request)) request {
	r := pushed("<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><Encrypt><![CDATA[" + encrypt + "]]></Encrypt></xml>")
	r.query.Set("encrypt_type", "aes")
	r.query.Set("msg_signature", seal.Signature(token, stamped, nonce, encrypt))
	return r.with(changes...)
}

// sealedPush encrypts a message with the account's key.
func sealedPush(tb testing.TB, message string, changes ...func(*request)) request {
	tb.Helper()
	return envelopeOf(sealText(tb, newSealer(tb, appID, encodingKey), message), changes...)
}

func sealText(tb testing.TB, s seal.Sealer, message string) string {
	tb.Helper()
	encrypt, err := s.Seal([]byte(message), []byte("0123456789abcdef"))
	if err != nil {
		tb.Fatal(err)
	}
	return encrypt
}

// compatiblePush has the clear fields of text beside the encrypted ones.
func compatiblePush(tb testing.TB, message string) request {
	tb.Helper()
	r := sealedPush(tb, message)
	_, encrypt, _ := strings.Cut(r.body, "</ToUserName>")
	r.body = strings.TrimSuffix(text, "</xml>") + encrypt
	return r
}

// verificationOf a text is the GET of the console.
func verificationOf(echo string, changes ...func(*request)) request {
	r := request{method: http.MethodGet, path: path(), query: signed(token, stamped, nonce)}
	r.query.Set("echostr", echo)
	return r.with(changes...)
}

func (r request) with(changes ...func(*request)) request {
	for _, change := range changes {
		change(&r)
	}
	return r
}

// query sets a parameter; "" takes it out.
func query(name, value string) func(*request) {
	return func(r *request) {
		if r.query.Set(name, value); value == "" {
			r.query.Del(name)
		}
	}
}

// signs makes both signatures anew, with another token or time.
func signs(key, timestamp string) func(*request) {
	return func(r *request) {
		r.query.Set("timestamp", timestamp)
		r.query.Set("signature", seal.Signature(key, timestamp, r.query.Get("nonce")))
		if _, rest, found := strings.Cut(r.body, "<Encrypt><![CDATA["); found {
			encrypt, _, _ := strings.Cut(rest, "]]>")
			r.query.Set("msg_signature", seal.Signature(key, timestamp, r.query.Get("nonce"), encrypt))
		}
	}
}

func at(seconds int64) func(*request) { return signs(token, strconv.FormatInt(seconds, 10)) }

func through(path string) func(*request) { return func(r *request) { r.path = path } }

func method(name string) func(*request) { return func(r *request) { r.method = name } }

// reply is what came back.
type reply struct {
	status int
	kind   string // content type
	body   string
	header http.Header
}

func (s *stage) send(r request) reply {
	s.t.Helper()
	a, err := s.try(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *stage) try(r request) (reply, error) {
	var body io.Reader = strings.NewReader(r.body)
	if r.reader != nil {
		body = r.reader
	}
	req, err := http.NewRequestWithContext(s.t.Context(), r.method, s.server.URL+r.path+"?"+r.query.Encode(), body)
	if err != nil {
		return reply{}, err
	}
	if r.length != 0 {
		req.ContentLength = r.length
	}
	response, err := s.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header.Get("Content-Type"), string(content), response.Header}, err
}

// counts are the counters that are not zero, by name and labels.
func (s *stage) counts() map[string]float64 {
	s.t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := strings.TrimPrefix(family.GetName(), "liveroom_webhook_wechat_")
			for _, label := range metric.GetLabel() {
				name += " " + label.GetValue()
			}
			if value := metric.GetCounter().GetValue(); value != 0 {
				found[name] = value
			}
		}
	}
	return found
}

func same(tb testing.TB, what string, got, want any) {
	tb.Helper()
	if !reflect.DeepEqual(got, want) {
		tb.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// unsealed checks an encrypted answer as WeChat does, and returns what is in it.
func unsealed(tb testing.TB, a reply, key string, s seal.Sealer) string {
	tb.Helper()
	fields := map[string]string{}
	for _, name := range []string{"Encrypt", "MsgSignature", "TimeStamp", "Nonce"} {
		_, rest, _ := strings.Cut(a.body, "<"+name+">")
		value, _, found := strings.Cut(rest, "</"+name+">")
		if !found {
			tb.Fatalf("no %s in %q", name, a.body)
		}
		fields[name] = strings.TrimSuffix(strings.TrimPrefix(value, "<![CDATA["), "]]>")
	}
	if want := seal.Signature(key, fields["TimeStamp"], fields["Nonce"], fields["Encrypt"]); fields["MsgSignature"] != want {
		tb.Errorf("signed %s, want %s", fields["MsgSignature"], want)
	}
	content, err := s.Open(fields["Encrypt"])
	if err != nil {
		tb.Fatal(err)
	}
	return string(content)
}
