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
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/hack/measure"
)

const (
	// turns of each measurement; the median counts.
	turns = 3
	// Bars: parts of the bare handler's throughput, and the slowest percentile.
	beforeShare = 0.6
	afterShare  = 0.5
	slowest     = 20 * time.Millisecond
	maxMemory   = 150.0
)

// throughput compares the webhook with the bare handler.
func (b *bench) throughput(ctx context.Context) (err error) {
	if err := b.moderate(ctx); err != nil {
		return err
	}
	bare, err := b.bare(ctx)
	if err != nil {
		return err
	}
	defer func() { _, _ = bare.stop() }()
	webhook, err := b.webhook(ctx, "throughput")
	if err != nil {
		return err
	}
	if err := b.inForce(ctx); err != nil {
		return err
	}
	g := newGenerator()
	number := int64(0)
	for _, one := range []struct {
		command string
		share   float64
	}{{beforeSend, beforeShare}, {afterSend, afterShare}} {
		floor, whole, slow := []float64{}, []float64{}, []time.Duration{}
		bareUsed, webhookUsed := bare.usage(), webhook.usage()
		profiled := func() error { return nil }
		if one.command == afterSend && b.profile != "" {
			profiled = b.takeProfile(ctx, webhook)
		}
		for range turns {
			body := func(n int64) []byte { return b.message(one.command, number+n) }
			f, err := g.loop(ctx, b.length, bare.url, one.command, body)
			if err != nil {
				return fmt.Errorf("the bare handler: %w", err)
			}
			floor = append(floor, f.perSecond)
			if f, err = g.loop(ctx, b.length, webhook.url, one.command, body); err != nil {
				return fmt.Errorf("the webhook: %w", err)
			}
			whole, slow = append(whole, f.perSecond), append(slow, f.p99)
			number += 1 << 24
		}
		if err := profiled(); err != nil {
			return err
		}
		name := strings.TrimPrefix(one.command, "Group.Callback")
		b.results.Note(name+": bare handler", fmt.Sprintf("%.0f/s, %s", median(floor), bareUsed.since(bare.usage(), floor, b.length)))
		b.results.Note(name+": webhook", fmt.Sprintf("%.0f/s, %s", median(whole), webhookUsed.since(webhook.usage(), whole, b.length)))
		b.results.AtLeast(name+": webhook / bare handler", median(whole)/median(floor), one.share, "")
		if one.command == beforeSend {
			b.results.AtMost(name+": p99", median(slow).Seconds()*1000, slowest.Seconds()*1000, " ms")
		} else {
			b.results.Note(name+": p99", median(slow).String())
		}
	}
	memory, err := webhook.stop()
	b.results.AtMost("webhook: largest memory", float64(memory)/(1<<20), maxMemory, " MiB")
	return err
}

// moderate declares a policy with many words, Chinese and Latin.
func (b *bench) moderate(ctx context.Context) error {
	var list strings.Builder
	for i := range wordCount / 2 {
		fmt.Fprintf(&list, "%c%c%c\nword%dx\n", rune(0x4e00+i%5000), rune(0x5e00+i*7%5000), rune(0x6e00+i*13%5000), i)
	}
	policy := &imv1alpha1.ModerationPolicy{ObjectMeta: meta("words"), Spec: imv1alpha1.ModerationPolicySpec{
		AppRef: imv1alpha1.AppReference{Name: "app"}, Enforcement: imv1alpha1.EnforcementCallback, Action: imv1alpha1.ModerationActionReject,
		Words: &imv1alpha1.ModerationWords{ConfigMapRefs: []imv1alpha1.WordList{{Name: "words"}}},
	}}
	for _, obj := range []client.Object{&corev1.ConfigMap{ObjectMeta: meta("words"), Data: map[string]string{"list": list.String()}}, policy} {
		if err := b.client.Create(ctx, obj); err != nil {
			return fmt.Errorf("creating %T: %w", obj, err)
		}
	}
	return nil
}

// inForce waits until the policy is, and has all its words.
func (b *bench) inForce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		var policy imv1alpha1.ModerationPolicy
		if err := b.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "words"}, &policy); err != nil {
			return err
		}
		if apimeta.IsStatusConditionTrue(policy.Status.Conditions, imv1alpha1.ConditionReady) {
			if policy.Status.Words < wordCount*9/10 {
				return fmt.Errorf("the policy has %d words", policy.Status.Words)
			}
			b.results.Note("policy", fmt.Sprintf("%d words", policy.Status.Words))
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the policy is not in force: %w", ctx.Err())
		case <-time.After(pollEvery):
		}
	}
}

// used is the processor time that a process had used at a moment.
type used time.Duration

func (p *process) usage() used { return used(measure.ProcessorTime(p.command.Process.Pid)) }

// since says what each callback cost the process.
func (u used) since(now used, perSecond []float64, length time.Duration) string {
	calls := 0.0
	for _, one := range perSecond {
		calls += one * length.Seconds()
	}
	return fmt.Sprintf("%.0f µs of processor each", float64(time.Duration(now-u).Microseconds())/calls)
}

func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
