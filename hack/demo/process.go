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
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// stopPatience is how long a program may take to end when it is asked to.
const stopPatience = 15 * time.Second

// tailBytes is how much of a log is shown when something went wrong.
const tailBytes = 4 << 10

type programs struct{ operator, simulator string }

func build(ctx context.Context, folder string) (programs, error) {
	p := programs{operator: filepath.Join(folder, "liveroom-operator"), simulator: filepath.Join(folder, "simulator")}
	for _, target := range []struct{ output, source string }{{p.operator, "."}, {p.simulator, "./hack/simulator"}} {
		command := exec.CommandContext(ctx, "go", "build", "-o", target.output, target.source)
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		if err := command.Run(); err != nil {
			return p, fmt.Errorf("building %s: %w", target.source, err)
		}
	}
	return p, nil
}

func simulatorArguments(address, wechat, live string) []string {
	arguments := []string{
		"--im-addr=" + address, "--sdk-app-id=" + sdkAppID, "--secret-key=" + secretKey,
		"--administrator=administrator", "--field-delay=" + fieldDelay.String(),
		"--wechat-addr=" + wechat, "--wechat-app-id=" + wechatAppID, "--wechat-secret=" + wechatSecret,
		"--wechat-token=" + wechatToken, "--wechat-encoding-aes-key=" + wechatKey,
		"--live-addr=" + live, "--live-push-key=" + livePushKey, "--live-playback-key=" + livePlaybackKey, "--live-biz-id=8888",
		"--live-secret-id=" + liveSecretID, "--live-secret-key=" + liveSecretKey,
	}
	for _, field := range []string{"add_goods", "add_gift", "room_status"} {
		arguments = append(arguments, "--group-field="+field+":AVChatRoom")
	}
	return arguments
}

// anyAddress is a port that the system chooses.
const anyAddress = "127.0.0.1:0"

// freeAddress prefers an address, and takes any port when it is in use.
func freeAddress(wanted string) (string, error) {
	for _, address := range []string{wanted, anyAddress} {
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
		if err != nil {
			continue
		}
		found := listener.Addr().String()
		return found, listener.Close()
	}
	return "", fmt.Errorf("no free port on 127.0.0.1")
}

// process is a child of the demo, with its output in a file.
type process struct {
	name    string
	command *exec.Cmd
	log     string
	// ended is closed when the program has ended; err says how.
	ended chan struct{}
	err   error
}

// start starts a program under a name of its own. One that is started again
// goes on in the same log.
func start(ctx context.Context, folder, name, program string, arguments ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(folder, name+".log"), ended: make(chan struct{})}
	output, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	p.command = exec.CommandContext(context.WithoutCancel(ctx), program, arguments...)
	p.command.Stdout, p.command.Stderr = output, output
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the %s: %w", name, err), output.Close())
	}
	go func() {
		p.err = errors.Join(p.command.Wait(), output.Close())
		close(p.ended)
	}()
	return p, nil
}

// stop asks the program to end, and insists after a while.
func (p *process) stop() {
	// A program that is gone already cannot be asked, and need not be.
	if p.command.Process.Signal(syscall.SIGTERM) != nil {
		return
	}
	select {
	case <-p.ended:
	case <-time.After(stopPatience):
		p.kill()
	}
}

// kill ends the program without asking it, as kill -9 does.
func (p *process) kill() {
	if p.command.Process.Kill() == nil {
		<-p.ended
	}
}

// tail is the end of the log, as an error to print with another.
func (p *process) tail() error {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err
	}
	return fmt.Errorf("end of %s:\n%s", filepath.Base(p.log), text[max(0, len(text)-tailBytes):])
}
