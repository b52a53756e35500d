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

package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	"github.com/liveroom-io/liveroom-operator/internal/testenv"
	"github.com/liveroom-io/liveroom-operator/webhook"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

const (
	secretKey = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	token     = "a-token-from-the-console"
	patience  = 30 * time.Second
	poll      = 20 * time.Millisecond
	// webhookUser has the webhook's role.
	webhookUser = "liveroom-webhook"
)

var (
	env    = testenv.New()
	appIDs atomic.Int64
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(testLogger())
	if text := os.Getenv(childEnv); text != "" {
		fmt.Fprintln(os.Stderr, errors.Join(errChild, runChild(text)))
		os.Exit(1)
	}
	os.Exit(testenv.Run(m, env))
}

func testLogger() logr.Logger {
	if os.Getenv("LIVEROOM_TEST_LOG") == "" {
		return logr.Discard()
	}
	return funcr.New(func(prefix, args string) { fmt.Fprintln(os.Stderr, prefix, args) }, funcr.Options{Verbosity: 1})
}

// story is one application with a simulator, a namespace, controllers and a
// webhook of its own.
type story struct {
	*WithT
	t         *testing.T
	ctx       context.Context
	namespace string
	sim       *simim.Simulator
	client    client.Client
	url       string // of the simulator
	sdkAppID  int64
	directory string // of the journal
	metrics   *prometheus.Registry

	address string // of the webhook
	stop    func() // stops the webhook
}

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(s); err != nil {
		panic(err)
	}
	if err := imv1alpha1.AddToScheme(s); err != nil {
		panic(err)
	}
	return s
}

// begin starts controllers and webhook, and applies an ImApp that takes callbacks.
func begin(t *testing.T, change ...func(*simim.Options)) *story {
	t.Helper()
	s := prepare(t, change...)
	s.control()
	s.start()
	s.create(s.secret("credentials", imv1alpha1.SecretKeyName, secretKey), s.secret("callback", imv1alpha1.CallbackTokenKeyName, token), s.app())
	s.Eventually(s.condition(s.app(), imv1alpha1.ConditionReady)).Should(Equal("True AsDeclared"))
	s.Eventually(s.callbackPath).ShouldNot(BeEmpty())
	return s
}

// prepare makes everything but the processes and the objects.
func prepare(t *testing.T, change ...func(*simim.Options)) *story {
	t.Helper()
	t.Parallel() // every story has its own namespace, simulator and processes
	options := simim.Options{
		SDKAppID: 1500000000 + appIDs.Add(1), SecretKey: secretKey, Administrators: []string{"administrator"},
	}
	for _, c := range change {
		c(&options)
	}
	sim := simim.New(options)
	server := httptest.NewServer(sim)
	t.Cleanup(func() { server.Close(); sim.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	c, err := client.New(env.Config("test"), client.Options{Scheme: scheme()})
	if err != nil {
		t.Fatal(err)
	}
	s := &story{WithT: NewWithT(t), t: t, ctx: ctx, namespace: env.Namespace(t), sim: sim, client: c,
		url: server.URL, sdkAppID: options.SDKAppID, directory: t.TempDir(),
	}
	s.SetDefaultEventuallyTimeout(patience)
	s.SetDefaultEventuallyPollingInterval(poll)
	return s
}

// control runs the controllers.
func (s *story) control() {
	s.t.Helper()
	options := controllers.ManagerOptions(scheme(), s.namespace)
	options.Metrics, options.HealthProbeBindAddress = metricsserver.Options{BindAddress: "0"}, "0"
	mgr, err := ctrl.NewManager(env.Config("controller-"+s.namespace), options)
	s.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(s.ctx)
	s.Expect(controllers.Setup(ctx, mgr, controllers.Options{Workers: 8, Namespaces: []string{s.namespace}, SkipNameValidation: true})).To(Succeed())
	s.run("controllers", cancel, func() error { return mgr.Start(ctx) })
}

// start runs a webhook; stopping it and starting another is a restart.
func (s *story) start() {
	s.t.Helper()
	s.metrics = prometheus.NewRegistry()
	address := s.startMember("webhook", journal.Options{Embedded: &journal.Embedded{Dir: s.directory}}, s.metrics)
	s.address = address
}

// startMember runs one replica and returns its address.
func (s *story) startMember(member string, options journal.Options, metrics prometheus.Registerer) string {
	s.t.Helper()
	managerOptions := webhook.ManagerOptions(scheme(), s.namespace)
	managerOptions.Metrics, managerOptions.HealthProbeBindAddress = metricsserver.Options{BindAddress: "0"}, "0"
	mgr, err := ctrl.NewManager(s.restricted(), managerOptions)
	s.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(s.ctx)
	address := make(chan string, 1)
	s.stop = s.run("webhook", cancel, func() error {
		return webhook.Run(ctx, mgr, webhook.Options{
			Address: "127.0.0.1:0", Member: member, Journal: options, Namespaces: []string{s.namespace},
			SharePercent: 50, CountEvery: 300 * time.Millisecond, Metrics: metrics, SkipNameValidation: true, Log: testLogger().WithValues("member", member),
		}, func(a string) { address <- a })
	})
	var at string
	s.Eventually(address).Should(Receive(&at))
	return at
}

// restricted is the webhook's configuration: it may do what the generated role
// grants, and nothing else.
func (s *story) restricted() *rest.Config {
	s.t.Helper()
	return env.Confined(s.t, "webhook-"+s.namespace, webhookUser, "config/webhook/base/role.yaml")
}

// run keeps a process until the story ends or the returned function is called.
func (s *story) run(name string, cancel context.CancelFunc, body func() error) func() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := body(); err != nil && s.ctx.Err() == nil {
			s.t.Errorf("%s: %v", name, err)
		}
	}()
	stop := func() { cancel(); <-done }
	s.t.Cleanup(stop)
	return stop
}

