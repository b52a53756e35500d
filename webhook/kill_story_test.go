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
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/level"
)

// childEnv makes the test binary a webhook that others can kill.
const childEnv = "LIVEROOM_TEST_WEBHOOK"

// child is what such a webhook is told.
type child struct{ Kubeconfig, Namespace, Member, Directory, URL string }

// runChild serves until it is killed.
func runChild(text string) error {
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	options := webhook.ManagerOptions(scheme(), c.Namespace)
	options.Metrics, options.HealthProbeBindAddress = metricsserver.Options{BindAddress: "0"}, "0"
	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return err
	}
	where := journal.Options{Embedded: &journal.Embedded{Dir: c.Directory}}
	if c.URL != "" {
		where = journal.Options{External: &journal.External{URL: c.URL}}
	}
	return webhook.Run(context.Background(), mgr, webhook.Options{
		Address: "127.0.0.1:0", Member: c.Member, Journal: where, Namespaces: []string{c.Namespace}, SharePercent: 50,
		Metrics: prometheus.NewRegistry(), Log: testLogger(),
	}, func(address string) { _, _ = fmt.Fprintln(os.Stdout, address) })
}

// killable is a webhook in a process of its own.
type killable struct {
	address string
	process *exec.Cmd
	once    sync.Once
}

func (k *killable) kill() {
	k.once.Do(func() {
		_ = k.process.Process.Kill()
		_ = k.process.Wait() // it says that it was killed
	})
}

