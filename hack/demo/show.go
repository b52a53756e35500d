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
	"sort"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

const (
	// look is the time between two looks at a state that is waited for.
	look = 50 * time.Millisecond
	// samplesCount is how many objects of the operator's kinds the samples have.
	samplesCount = 13
)

// show applies the samples, tells what happens, and prints the result.
func (d *demo) show(ctx context.Context) error {
	heading("kubectl apply --server-side -k " + samples)
	output, err := d.apply(ctx)
	if err != nil {
		return err
	}
	fmt.Print(output)
	heading("What happens")
	if err := d.follow(ctx); err != nil {
		return err
	}
	heading("kubectl get imapps,imaccounts,groupcustomfields,liverooms,moderationpolicies,userlevelpolicies --all-namespaces")
	for _, kind := range []string{"imapps", "imaccounts", "groupcustomfields", "liverooms", "moderationpolicies", "userlevelpolicies"} {
		table, err := d.plane.run(ctx, "get", kind, "--all-namespaces")
		if err != nil {
			return err
		}
		fmt.Println(table)
	}
	return d.printIM(ctx)
}

// apply is what a user does.
func (d *demo) apply(ctx context.Context) (string, error) {
	return d.plane.run(ctx, "apply", "--server-side", "-k", d.manifests)
}

// objects lists everything of the operator's kinds.
func (d *demo) objects(ctx context.Context) ([]imv1alpha1.Object, error) {
	var all []imv1alpha1.Object
	for _, list := range []client.ObjectList{
		&imv1alpha1.ImAppList{}, &imv1alpha1.ImAccountList{}, &imv1alpha1.GroupCustomFieldList{}, &imv1alpha1.LiveRoomList{},
		&imv1alpha1.ModerationPolicyList{}, &imv1alpha1.UserLevelPolicyList{},
	} {
		if err := d.plane.client.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return nil, fmt.Errorf("listing: %w", err)
		}
		items, err := meta.ExtractList(list)
		if err != nil {
			return nil, fmt.Errorf("listing: %w", err)
		}
		for _, item := range items {
			all = append(all, item.(imv1alpha1.Object))
		}
	}
	return all, nil
}

// follow prints each change of a Ready condition until all are true.
func (d *demo) follow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	began, told := time.Now(), map[string]string{}
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		objects, err := d.objects(ctx)
		if err != nil {
			return err
		}
		ready := 0
		for _, obj := range objects {
			name := strings.TrimPrefix(fmt.Sprintf("%T/%s", obj, obj.GetName()), "*v1alpha1.")
			now := state(obj)
			if told[name] != now {
				told[name] = now
				fmt.Printf("%5.1fs  %-30s %s\n", time.Since(began).Seconds(), name, now)
			}
			if meta.IsStatusConditionTrue(obj.GetObjectStatus().Conditions, imv1alpha1.ConditionReady) {
				ready++
			}
		}
		if ready == len(objects) && ready == samplesCount {
			return nil
		}
		if err := d.ended(); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d objects are ready: %w", ready, samplesCount, ctx.Err())
		}
	}
}

func state(obj imv1alpha1.Object) string {
	ready := meta.FindStatusCondition(obj.GetObjectStatus().Conditions, imv1alpha1.ConditionReady)
	if ready == nil {
		return "applied"
	}
	text := fmt.Sprintf("Ready=%s %s", ready.Status, ready.Reason)
	if ready.Message != "" {
		text += " (" + shortened(ready.Message) + ")"
	}
	return text
}

// shortened keeps a message on its line; kubectl get -o wide shows all of it.
func shortened(message string) string {
	const most = 90
	runes := []rune(message)
	if len(runes) <= most {
		return message
	}
	return string(runes[:most]) + "…"
}

func (d *demo) printIM(ctx context.Context) error {
	heading("What the simulated IM holds")
	groups, err := d.im.groups(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		fmt.Printf("%s (%s) %q\n  owner %s, administrators %s\n  announcement %s\n",
			g.GroupID, g.Type, g.Name, g.Owner, strings.Join(g.Administrators, ", "), g.Notification)
		for _, key := range sortedKeys(g.CustomFields) {
			fmt.Printf("  %s = %s\n", key, g.CustomFields[key])
		}
	}
	return nil
}

func sortedKeys(all map[string]string) []string {
	keys := make([]string, 0, len(all))
	for key := range all {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func (d *demo) explain() {
	heading("It stays up until Ctrl-C")
	fmt.Printf(`  export KUBECONFIG=%[1]s
  the simulated IM: %[2]s/sim/state

To try, in another terminal:
  kubectl -n %[3]s get liverooms -w
  kubectl -n %[3]s edit configmap shelf     # goods and gifts reach the groups at once
  kubectl -n %[3]s patch liveroom tea-room --type=merge -p '{"spec":{"speech":"Muted"}}'

  # Swear, look what the room sees, and change the words:
  curl %[2]s/sim/groups/%[4]s/messages -d '{"from":"xiaohong","text":"加微信"}'
  curl %[2]s/sim/groups/%[4]s/messages
  kubectl -n %[3]s edit moderationpolicy words

  # Behind the operator's back; the group is there again within seconds:
  curl -X DELETE %[2]s/sim/groups/%[4]s
`, d.plane.kubeconfig, d.im.endpoint, namespace, namespace+"."+teaRoom)
}

// present reports whether an object exists.
func (d *demo) present(ctx context.Context, obj client.Object) (bool, error) {
	err := d.plane.client.Get(ctx, client.ObjectKeyFromObject(obj), obj)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
