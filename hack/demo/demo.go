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
	"fmt"
	"strings"
)

// demo is what runs.
type demo struct {
	plane *plane
	im    sideDoor
	// wechat and live are the endpoints of the simulated WeChat and live streaming.
	wechat, live sideDoor
	// manifests and service are the kustomizations that name the simulators' endpoints.
	manifests, service    string
	simulator, controller *process
	webhook               *webhook
}

// start starts the simulator and both processes of the operator.
func (d *demo) start(ctx context.Context, folder string, programs programs) error {
	var addresses [3]string
	for i, sample := range []string{sampleEndpoint, wechatEndpoint, liveEndpoint} {
		var err error
		if addresses[i], err = freeAddress(strings.TrimPrefix(sample, "http://")); err != nil {
			return err
		}
	}
	d.im, d.wechat, d.live = newSideDoor("http://"+addresses[0]), newSideDoor("http://"+addresses[1]), newSideDoor("http://"+addresses[2])
	var err error
	d.manifests, err = manifests(folder, "im", samples, replacement{"ImApp", "/spec/endpoint", sampleEndpoint, d.im.endpoint},
		replacement{"ImApp", "/spec/live/apiEndpoint", liveEndpoint, d.live.endpoint}, replacement{"ImApp", "/spec/trtc/apiEndpoint", liveEndpoint, d.live.endpoint})
	if err != nil {
		return err
	}
	d.service, err = manifests(folder, "wechat", service, replacement{"WeChatOfficialAccount", "/spec/endpoint", wechatEndpoint, d.wechat.endpoint})
	if err != nil {
		return err
	}
	if d.simulator, err = start(ctx, folder, "simulator", programs.simulator, simulatorArguments(addresses[0], addresses[1], addresses[2])...); err != nil {
		return err
	}
	if d.controller, err = start(ctx, folder, "controller", programs.operator, "controller",
		"--kubeconfig="+d.plane.kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=0"); err != nil {
		return err
	}
	if d.webhook, err = newWebhook(folder, programs.operator, d.plane.kubeconfig); err != nil {
		return err
	}
	if err := d.webhook.start(ctx); err != nil {
		return err
	}
	if _, err := d.await(ctx, "the webhook becomes ready", webhookTimeout, d.webhook.unready); err != nil {
		return err
	}
	fmt.Printf("simulated IM at %s, WeChat at %s and live streaming at %s, webhook at http://%s\nlogs: %s %s\n",
		d.im.endpoint, d.wechat.endpoint, d.live.endpoint, d.webhook.address, d.controller.log, d.webhook.process.log)
	return nil
}

// stop ends what has been started, the simulator last.
func (d *demo) stop() {
	if d.webhook != nil && d.webhook.process != nil {
		d.webhook.process.stop()
	}
	for _, p := range []*process{d.controller, d.simulator} {
		if p != nil {
			p.stop()
		}
	}
}