func (s *story) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: s.namespace, Name: name}
}

func (s *story) secret(name, key, value string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: s.meta(name), Data: map[string][]byte{key: []byte(value)}}
}

func (s *story) app() *imv1alpha1.ImApp {
	return &imv1alpha1.ImApp{ObjectMeta: s.meta("app"), Spec: imv1alpha1.ImAppSpec{
		SDKAppID: s.sdkAppID, Endpoint: s.url, Administrator: "administrator",
		CredentialsSecretRef: imv1alpha1.SecretReference{Name: "credentials"},
		Callbacks:            &imv1alpha1.Callbacks{TokenSecretRef: imv1alpha1.SecretReference{Name: "callback"}},
	}}
}

func (s *story) room(name string, change ...func(*imv1alpha1.LiveRoom)) *imv1alpha1.LiveRoom {
	announcement := "今晚八点，童装上新"
	room := &imv1alpha1.LiveRoom{ObjectMeta: s.meta(name), Spec: imv1alpha1.LiveRoomSpec{
		AppRef: imv1alpha1.AppReference{Name: "app"}, Type: imv1alpha1.RoomTypeAVChatRoom, GroupID: "live_" + name,
		Name: "童装直播间", Announcement: &announcement,
	}}
	for _, c := range change {
		c(room)
	}
	return room
}

// open creates a room and waits until it is in IM.
func (s *story) open(room *imv1alpha1.LiveRoom) *imv1alpha1.LiveRoom {
	s.t.Helper()
	s.create(room)
	s.Eventually(s.condition(room, imv1alpha1.ConditionReady)).Should(Equal("True AsDeclared"))
	// That it was created is no news of a room that is there.
	s.known("Group.CallbackAfterCreateGroup", body{"GroupId": room.GroupID(), "Type": "AVChatRoom", "EventTime": time.Now().UnixMilli()})
	return room
}

// known waits until the webhook's caches have what a callback is about.
func (s *story) known(command string, about body) {
	s.t.Helper()
	undeclared := func() float64 {
		families, err := s.metrics.Gather()
		s.Expect(err).NotTo(HaveOccurred())
		var total float64
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				for _, label := range metric.GetLabel() {
					if label.GetValue() == "undeclared" {
						total += metric.GetCounter().GetValue()
					}
				}
			}
		}
		return total
	}
	s.Eventually(func() bool {
		before := undeclared()
		s.Expect(s.call(command, about)).To(Equal(accepted))
		return undeclared() == before
	}).Should(BeTrue())
}

func (s *story) create(objects ...client.Object) {
	s.t.Helper()
	for _, obj := range objects {
		s.Expect(s.client.Create(s.ctx, obj)).To(Succeed())
	}
}

