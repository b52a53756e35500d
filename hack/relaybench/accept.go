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
	"path/filepath"
	"time"
)

const (
	// turns of each measurement; the median counts.
	turns = 3
	// acceptShare of the bare handler's throughput, and the slowest percentile.
	acceptShare = 0.3
	slowest     = 50 * time.Millisecond
	// talking customers are in the midst of a session.
	talking = 2000
	// sealedPerSecond bounds what is sealed for a turn.
	sealedPerSecond = 12_000
)

// greeting is what new customers are told.
const greeting = "正在为您转接人工客服，请稍候"

// accept compares what the pod accepts with the bare handler, once with texts of
// customers who are in a session, which are answered with success, and once with
// first texts, which are answered with an encrypted reply. IM has its limit, so that
// the pod passes on as much as it may at the same time.
func (b *bench) accept(ctx context.Context) (err error) {
	o, err := newOutside(ctx, nil)
	if err != nil {
		return err
	}
	defer o.close()
	bare, err := b.spawn(ctx, bareCommand, podSettings{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.kill()) }()
	pod, err := b.pod(ctx, o, podSettings{Directory: filepath.Join(b.folder, "accept"), Transferring: greeting})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pod.kill()) }()
	g := newGenerator()
	first := 0
	begun, err := pushes(first, talking, func(n int) int { return n }, said)
	if err != nil {
		return err
	}
	first += talking
	if _, err := g.loop(ctx, time.Minute, pod.url, begun, false); err != nil {
		return fmt.Errorf("the first texts of customers: %w", err)
	}
	count := int(sealedPerSecond * b.length.Seconds())
	for _, one := range []struct {
		name     string
		customer func(n int) int
		replies  bool
	}{
		{"accept, in a session", func(n int) int { return n % talking }, false},
		{"accept, with a reply", func(n int) int { return talking + n }, true},
	} {
		floor, whole, slow := []float64{}, []float64{}, []time.Duration{}
		var processor time.Duration
		sent, replies := 0, 0
		for round := range turns {
			base := first
			all, err := pushes(base, count, func(n int) int { return one.customer(base + n) }, said)
			if err != nil {
				return err
			}
			first += count
			f, err := g.loop(ctx, b.length, bare.url, all, true)
			if err != nil {
				return fmt.Errorf("the bare handler: %w", err)
			}
			floor = append(floor, f.perSecond)
			profiled := func() error { return nil }
			if round == turns-1 {
				profiled = b.profile(ctx, pod, fmt.Sprintf("accept-%t", one.replies), b.length)
			}
			used := pod.usage()
			if f, err = g.loop(ctx, b.length, pod.url, all, false); err != nil {
				return fmt.Errorf("the pod: %w", err)
			}
			processor += pod.usage() - used
			if err := profiled(); err != nil {
				return err
			}
			whole, slow = append(whole, f.perSecond), append(slow, f.p99)
			sent, replies = sent+f.sent, replies+f.replies
		}
		b.results.Note(one.name+": bare handler", fmt.Sprintf("%.0f/s", median(floor)))
		b.results.Note(one.name+": pod", fmt.Sprintf("%.0f/s, %.0f µs of processor each, relaying included", median(whole), float64(processor.Microseconds())/float64(sent)))
		b.results.AtLeast(one.name+": pod / bare handler", median(whole)/median(floor), acceptShare, "")
		b.results.AtMost(one.name+": ack p99", median(slow).Seconds()*1000, slowest.Seconds()*1000, " ms")
		expected := 0
		if one.replies {
			expected = sent
		}
		b.results.Exactly(one.name+": replies", replies, expected)
	}
	memory, err := pod.stop()
	b.results.Note("accept: largest memory", fmt.Sprintf("%d MiB", memory>>20))
	return err
}

// said is what customers write.
func said(n int) string {
	texts := []string{
		"童装啥时候上新？想给孩子买一套", "how much is the blue one, size 120?", "这个颜色还有货吗？什么时候发货",
		"can you show it from the other side please", "价格有点贵，能不能便宜一点", "已下单，谢谢，期待收到货",
	}
	return texts[n%len(texts)]
}
