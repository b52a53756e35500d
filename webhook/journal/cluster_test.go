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

package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	. "github.com/onsi/gomega"
)

const (
	// nodeEnv holds the name, the directory, and the ports of all nodes, its own first.
	nodeEnv      = "JOURNAL_TEST_NODE"
	clusterNodes = 3
)

// serveUntilKilled is a node of a cluster.
func serveUntilKilled(argument string) error {
	fields := strings.Split(argument, ",")
	o := &server.Options{
		ServerName: fields[0], StoreDir: fields[1], Host: "127.0.0.1", Port: server.RANDOM_PORT,
		JetStream: true, JetStreamMaxStore: 4 << 30, JetStreamMaxMemory: 64 << 20, NoSigs: true,
		Cluster: server.ClusterOpts{Name: "journal", Host: "127.0.0.1", ConnectRetries: 100},
	}
	for i, port := range fields[2:] { // all nodes, this one as well: their number is that of the votes
		u, err := url.Parse("nats://127.0.0.1:" + port)
		if err != nil {
			return err
		}
		o.Routes = append(o.Routes, u)
		if i == 0 {
			if o.Cluster.Port, err = strconv.Atoi(port); err != nil {
				return err
			}
		}
	}
	ns, err := server.NewServer(o)
	if err != nil {
		return err
	}
	ns.Start()
	if !ns.ReadyForConnections(20 * time.Second) {
		return errors.New("the node did not start")
	}
	if _, err := fmt.Fprintln(os.Stdout, ns.ClientURL()); err != nil {
		return err
	}
	ns.WaitForShutdown()
	return nil
}

type node struct {
	name, url string
	process   *exec.Cmd
	once      sync.Once
}

func (n *node) kill() {
	n.once.Do(func() {
		_ = n.process.Process.Kill()
		_ = n.process.Wait()
	})
}

// routePorts are free ports. They are below those that the system gives to
// whoever wants any, so that nobody takes them meanwhile.
func routePorts(t *testing.T) []string {
	t.Helper()
	var ports []string
	for range 1000 {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		l.Close()
		if ports = append(ports, port); len(ports) == clusterNodes {
			return ports
		}
	}
	t.Fatal("there are no free ports")
	return nil
}

func startCluster(t *testing.T) []*node {
	t.Helper()
	g := NewWithT(t)
	ports := routePorts(t)
	var nodes []*node
	var outs []*bufio.Reader
	for i := range clusterNodes {
		n := &node{name: "node-" + strconv.Itoa(i)}
		n.process = exec.Command(os.Args[0], "-test.run=^$")
		arguments := append([]string{n.name, t.TempDir(), ports[i]}, slices.Concat(ports[:i], ports[i+1:])...)
		n.process.Env = append(os.Environ(), nodeEnv+"="+strings.Join(arguments, ","))
		n.process.Stderr = os.Stderr
		out, err := n.process.StdoutPipe()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(n.process.Start()).To(Succeed())
		t.Cleanup(n.kill)
		nodes, outs = append(nodes, n), append(outs, bufio.NewReader(out))
	}
	for i, n := range nodes {
		line, err := outs[i].ReadString('\n')
		g.Expect(err).NotTo(HaveOccurred())
		n.url = strings.TrimSpace(line)
	}
	return nodes
}

// TestClusterLosesNode kills the node that leads a stream, under load on two logs,
// with two members folding. Whatever was confirmed is counted once, in order.
func TestClusterLosesNode(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	nodes := startCluster(t)
	urls := make([]string, len(nodes))
	for i, n := range nodes {
		urls[i] = n.url
	}
	open := func() *Journal {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		j, err := Open(ctx, Options{
			External: &External{URL: strings.Join(urls, ",")},
			Events:   EventLimits{MaxBytes: 128 << 20}, StateMaxBytes: 64 << 20,
		})
		g.Expect(err).NotTo(HaveOccurred())
		t.Cleanup(func() { closeJournal(t, j) })
		return j
	}
	type clusterLog struct {
		a, b           *Journal
		ownerA, ownerB *running
	}
	owned := func(l *clusterLog) int { return len(l.ownerA.Partitions()) + len(l.ownerB.Partitions()) }
	a, b := open(), open()
	logs := []*clusterLog{{a: a, b: b}, {a: join(t, a), b: join(t, b)}}
	for _, l := range logs {
		o := OwnerOptions{Heartbeat: 200 * time.Millisecond, FlushInterval: 100 * time.Millisecond}
		l.ownerA, l.ownerB = runOwner(t, l.a, "a", newTallying(), o), runOwner(t, l.b, "b", newTallying(), o)
	}
	for _, l := range logs {
		g.Eventually(owned).WithArguments(l).WithTimeout(20 * time.Second).Should(Equal(Partitions))
	}

	const writers, each, lossAt = 8, 150, 300
	var confirmed atomic.Int64
	lost := make(chan struct{})
	var writing sync.WaitGroup
	for writer := range writers {
		l := logs[writer/2%2]
		j := []*Journal{l.a, l.b}[writer%2]
		writing.Go(func() {
			for n := 1; n <= each; n++ {
				// As a provider that is told of a failure, and tries again.
				for {
					_, err := j.Append(t.Context(), killParcel(writer, n).entry())
					if err == nil {
						break
					}
					if t.Context().Err() != nil {
						return
					}
				}
				if confirmed.Add(1) == lossAt {
					close(lost)
				}
			}
		})
	}
	<-lost
	info, err := a.events.Info(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	for _, n := range nodes {
		if n.name == info.Cluster.Leader {
			n.kill()
		}
	}
	writing.Wait()
	g.Expect(confirmed.Load()).To(Equal(int64(writers * each)))

	for i, l := range logs {
		g.Eventually(func(g Gomega) {
			info, err := l.a.events.Info(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(owned(l)).To(Equal(Partitions))
			for _, o := range []*running{l.ownerA, l.ownerB} {
				g.Expect(o.Position()).To(Equal(info.State.LastSeq))
				g.Expect(o.Flush(t.Context())).To(Succeed())
			}
		}).WithTimeout(40 * time.Second).WithPolling(50 * time.Millisecond).Should(Succeed())
		wrote := func(writer int) bool { return writer/2%2 == i }
		g.Expect(storedTallies(t, l.a, "room")).To(Equal(tallies(writers, each, wrote, func(p parcel) string { return p.Room })))
		g.Expect(storedTallies(t, l.b, "user")).To(Equal(tallies(writers, each, wrote, func(p parcel) string { return p.User })))
	}
}

// expectedTallies are those of writers that wrote their parcels once, in order.
func expectedTallies(writers, each int, name func(parcel) string) map[string]*tally {
	return tallies(writers, each, func(int) bool { return true }, name)
}

// tallies are those of some of the writers.
func tallies(writers, each int, wrote func(writer int) bool, name func(parcel) string) map[string]*tally {
	all := map[string]*tally{}
	for writer := range writers {
		if !wrote(writer) {
			continue
		}
		for n := 1; n <= each; n++ {
			p := killParcel(writer, n)
			if all[name(p)] == nil {
				all[name(p)] = newTally()
			}
			all[name(p)].add(p)
		}
	}
	return all
}
