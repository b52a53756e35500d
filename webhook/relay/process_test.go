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
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// podEnv holds the options of a pod that is a process.
const podEnv = "RELAY_TEST_POD"

// TestMain also is the processes that tests start and kill.
func TestMain(m *testing.M) {
	for variable, program := range map[string]func(string) error{podEnv: servePod, nodeEnv: serveNode} {
		argument := os.Getenv(variable)
		if argument == "" {
			continue
		}
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(1) // who started it is gone
		}()
		if err := program(argument); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// process that a test has started.
type process struct {
	command    *exec.Cmd
	stdin      io.Closer
	complaints *strings.Builder // to be read when it has ended
	once       sync.Once
}

// startProcess runs a program of TestMain until the test ends. It tells what the
// program writes, too.
func startProcess(t *testing.T, variable, argument string) (*process, io.Reader) {
	t.Helper()
	g := NewWithT(t)
	p := &process{command: exec.Command(os.Args[0], "-test.run=^$"), complaints: &strings.Builder{}}
	// A race ends the process, which does not go unnoticed.
	p.command.Env = append(os.Environ(), variable+"="+argument, "GORACE=halt_on_error=1 "+os.Getenv("GORACE"))
	p.command.Stderr = p.complaints
	if os.Getenv("LIVEROOM_TEST_LOG") != "" {
		p.command.Stderr = os.Stderr
	}
	var err error
	p.stdin, err = p.command.StdinPipe()
	g.Expect(err).NotTo(HaveOccurred())
	out, err := p.command.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(p.command.Start()).To(Succeed())
	t.Cleanup(func() { p.kill() })
	return p, out
}

// kill is kill -9. It tells how the process ended, which is by that unless it had
// ended by itself.
func (p *process) kill() (how string) {
	p.once.Do(func() {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
		_ = p.stdin.Close()
	})
	return strings.TrimSpace(p.command.ProcessState.String() + " " + p.complaints.String())
}

// freePorts are below those that the system gives to whoever wants any, so that
// nobody takes them while a process is started again.
func freePorts(t *testing.T, count int) []string {
	t.Helper()
	var ports []string
	for range 1000 {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		l.Close()
		if ports = append(ports, port); len(ports) == count {
			return ports
		}
	}
	t.Fatal("there are no free ports")
	return nil
}

// figures are what a pod tells about its work.
type figures struct {
	// Owned partitions.
	Owned int
	// Unknown outcomes, as the status would tell them.
	Unknown int64
	Letters []deadLetter
	// Err is why they are not known.
	Err string
}

// deadLetter is what tests want to know of one.
type deadLetter struct {
	Cause          conversation.Cause
	Lane           conversation.Lane
	Customer, Text string
}

const figuresPath = "/figures"

// servePod is a pod that is a process.
func servePod(argument string) error {
	var options podOptions
	if err := json.Unmarshal([]byte(argument), &options); err != nil {
		return err
	}
	// A journal that another process has just left may take a moment to be free.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	p, err := openPod(ctx, options, quietly)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", options.Address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", p.handler)
	mux.HandleFunc(figuresPath, func(w http.ResponseWriter, r *http.Request) {
		now, err := p.figures(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(now)
	})
	server := &http.Server{Handler: mux}
	// What comes is taken before anything runs: what agents write until then is found
	// in the histories.
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	p.run()
	select {
	case err = <-failed:
	case err = <-p.ended:
	}
	return errors.Join(errors.New("the pod ended"), err)
}

func (p *pod) figures(ctx context.Context) (now figures, err error) {
	now.Unknown = p.relay.Traffic(accountUID).UnknownOutcomes
	for partition := range journal.Partitions {
		if p.relay.Owns(partition) {
			now.Owned++
		}
	}
	now.Letters, err = p.letters.all(ctx)
	return now, err
}

// told is what the pod tells of itself.
func (p *pod) told() figures {
	now, err := p.figures(context.Background())
	if err != nil {
		return figures{Err: err.Error()}
	}
	return now
}

// all dead letters.
func (l letters) all(ctx context.Context) ([]deadLetter, error) {
	all := []deadLetter{}
	for from := uint64(1); from > 0; {
		stored, next, err := l.List(ctx, journal.LetterFilter{Account: accountUID}, from, 100)
		if err != nil {
			return nil, err
		}
		for i := range stored {
			letter, err := conversation.DecodeLetter(stored[i].Data)
			if err != nil {
				return nil, err
			}
			one := deadLetter{Cause: letter.Cause, Lane: letter.Lane(), Customer: stored[i].Customer}
			if out := letter.Entry.Outbound; out != nil {
				one.Text = textOf(out.Body)
			} else {
				one.Text = letter.Entry.Inbound.Push.Content
			}
			all = append(all, one)
		}
		from = next
	}
	return all, nil
}

// askFigures of a pod that is a process.
func askFigures(address string) (now figures) {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + address + figuresPath)
	if err != nil {
		return figures{Err: err.Error()}
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(string(data))
	}
	if err == nil {
		err = json.Unmarshal(data, &now)
	}
	if err != nil {
		return figures{Err: err.Error()}
	}
	return now
}
