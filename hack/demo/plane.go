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

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// kubectlTimeout bounds one call of kubectl.
const kubectlTimeout = time.Minute

// plane is a real etcd and kube-apiserver with the kinds installed.
type plane struct {
	environment *envtest.Environment
	client      client.Client
	kubeconfig  string
	kubectl     string
}

func startPlane(ctx context.Context, folder string) (*plane, error) {
	ctrl.SetLogger(logr.Discard()) // what matters is printed
	p := &plane{kubectl: "kubectl"}
	arguments := []string{"run", "./hack/controlplane"}
	if _, err := exec.LookPath(p.kubectl); err != nil {
		arguments = append(arguments, "--with-kubectl")
		p.kubectl = ""
	}
	locate := exec.CommandContext(ctx, "go", arguments...)
	locate.Stderr = os.Stderr
	output, err := locate.Output()
	if err != nil {
		return nil, fmt.Errorf("getting the control plane: %w", err)
	}
	assets := strings.TrimSpace(string(output))
	if p.kubectl == "" {
		p.kubectl = filepath.Join(assets, "kubectl")
	}
	p.environment = &envtest.Environment{
		BinaryAssetsDirectory: assets, CRDDirectoryPaths: []string{"config/crd/bases"}, ErrorIfCRDPathMissing: true,
	}
	config, err := p.environment.Start()
	if err != nil {
		return nil, stopped(p, fmt.Errorf("starting the control plane: %w", err))
	}
	p.kubeconfig = filepath.Join(folder, "kubeconfig")
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, imv1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, stopped(p, err)
		}
	}
	if p.client, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return nil, stopped(p, err)
	}
	if err := os.WriteFile(p.kubeconfig, p.environment.KubeConfig, 0o600); err != nil {
		return nil, stopped(p, err)
	}
	fmt.Printf("kube-apiserver at %s\n", config.Host)
	return p, nil
}

func stopped(p *plane, err error) error {
	_ = p.stop() // the error at hand is the one to tell
	return err
}

func (p *plane) stop() error { return p.environment.Stop() }

// run calls kubectl and returns what it printed.
func (p *plane) run(ctx context.Context, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, kubectlTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, p.kubectl, append([]string{"--kubeconfig", p.kubeconfig}, arguments...)...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("kubectl %s: %w\n%s", strings.Join(arguments, " "), err, output.String())
	}
	return output.String(), nil
}
