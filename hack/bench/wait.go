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
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

const (
	// readyTimeout bounds each wait for objects to become ready, and for the
	// controller to come to rest.
	readyTimeout = 5 * time.Minute
	// quietTime without a call to IM or a write to the API server is rest: longer
	// than the controller waits before it reads back what it made.
	quietTime = 4 * time.Second
	// quietStep is how often rest is looked for.
	quietStep = 100 * time.Millisecond
)

// errEnded means that the controller that is measured is not there any more.
var errEnded = errors.New("the controller has ended by itself, see its log above")

// untilReady watches until so many objects have become ready, and returns when
// each of them did.
func (b *bench) untilReady(ctx context.Context, list client.ObjectList, wanted int, options ...client.ListOption) (map[string]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	options = append(options, client.InNamespace(namespace))
	ready := map[string]time.Time{}
	for len(ready) < wanted {
		if err := b.watchReady(ctx, list, wanted, ready, options); err != nil {
			return nil, fmt.Errorf("%d of %d objects became ready: %w", len(ready), wanted, err)
		}
	}
	return ready, nil
}

// watchReady is one watch, which begins with what exists. It may end early
// without an error: the API server drops watches that it finds too slow.
func (b *bench) watchReady(ctx context.Context, list client.ObjectList, wanted int, ready map[string]time.Time, options []client.ListOption) error {
	watch, err := b.client.Watch(ctx, list, options...)
	if err != nil {
		return fmt.Errorf("watching: %w", err)
	}
	defer watch.Stop()
	for len(ready) < wanted {
		select {
		case event, open := <-watch.ResultChan():
			if !open {
				return ctx.Err()
			}
			obj, ok := event.Object.(imv1alpha1.Object)
			if ok && ready[obj.GetName()].IsZero() && meta.IsStatusConditionTrue(obj.GetObjectStatus().Conditions, imv1alpha1.ConditionReady) {
				ready[obj.GetName()] = time.Now()
			}
		case <-b.died:
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// settle waits until the controller has come to rest.
func (b *bench) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	ticker := time.NewTicker(quietStep)
	defer ticker.Stop()
	type activity struct{ calls, writes int }
	var last activity
	for since := time.Now(); time.Since(since) < quietTime || last.calls == 0; {
		select {
		case <-ticker.C:
		case <-b.died:
			return errEnded
		case <-ctx.Done():
			return fmt.Errorf("the controller does not come to rest: %w", ctx.Err())
		}
		writes, err := b.audit.counts()
		if err != nil {
			return err
		}
		if now := (activity{len(b.simulator.CallLog()), writes.sum() + writes.events}); now != last {
			last, since = now, time.Now()
		}
	}
	return nil
}
