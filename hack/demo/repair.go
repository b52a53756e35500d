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
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// prompt is how soon a change by others must be undone.
const prompt = 3 * time.Second

// repair lets another back end change an announcement.
func (d *demo) repair(ctx context.Context) error {
	const text = "全场一折，加群领取"
	note("Somebody else changes the announcement to %q.", text)
	changed := text
	took, err := d.undone(ctx, teaRoom, func() error {
		return d.im.call(ctx, http.MethodPatch, groupPath(teaRoom), simim.GroupChange{Notification: &changed, Platform: "RESTAPI"}, nil)
	})
	if err == nil {
		fmt.Printf("    as declared again after %.1fs: the callback told the operator\n", took.Seconds())
	}
	return err
}

// recreate lets another back end destroy a group.
func (d *demo) recreate(ctx context.Context) error {
	note("Somebody else destroys the group of the %s.", fruitRoom)
	took, err := d.undone(ctx, fruitRoom, func() error {
		return d.im.call(ctx, http.MethodDelete, groupPath(fruitRoom), nil, nil)
	})
	if err == nil {
		fmt.Printf("    made again, with all that is declared, after %.1fs\n", took.Seconds())
	}
	return err
}

// undone makes a change and returns how long it took until the group was as
// declared again. It fails if the change has no effect at all.
func (d *demo) undone(ctx context.Context, name string, change func() error) (time.Duration, error) {
	var room imv1alpha1.LiveRoom
	var shelf corev1.ConfigMap
	if err := d.read(ctx, name, &room); err != nil {
		return 0, err
	}
	if err := d.read(ctx, "shelf", &shelf); err != nil {
		return 0, err
	}
	group := func(ctx context.Context) (g simim.GroupState, err error) {
		groups, err := d.im.groups(ctx)
		for _, held := range groups {
			if held.GroupID == room.GroupID() {
				g = held
			}
		}
		return g, err
	}
	before, err := group(ctx)
	if err != nil {
		return 0, err
	}
	if err := change(); err != nil {
		return 0, err
	}
	took, err := d.await(ctx, "the change is undone", prompt, func(ctx context.Context) (string, error) {
		g, err := group(ctx)
		return compare(&room, shelf.Data, g), err
	})
	if err != nil {
		return 0, err
	}
	after, err := group(ctx)
	if err == nil && after.InfoSeq == before.InfoSeq && after.CreateTime == before.CreateTime {
		err = fmt.Errorf("the change of the %s had no effect", name)
	}
	return took, err
}

// appear lets an agent go online.
func (d *demo) appear(ctx context.Context) error {
	const agent = "agent-1"
	note("An agent goes online: kubectl get imaccounts.")
	online := simim.PresenceChange{State: "Online", Platforms: []simim.PlatformStatus{{Platform: "Web", Status: "Online"}}}
	if err := d.im.call(ctx, http.MethodPut, "accounts/"+agent+"/presence", online, nil); err != nil {
		return err
	}
	if _, err := d.await(ctx, "the agent is seen online", soon, func(ctx context.Context) (string, error) {
		var account imv1alpha1.ImAccount
		err := d.read(ctx, agent, &account)
		if account.Status.Presence == nil || account.Status.Presence.State != imv1alpha1.PresenceOnline {
			return "status.presence is not Online", err
		}
		return "", err
	}); err != nil {
		return err
	}
	return d.print(ctx, "get", "imaccounts")
}

// print shows what a call of kubectl prints.
func (d *demo) print(ctx context.Context, arguments ...string) error {
	output, err := d.plane.run(ctx, append([]string{"-n", namespace}, arguments...)...)
	for line := range strings.Lines(output) {
		fmt.Print("    " + line)
	}
	return err
}