// condition reads a condition as "True AsDeclared".
func (s *story) condition(obj imv1alpha1.Object, name string) func() string {
	return func() string {
		current := obj.DeepCopyObject().(imv1alpha1.Object)
		if err := s.client.Get(s.ctx, client.ObjectKeyFromObject(obj), current); err != nil {
			return err.Error()
		}
		found := meta.FindStatusCondition(current.GetObjectStatus().Conditions, name)
		if found == nil || found.ObservedGeneration != current.GetGeneration() {
			return "not looked at"
		}
		return fmt.Sprintf("%s %s", found.Status, found.Reason)
	}
}

// update changes an object as a user would.
func update[O client.Object](s *story, obj O, change func(O)) {
	s.t.Helper()
	s.Eventually(func() error {
		if err := s.client.Get(s.ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
			return err
		}
		change(obj)
		return s.client.Update(s.ctx, obj)
	}).Should(Succeed())
}

func (s *story) callbackPath() string {
	app := s.app()
	if err := s.client.Get(s.ctx, client.ObjectKeyFromObject(app), app); err != nil {
		return ""
	}
	return app.Status.CallbackPath
}

// activity reads what status says about a room.
func (s *story) activity(room *imv1alpha1.LiveRoom) func() imv1alpha1.RoomActivity {
	return func() imv1alpha1.RoomActivity {
		current := room.DeepCopy()
		if err := s.client.Get(s.ctx, client.ObjectKeyFromObject(room), current); err != nil || current.Status.Activity == nil {
			return imv1alpha1.RoomActivity{}
		}
		activity := *current.Status.Activity
		activity.LastMessageTime = nil
		return activity
	}
}

// body of a callback.
type body map[string]any

// answer of the webhook.
type answer struct {
	Status          int `json:"-"`
	ActionStatus    string
	ErrorCode       int
	ErrorInfo       string
	MsgBody         json.RawMessage
	CloudCustomData *string
}

// call sends a callback as IM would, and returns the answer.
func (s *story) call(command string, b body) answer {
	s.t.Helper()
	got, err := s.send(s.address, command, b)
	s.Expect(err).NotTo(HaveOccurred())
	return got
}

func (s *story) send(address, command string, b body) (answer, error) {
	return s.sendTo(address, webhookim.Path([]byte(token), s.namespace, "app"), command, b)
}

func (s *story) sendTo(address, path, command string, b body) (answer, error) {
	b["CallbackCommand"] = command
	text, err := json.Marshal(b)
	if err != nil {
		return answer{}, err
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	query := url.Values{
		"SdkAppid": {strconv.FormatInt(s.sdkAppID, 10)}, "CallbackCommand": {command}, "contenttype": {"json"},
		"ClientIP": {"127.0.0.1"}, "OptPlatform": {"Web"}, "Sign": {webhookim.Sign([]byte(token), now)}, "RequestTime": {now},
	}
	target := "http://" + address + path + "?" + query.Encode()
	request, err := http.NewRequestWithContext(s.ctx, http.MethodPost, target, bytes.NewReader(text))
	if err != nil {
		return answer{}, err
	}
	response, err := sender.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	reply, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	got := answer{Status: response.StatusCode}
	return got, json.Unmarshal(reply, &got)
}

// accepted is the answer to a callback that is taken.
var accepted = answer{Status: http.StatusOK, ActionStatus: "OK"}

// text is a message with text, said now.
func text(room *imv1alpha1.LiveRoom, from, said string) body {
	return message(room, from, map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]any{"Text": said}})
}

// custom is a custom message, as gifts and likes are.
func custom(room *imv1alpha1.LiveRoom, from, event, ext string) body {
	return message(room, from, map[string]any{"MsgType": "TIMCustomElem", "MsgContent": map[string]any{"Data": event, "Ext": ext, "Desc": "", "Sound": ""}})
}

// sender waits for answers as long as IM does, and then some.
var sender = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}

var sequence atomic.Int64

func message(room *imv1alpha1.LiveRoom, from string, elements ...any) body {
	now := time.Now()
	return body{
		"GroupId": room.GroupID(), "Type": "AVChatRoom", "From_Account": from, "Operator_Account": from,
		"Random": rand.Uint32(), "MsgSeq": sequence.Add(1), "MsgTime": now.Unix(), "OnlineOnlyFlag": 0,
		"MsgBody": elements, "CloudCustomData": "", "EventTime": now.UnixMilli(),
	}
}

const (
	beforeSend = "Group.CallbackBeforeSendMsg"
	afterSend  = "Group.CallbackAfterSendMsg"
)
