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

package controllers_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	"github.com/liveroom-io/liveroom-operator/internal/testenv"
)

const (
	// operatorAgent marks the operator's own calls to the API server.
	operatorAgent = "operator-under-test"
	secretKey     = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	patience      = 20 * time.Second
	poll          = 20 * time.Millisecond
	// operatorUser has the operator's role.
	operatorUser = "liveroom-operator"
)

var (
	env    = testenv.New()
	appIDs atomic.Int64
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(funcr.New(func(prefix, args string) {
		if os.Getenv("LIVEROOM_TEST_LOG") != "" {
			fmt.Fprintln(os.Stderr, prefix, args)
		}
	}, funcr.Options{}))
	os.Exit(testenv.Run(m, env))
}

// story is one application with a simulator, a namespace and a running operator
// of its own.
type story struct {
	*WithT
	t         *testing.T
	ctx       context.Context
	namespace string
	// others are further namespaces that the operator watches.
	others []string
	// clusterWide runs the operator as a cluster-wide installation, which may
	// read the labels of namespaces.
	clusterWide bool
	// electing runs the operator as one of several replicas.
	electing bool
	// clock of the operator; nil is the system's.
	clock clock.PassiveClock

	sim      *simim.Simulator
	client   client.Client
	server   *httptest.Server
	url      string
	sdkAppID int64
	stop     func()
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

// begin starts the operator for one namespace and applies an ImApp with good
// credentials. Options of the simulator may be changed before it starts.
func begin(t *testing.T, change ...func(*simim.Options)) *story {
	t.Helper()
	s := prepare(t, change...)
	s.start()
	s.create(s.secret(secretKey), s.app())
	return s
}

// prepare makes everything but the operator and the objects.
func prepare(t *testing.T, change ...func(*simim.Options)) *story {
	t.Helper()
	t.Parallel() // every story has its own namespace, simulator and operator
	options := simim.Options{
		SDKAppID: 1400000000 + appIDs.Add(1), SecretKey: secretKey, Administrators: []string{"administrator"},
		GroupFields: []simim.FieldDefinition{{Name: "add_goods"}, {Name: "room_status"}},
	}
	for _, c := range change {
		c(&options)
	}
	sim := simim.New(options)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	c, err := client.New(env.Config("test"), client.Options{Scheme: scheme()})
	if err != nil {
		t.Fatal(err)
	}
	s := &story{WithT: NewWithT(t), t: t, ctx: ctx, namespace: env.Namespace(t), sim: sim, client: c,
		server: server, url: server.URL, sdkAppID: options.SDKAppID,
	}
	s.SetDefaultEventuallyTimeout(patience)
	s.SetDefaultEventuallyPollingInterval(poll)
	return s
}

// start runs an operator; stopping it and starting another is a restart.
func (s *story) start() {
	s.t.Helper()
	options := managerOptions(append(s.others, s.namespace)...)
	if s.electing {
		options.LeaderElection, options.LeaderElectionReleaseOnCancel = true, true
		options.LeaderElectionID, options.LeaderElectionNamespace = controllers.LeaseName, s.namespace
	}
	mgr, err := ctrl.NewManager(s.restricted(), options)
	s.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(s.ctx)
	s.Expect(controllers.Setup(ctx, mgr, controllers.Options{
		Workers: 16, Namespaces: s.watched(), DriftSecond: 50 * time.Millisecond, SkipNameValidation: true, Clock: s.clock,
	})).To(Succeed())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := mgr.Start(ctx); err != nil && ctx.Err() == nil {
			s.t.Errorf("operator: %v", err)
		}
	}()
	s.stop = func() { cancel(); <-done }
	s.t.Cleanup(s.stop)
}

// watched are the namespaces that the operator watches; none means all.
func (s *story) watched() []string {
	if s.clusterWide {
		return nil
	}
	return append([]string{s.namespace}, s.others...)
}

// restricted is the operator's configuration: it may do what the generated role
// grants, and nothing else.
func (s *story) restricted() *rest.Config {
	s.t.Helper()
	return env.Confined(s.t, s.agent(), operatorUser, "config/rbac/role.yaml")
}

func (s *story) agent() string { return operatorAgent + "-" + s.namespace }

func (s *story) secret(key string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "credentials"},
		Data:       map[string][]byte{imv1alpha1.SecretKeyName: []byte(key)},
	}
}

func (s *story) app() *imv1alpha1.ImApp {
	seconds := int32(30)
	return &imv1alpha1.ImApp{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "app"},
		Spec: imv1alpha1.ImAppSpec{
			SDKAppID: s.sdkAppID, Endpoint: s.url, Administrator: "administrator",
			CredentialsSecretRef: imv1alpha1.SecretReference{Name: "credentials"}, DriftIntervalSeconds: &seconds,
		},
	}
}

func (s *story) room(name string, change ...func(*imv1alpha1.LiveRoomSpec)) *imv1alpha1.LiveRoom {
	announcement := "今晚八点，童装上新"
	room := &imv1alpha1.LiveRoom{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: imv1alpha1.LiveRoomSpec{
			AppRef: imv1alpha1.AppReference{Name: "app"}, Type: imv1alpha1.RoomTypeAVChatRoom, GroupID: "live_" + name,
			Name: "童装直播间", Announcement: &announcement,
		},
	}
	for _, c := range change {
		c(&room.Spec)
	}
	return room
}

func (s *story) create(objects ...client.Object) {
	s.t.Helper()
	for _, obj := range objects {
		s.Expect(s.client.Create(s.ctx, obj)).To(Succeed())
	}
}

// ready reads an object's Ready condition as "True AsDeclared".
func (s *story) ready(obj imv1alpha1.Object) func() string {
	return s.condition(obj, imv1alpha1.ConditionReady)
}

func (s *story) condition(obj imv1alpha1.Object, condition string) func() string {
	return func() string {
		current := obj.DeepCopyObject().(imv1alpha1.Object)
		if err := s.client.Get(s.ctx, client.ObjectKeyFromObject(obj.(client.Object)), current.(client.Object)); err != nil {
			return client.IgnoreNotFound(err).Error()
		}
		if current.GetObjectStatus().ObservedGeneration != current.GetGeneration() {
			return "not looked at"
		}
		found := meta.FindStatusCondition(current.GetObjectStatus().Conditions, condition)
		if found == nil {
			return "absent"
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

// gone reports whether an object does not exist any more.
func (s *story) gone(obj client.Object) func() bool {
	return func() bool {
		err := s.client.Get(s.ctx, client.ObjectKeyFromObject(obj), obj)
		return err != nil && client.IgnoreNotFound(err) == nil
	}
}

// managerOptions are production's, for one namespace and without endpoints.
func managerOptions(namespaces ...string) ctrl.Options {
	options := controllers.ManagerOptions(scheme(), namespaces...)
	options.Metrics = metricsserver.Options{BindAddress: "0"}
	options.HealthProbeBindAddress = "0"
	return options
}
