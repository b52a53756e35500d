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
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

const (
	look = 100 * time.Millisecond
	// answerTimeout bounds a question to the simulator.
	answerTimeout = 10 * time.Second
	// stateBytes bounds what is read from the simulator.
	stateBytes = 4 << 20
	// samplesCount is how many objects of the operator's kinds the samples have.
	samplesCount = 10
)

type demo struct {
	plane *plane
	// endpoint of the simulator, manifests the kustomization that names it.
	endpoint, manifests   string
	simulator, controller *process
}

// show applies the samples, tells what happens, and prints the result.
func (d demo) show(ctx context.Context) error {
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
	heading("kubectl get imapps,imaccounts,groupcustomfields,liverooms --all-namespaces")
	for _, kind := range []string{"imapps", "imaccounts", "groupcustomfields", "liverooms"} {
		table, err := d.plane.run(ctx, "get", kind, "--all-namespaces")
		if err != nil {
			return err
		}
		fmt.Println(table)
	}
	return d.printIM(ctx)
}

// apply is what a user does.
func (d demo) apply(ctx context.Context) (string, error) {
	return d.plane.run(ctx, "apply", "--server-side", "-k", d.manifests)
}

// objects lists everything of the operator's kinds.
func (d demo) objects(ctx context.Context) ([]imv1alpha1.Object, error) {
	var all []imv1alpha1.Object
	for _, list := range []client.ObjectList{
		&imv1alpha1.ImAppList{}, &imv1alpha1.ImAccountList{}, &imv1alpha1.GroupCustomFieldList{}, &imv1alpha1.LiveRoomList{},
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
func (d demo) follow(ctx context.Context) error {
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
		select {
		case <-ticker.C:
		case <-d.simulator.ended:
			return errors.Join(errors.New("the simulator has ended"), d.simulator.err)
		case <-d.controller.ended:
			return errors.Join(errors.New("the controller has ended"), d.controller.err)
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

// group is what the simulator tells of a group.
type group struct {
	GroupID        string            `json:"groupID"`
	Type           string            `json:"type"`
	Name           string            `json:"name"`
	Notification   string            `json:"notification"`
	Owner          string            `json:"owner"`
	CustomFields   map[string]string `json:"customFields"`
	Administrators []string          `json:"administrators"`
}

// groups asks the simulator what IM holds.
func (d demo) groups(ctx context.Context) ([]group, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.endpoint+"/sim/state", http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking the simulator: %w", err)
	}
	answer, err := (&http.Client{Timeout: answerTimeout}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the simulator: %w", err)
	}
	defer answer.Body.Close()
	var held struct {
		Groups []group `json:"groups"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, stateBytes)).Decode(&held); err != nil {
		return nil, fmt.Errorf("reading the simulator's state: %w", err)
	}
	sort.Slice(held.Groups, func(i, j int) bool { return held.Groups[i].GroupID < held.Groups[j].GroupID })
	return held.Groups, nil
}

func (d demo) printIM(ctx context.Context) error {
	heading("What the simulated IM holds")
	groups, err := d.groups(ctx)
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

func (d demo) explain() {
	heading("It stays up until Ctrl-C")
	fmt.Printf(`  export KUBECONFIG=%s
  the simulated IM: %s/sim/state

To try, in another terminal:
  kubectl -n %s get liverooms -w
  kubectl -n %s edit configmap shelf          # goods and gifts reach the groups at once
  kubectl -n %s patch liveroom tea-room --type=merge -p '{"spec":{"speech":"Muted"}}'
  curl -X DELETE %s/sim/groups/%s.tea-room     # behind the operator's back;
  kubectl -n %s annotate liveroom tea-room im.liveroom.io/reconcile-at="$(date)" --overwrite
                                               # it comes back: now, or with the next sweep
`, d.plane.kubeconfig, d.endpoint, namespace, namespace, namespace, d.endpoint, namespace, namespace)
}

// present reports whether an object exists.
func (d demo) present(ctx context.Context, obj client.Object) (bool, error) {
	err := d.plane.client.Get(ctx, client.ObjectKeyFromObject(obj), obj)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