// spawn starts a webhook that can be killed.
func (s *story) spawn(c child) *killable {
	s.t.Helper()
	c.Namespace, c.Kubeconfig = s.namespace, filepath.Join(s.t.TempDir(), "kubeconfig")
	s.Expect(os.WriteFile(c.Kubeconfig, env.Kubeconfig(), 0o600)).To(Succeed())
	text, err := json.Marshal(c)
	s.Expect(err).NotTo(HaveOccurred())
	k := &killable{process: exec.Command(os.Args[0])}
	k.process.Env = append(os.Environ(), childEnv+"="+string(text))
	k.process.Stderr = os.Stderr
	out, err := k.process.StdoutPipe()
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(k.process.Start()).To(Succeed())
	s.t.Cleanup(k.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	s.Expect(err).NotTo(HaveOccurred())
	k.address = strings.TrimSpace(line)
	return k
}

// crowd sends messages until each is accepted.
type crowd struct {
	s        *story
	room     *imv1alpha1.LiveRoom
	targets  func(n int) string
	stopping atomic.Bool
	accepted atomic.Int64
	running  sync.WaitGroup

	mu    sync.Mutex
	users map[string]int64
}

// gather starts users who write one message after the other.
func (s *story) gather(room *imv1alpha1.LiveRoom, users int, targets func(n int) string) *crowd {
	c := &crowd{s: s, room: room, targets: targets, users: map[string]int64{}}
	for i := range users {
		c.running.Go(func() { c.talk("user" + strconv.Itoa(i)) })
	}
	return c
}

func (c *crowd) talk(user string) {
	for n := 0; !c.stopping.Load(); n++ {
		said := text(c.room, user, "hello")
		for try := 0; ; try++ {
			got, err := c.s.send(c.targets(n+try), afterSend, said)
			if err == nil && got.Status == http.StatusOK && got.ErrorCode == 0 {
				break
			}
			select { // as a sender pauses
			case <-c.s.ctx.Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
		c.accepted.Add(1)
		c.mu.Lock()
		c.users[user]++
		c.mu.Unlock()
	}
}

// reach waits until so many more messages were accepted.
func (c *crowd) reach(more int64) {
	c.s.t.Helper()
	goal := c.accepted.Load() + more
	c.s.Eventually(c.accepted.Load).Should(BeNumerically(">=", goal))
}

func (c *crowd) stop() {
	c.stopping.Store(true)
	c.running.Wait()
}

// points reads what a journal holds of users, until it is as expected.
func (s *story) expectPoints(options journal.Options, policy *imv1alpha1.UserLevelPolicy, expected map[string]int64) {
	s.t.Helper()
	j, err := journal.Open(s.ctx, options)
	s.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(s.ctx)
	var mu sync.Mutex
	points := map[string]int64{}
	var watching sync.WaitGroup
	watching.Go(func() {
		j.Watch(ctx, fold.User, func(key journal.StateKey, data []byte, _ bool) {
			user, err := level.LoadUser(data)
			if err != nil || user.Standings[string(policy.UID)] == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			points[strings.TrimPrefix(key.Name, strconv.FormatInt(s.sdkAppID, 10)+"/")] = user.Standings[string(policy.UID)].Points
		})
	})
	s.Eventually(func() map[string]int64 {
		mu.Lock()
		defer mu.Unlock()
		copied := map[string]int64{}
		for user, n := range points {
			copied[user] = n
		}
		return copied
	}).Should(Equal(expected))
	cancel()
	watching.Wait()
	s.Expect(j.Close(s.ctx)).To(Succeed())
}

// score declares a policy that gives a point for each message.
func (s *story) score() *imv1alpha1.UserLevelPolicy {
	s.t.Helper()
	policy := s.levels("points", func(p *imv1alpha1.UserLevelPolicySpec) {
		p.Scoring = []imv1alpha1.ScoringRule{{Name: "chat", Match: imv1alpha1.ScoringMatchText, Points: pointer(int32(1))}}
		p.Levels, p.Announcement = []imv1alpha1.UserLevel{{Level: 1, Points: 1_000_000}}, nil
	})
	s.create(policy)
	s.Eventually(s.condition(policy, imv1alpha1.ConditionReady)).Should(Equal("True InForce"))
	return policy
}

func TestNothingAnsweredIsLostOrCountedTwiceWhenKilled(t *testing.T) {
	const rounds, each = 3, 300
	s := begin(t)
	room, policy := s.open(s.room("kids")), s.score()
	s.stop()
	where := child{Member: "webhook", Directory: s.directory}
	var current atomic.Pointer[killable]
	current.Store(s.spawn(where))
	people := s.gather(room, 8, func(int) string { return current.Load().address })
	for range rounds {
		people.reach(each)
		current.Load().kill()
		current.Store(s.spawn(where))
	}
	people.reach(each)
	people.stop()
	s.Eventually(s.activity(room)).Should(And(HaveField("Messages", people.accepted.Load()), HaveField("Senders", int64(8))))
	current.Load().kill()
	s.expectStored(policy, people.users, where)
}

// expectStored lets a webhook fold what is left, stops it, and looks into its journal.
func (s *story) expectStored(policy *imv1alpha1.UserLevelPolicy, users map[string]int64, where child) {
	s.t.Helper()
	s.directory = where.Directory
	s.start()
	s.stop()
	s.expectPoints(journal.Options{Embedded: &journal.Embedded{Dir: where.Directory}}, policy, users)
}

// cluster starts three servers that keep copies of everything.
func (s *story) cluster() (string, []*server.Server) {
	s.t.Helper()
	var ports []int
	for range 3 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		s.Expect(err).NotTo(HaveOccurred())
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
		s.Expect(listener.Close()).To(Succeed())
	}
	var routes []*url.URL
	for _, port := range ports {
		routes = append(routes, &url.URL{Scheme: "nats", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))})
	}
	var urls []string
	var nodes []*server.Server
	for i, port := range ports {
		node, err := server.NewServer(&server.Options{
			ServerName: "node-" + strconv.Itoa(i), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: s.t.TempDir(), JetStreamMaxStore: 16 << 30, JetStreamMaxMemory: 64 << 20,
			Cluster: server.ClusterOpts{Name: "journal", Host: "127.0.0.1", Port: port}, Routes: routes,
		})
		s.Expect(err).NotTo(HaveOccurred())
		node.Start()
		s.t.Cleanup(func() { node.Shutdown(); node.WaitForShutdown() })
		nodes = append(nodes, node)
	}
	for _, node := range nodes {
		s.Expect(node.ReadyForConnections(20 * time.Second)).To(BeTrue())
		urls = append(urls, node.ClientURL())
	}
	return strings.Join(urls, ","), nodes
}

func TestReplicasOnAClusterSurviveTheLossOfOneEach(t *testing.T) {
	const each = 300
	s := begin(t)
	room, policy := s.open(s.room("kids")), s.score()
	s.stop()
	servers, nodes := s.cluster()
	first, second := s.spawn(child{Member: "first", URL: servers}), s.spawn(child{Member: "second", URL: servers})
	both := []string{first.address, second.address}
	people := s.gather(room, 8, func(n int) string { return both[n%len(both)] })
	people.reach(each)
	nodes[0].Shutdown()
	people.reach(each)
	first.kill()
	people.reach(each)
	people.stop()
	s.Eventually(s.activity(room), time.Minute).Should(And(HaveField("Messages", people.accepted.Load()), HaveField("Senders", int64(8))))
	s.expectPoints(journal.Options{External: &journal.External{URL: servers}}, policy, people.users)
}

var errChild = errors.New("the webhook under test has ended")
