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
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	. "github.com/onsi/gomega"
)

const (
	// nodeEnv holds the options of a node of a cluster.
	nodeEnv      = "RELAY_TEST_NODE"
	clusterNodes = 3
)

type nodeOptions struct {
	Name, Dir string
	// Ports of the routes of all nodes, its own first.
	Ports []string
}

// serveNode is a node of a cluster.
func serveNode(argument string) error {
	var options nodeOptions
	if err := json.Unmarshal([]byte(argument), &options); err != nil {
		return err
	}
	o := &server.Options{
		ServerName: options.Name, StoreDir: options.Dir, Host: "127.0.0.1", Port: server.RANDOM_PORT,
		JetStream: true, JetStreamMaxStore: 4 << 30, JetStreamMaxMemory: 64 << 20, NoSigs: true,
		Cluster: server.ClusterOpts{Name: "relay", Host: "127.0.0.1", ConnectRetries: 100},
	}
	for i, port := range options.Ports { // all nodes, this one as well: their number is that of the votes
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

// startCluster runs three nodes until the test ends, and returns the URL of all.
func startCluster(t *testing.T) string {
	t.Helper()
	g := NewWithT(t)
	ports := freePorts(t, clusterNodes)
	var outs []*bufio.Reader
	for i := range clusterNodes {
		argument, err := json.Marshal(nodeOptions{
			Name: "node-" + strconv.Itoa(i), Dir: t.TempDir(), Ports: slices.Concat(ports[i:], ports[:i]),
		})
		g.Expect(err).NotTo(HaveOccurred())
		_, out := startProcess(t, nodeEnv, string(argument))
		outs = append(outs, bufio.NewReader(out))
	}
	var urls []string
	for _, out := range outs {
		line, err := out.ReadString('\n')
		g.Expect(err).NotTo(HaveOccurred())
		urls = append(urls, strings.TrimSpace(line))
	}
	return strings.Join(urls, ",")
}
