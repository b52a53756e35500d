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

// Command simulator runs the simulators of the providers as servers, for the
// demo and for trying the operator by hand.
//
//	go run ./hack/simulator --im-addr 127.0.0.1:18090 --sdk-app-id 1400000001 \
//	    --secret-key <key> --administrator administrator --group-field add_goods:AVChatRoom
//
// Live streaming (CSS and TRTC) is beside it, with a side door for hosts and viewers:
//
//	go run ./hack/simulator --im-addr 127.0.0.1:18090 --sdk-app-id 1400000001 --secret-key <key> \
//	    --live-addr 127.0.0.1:18092 --live-push-key <key> --live-callback-url http://127.0.0.1:8080/live/<ns>/<app> \
//	    --live-callback-key <key> --live-secret-id <id> --live-secret-key <key>
//	curl http://127.0.0.1:18092/sim/push -d '{"url": "rtmp://push.example.com/live/show?txSecret=...&txTime=..."}'
//	curl http://127.0.0.1:18092/sim/stop -d '{"streamName": "show"}'
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run()) }

// run runs the command until it is told to stop, and returns the exit code.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		return 1
	}
	return 0
}

// simulated is one provider that the program can simulate. Its flags are
// bound before, its listeners made after the command line was read.
type simulated interface {
	// listener returns where and what to serve, or nil when it is not asked
	// for.
	listener() (*listener, error)
}

// newCommand builds the command with the flags of every simulator.
func newCommand() *cobra.Command {
	var server serverFlags
	command := &cobra.Command{
		Use:           "simulator",
		Short:         "Simulate the providers that the operator works with",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	server.bind(command)
	chat, streams := newIMFlags(command), newLiveFlags(command)
	simulators := []simulated{chat, newWeChatFlags(command), streams}
	command.RunE = func(command *cobra.Command, _ []string) error {
		streams.with(chat.options.SDKAppID, chat.options.SecretKey)
		var listeners []*listener
		for _, simulator := range simulators {
			listener, err := simulator.listener()
			if err != nil {
				return err
			}
			if listener != nil {
				listeners = append(listeners, listener)
			}
		}
		return server.serve(command.Context(), command.OutOrStdout(), listeners)
	}
	return command
}
