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
	// wechat is the endpoint of the simulated WeChat.
	wechat sideDoor
	// manifests and service are the kustomizations that name the simulators' endpoints.
	manifests, service    string
	simulator, controller *process
	webhook               *webhook
}

// start starts the simulator and both processes of the operator.
func (d *demo) start(ctx context.Context, folder string, programs programs) error {
	address, err := freeAddress(strings.TrimPrefix(sampleEndpoint, "http://"))
	if err != nil {
		return err
	}
	d.im = newSideDoor("http://" + address)
	if d.manifests, err = manifests(folder, "im", samples, "ImApp", sampleEndpoint, d.im.endpoint); err != nil {
		return err
	}
	wechat, err := freeAddress(strings.TrimPrefix(wechatEndpoint, "http://"))
	if err != nil {
		return err
	}
	d.wechat = newSideDoor("http://" + wechat)
	if d.service, err = manifests(folder, "wechat", service, "WeChatOfficialAccount", wechatEndpoint, d.wechat.endpoint); err != nil {
		return err
	}
	if d.simulator, err = start(ctx, folder, "simulator", programs.simulator, simulatorArguments(address, wechat)...); err != nil {
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
	fmt.Printf("simulated IM at %s and WeChat at %s, webhook at http://%s\nlogs: %s %s\n",
		d.im.endpoint, d.wechat.endpoint, d.webhook.address, d.controller.log, d.webhook.process.log)
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
