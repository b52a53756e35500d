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
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"time"
)

// watchIndent sets the rows of a watch apart from what happens meanwhile.
const watchIndent = "    | "

// watch prints what kubectl get -w prints while something else is done.
func (d *demo) watch(ctx context.Context, kind string, do func(context.Context) error) (err error) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	command := exec.CommandContext(watching, d.plane.kubectl, "--kubeconfig", d.plane.kubeconfig, "-n", namespace, "get", kind, "-w")
	rows, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("watching: %w", err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("watching: %w", err)
	}
	printed, begun := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(printed)
		scanner := bufio.NewScanner(rows)
		for first := true; scanner.Scan(); first = false {
			fmt.Println(watchIndent + scanner.Text())
			if first {
				close(begun)
			}
		}
	}()
	defer func() {
		stop()
		<-printed
		_ = command.Wait() // it says that it was stopped
	}()
	select {
	case <-begun:
	case <-printed:
		return fmt.Errorf("kubectl get %s -w ended at once", kind)
	case <-time.After(kubectlTimeout):
		return fmt.Errorf("kubectl get %s -w printed nothing", kind)
	}
	return do(ctx)
}
