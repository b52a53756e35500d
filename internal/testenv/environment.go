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

// Package testenv runs suites against a real etcd and kube-apiserver.
//
// A package declares its environments and hands them to Run in TestMain; plain
// `go test` is enough, because the binaries are found or made on the way:
//
//	var env = testenv.New()
//
//	func TestMain(m *testing.M) { os.Exit(testenv.Run(m, env)) }
//
// Every client of an environment is counted, so that a test can say how often a
// controller may write to the API server.
package testenv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// userAgent is what an environment's own requests carry, those of Namespace for one.
const userAgent = "testenv"

const (
	// startTimeout is generous because packages that are tested side by side
	// start their control planes at the same moment.
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
	callTimeout  = 30 * time.Second
)

// Environment is one etcd and one kube-apiserver with the project's CRDs. Its
// methods other than Stop may be called by several tests at once.
type Environment struct {
	settings settings
	counter  *Counter

	mu      sync.Mutex // held while starting or stopping
	plane   *envtest.Environment
	config  *rest.Config
	private client.Client
}

type settings struct {
	crdPaths    []string // empty: config/crd/bases of the checkout
	withoutCRDs bool
	optional    bool
	flags       [][2]string
}

// Option changes how an environment is set up.
type Option func(*settings)

// WithCRDs installs the CRDs of these files or directories in place of the
// project's own.
func WithCRDs(paths ...string) Option {
	return func(s *settings) { s.crdPaths = append(s.crdPaths, paths...) }
}

// WithoutCRDs installs none.
func WithoutCRDs() Option {
	return func(s *settings) { s.withoutCRDs = true }
}

// WithOptionalCRDs makes a CRD path that does not exist no error, which it is
// otherwise: a suite without its kinds fails later and less clearly.
func WithOptionalCRDs() Option {
	return func(s *settings) { s.optional = true }
}

// WithAPIServerFlag sets one flag of kube-apiserver, named without dashes.
func WithAPIServerFlag(name, value string) Option {
	return func(s *settings) { s.flags = append(s.flags, [2]string{name, value}) }
}

// New describes an environment without starting it: Run and Start do that.
func New(options ...Option) *Environment {
	environment := &Environment{counter: NewCounter()}
	for _, option := range options {
		option(&environment.settings)
	}
	return environment
}

// Start starts an environment of one test and stops it when the test ends.
// Starting takes some seconds: tests of one package share one through Run.
func Start(tb testing.TB, options ...Option) *Environment {
	tb.Helper()
	environment := New(options...)
	if err := environment.Start(); err != nil {
		tb.Fatalf("starting the control plane: %v", err)
	}
	tb.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			tb.Errorf("stopping the control plane: %v", err)
		}
	})
	return environment
}

// Start starts the control plane and installs the CRDs. It returns an error when
// the binaries can neither be found nor made, when they do not come up within a
// minute, or when a CRD is refused; nothing is left running then.
func (e *Environment) Start() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.plane != nil {
		return errors.New("already started")
	}
	if !alive.add(e) {
		return errors.New("interrupted")
	}
	err := e.start()
	if err != nil {
		alive.remove(e)
	}
	return err
}

func (e *Environment) start() error {
	plane, err := e.settings.plane()
	if err != nil {
		return err
	}
	config, err := plane.Start()
	if err != nil {
		return errors.Join(err, plane.Stop())
	}
	// No limit on the client's side: tests measure controllers, not a limiter.
	config.QPS = -1
	config.WrapTransport = e.counter.Wrap
	private, err := client.New(named(config, userAgent), client.Options{})
	if err != nil {
		return errors.Join(fmt.Errorf("making a client: %w", err), plane.Stop())
	}
	e.plane, e.config, e.private = plane, config, private
	return nil
}

// plane turns the settings into what envtest starts.
func (s settings) plane() (*envtest.Environment, error) {
	directory, err := assets()
	if err != nil {
		return nil, err
	}
	plane := &envtest.Environment{
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
	}
	// Explicit paths, because envtest would prefer KUBEBUILDER_ASSETS even where
	// it was found to be incomplete.
	plane.ControlPlane.Etcd = &envtest.Etcd{Path: filepath.Join(directory, "etcd")}
	server := plane.ControlPlane.GetAPIServer()
	server.Path = filepath.Join(directory, "kube-apiserver")
	// Without a grace period the server lets open watches keep it for a minute.
	server.Configure().Set("shutdown-watch-termination-grace-period", "1s")
	for _, flag := range s.flags {
		server.Configure().Set(flag[0], flag[1])
	}
	if s.withoutCRDs {
		return plane, nil
	}
	plane.CRDDirectoryPaths, err = s.crds()
	return plane, err
}

// crds returns the paths to install from. What is missing is reported here, as
// envtest would look only once the control plane runs.
func (s settings) crds() ([]string, error) {
	paths := s.crdPaths
	if len(paths) == 0 {
		root, err := ModuleRoot()
		if err != nil {
			return nil, err
		}
		paths = []string{filepath.Join(root, "config", "crd", "bases")}
	}
	if s.optional {
		return paths, nil
	}
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("finding the CRDs (make manifests writes them): %w", err)
		}
	}
	return paths, nil
}

// Stop ends the control plane and waits for its processes. Stopping what was
// never started, or twice, does nothing.
func (e *Environment) Stop() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.plane == nil {
		return nil
	}
	plane := e.plane
	e.plane = nil
	// Last, so that an interrupt waits for a stop that is under way.
	defer alive.remove(e)
	return plane.Stop()
}

// Config returns an administrator's configuration whose requests carry the user
// agent, by which they are counted apart. The caller owns the copy.
func (e *Environment) Config(userAgent string) *rest.Config {
	return named(e.config, userAgent)
}

func named(config *rest.Config, userAgent string) *rest.Config {
	own := rest.CopyConfig(config)
	own.UserAgent = userAgent
	return own
}

// Kubeconfig returns the same access as the content of a kubeconfig file, for
// programs of their own. What they send is not counted.
func (e *Environment) Kubeconfig() []byte { return e.plane.KubeConfig }

// Requests counts what the clients made from Config have sent.
func (e *Environment) Requests() *Counter { return e.counter }

// Namespace makes a namespace of the test's own and returns its name. It stays
// until the environment ends: there is no controller that would empty it, and a
// fresh name keeps tests apart, also those of `go test -count`.
func (e *Environment) Namespace(tb testing.TB) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespaceName(tb.Name(), rand.Text())}}
	if err := e.private.Create(ctx, namespace); err != nil {
		tb.Fatalf("making a namespace: %v", err)
	}
	return namespace.Name
}

// namespaceName makes a DNS label from a test's name and a random text.
func namespaceName(test, random string) string {
	const longest, suffix = 40, 8
	label := strings.Map(func(letter rune) rune {
		if letter >= 'a' && letter <= 'z' || letter >= '0' && letter <= '9' {
			return letter
		}
		return '-'
	}, strings.ToLower(test))
	if len(label) > longest {
		label = label[:longest]
	}
	return strings.Trim(label, "-") + "-" + strings.ToLower(random[:suffix])
}

// assets finds the binaries once for each test process.
var assets = sync.OnceValues(func() (string, error) {
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	return locate(os.Getenv("KUBEBUILDER_ASSETS"), root)
})
