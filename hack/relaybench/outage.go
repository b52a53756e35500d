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
	outageTime      = time.Minute
	outageCustomers = 100
	// outageEvery is how often every customer writes during the outage, and every
	// agent answers.
	outageEvery = 2 * time.Second
	// outagePatience bounds the time until everything has arrived. Pauses between
	// tries are 30 s at most.
	outagePatience = 90 * time.Second
)

// outage shuts IM and WeChat for a minute, in which customers and agents go on
// writing: pushes and callbacks still come.
func (b *bench) outage(ctx context.Context) (err error) {
	o, err := newOutside(ctx, nil)
	if err != nil {
		return err
	}
	defer o.close()
	pod, err := b.pod(ctx, o, podSettings{Directory: filepath.Join(b.folder, "outage")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pod.kill()) }()
	followers, err := o.follow(outageCustomers)
	if err == nil {
		err = o.connect(pod)
	}
	if err != nil {
		return err
	}
	// A question and an answer, so that all have an agent.
	if err := writeAll(followers, 0, 1); err != nil {
		return err
	}
	if err := answerAll(ctx, followers, 1); err != nil {
		return err
	}
	if _, _, err := b.settled(ctx, pod, followers, 1, 1); err != nil {
		return err
	}
	o.imDoor.shut()
	o.wechatDoor.shut()
	written, err := o.writeOn(ctx, followers)
	if err != nil {
		return err
	}
	before, err := balance(followers, written, written)
	if err != nil {
		return err
	}
	if err := errors.Join(o.imDoor.open(ctx), o.wechatDoor.open(ctx)); err != nil {
		return err
	}
	began := time.Now()
	sum, figures, err := b.settled(ctx, pod, followers, written, written)
	if err != nil {
		return err
	}
	drained := time.Since(began)
	b.results.Note("outage", fmt.Sprintf("%s, %d customers, %d texts and %d answers written meanwhile", outageTime, len(followers),
		(written-1)*len(followers), before.missing))
	statistics := o.wechat.PushStatistics()
	b.results.Exactly("outage: pushes that were not accepted at once", statistics.Written-statistics.Acknowledged+statistics.Retries, 0)
	b.results.Exactly("outage: answers that arrived meanwhile", (written-1)*len(followers)-before.missing, 0)
	b.results.AtMost("outage: time to drain", drained.Seconds(), outagePatience.Seconds(), " s")
	b.report("outage", len(followers), sum)
	b.results.Exactly("outage: answers that did not arrive", sum.missing, 0)
	b.results.Exactly("outage: dead letters", int(figures.Letters), 0)
	b.results.Exactly("outage: refusals for frequency", o.refusedForFrequency(), 0)
	b.results.AtMost("outage: calls of IM in the busiest second", float64(o.busiestSecond()), limitRate, "")
	_, err = pod.stop()
	return err
}

// writeOn makes everybody write from time to time while the outage lasts, and returns
// how many questions and answers each conversation has then.
func (o *outside) writeOn(ctx context.Context, followers []*follower) (written int, err error) {
	written = 1
	for began := time.Now(); time.Since(began) < outageTime; {
		if err := writeAll(followers, written, written+1); err != nil {
			return written, err
		}
		for _, f := range followers {
			if err := f.answers(fmt.Sprint("a", written)); err != nil {
				return written, err
			}
		}
		written++
		if err := pause(ctx, outageEvery); err != nil {
			return written, err
		}
	}
	return written, nil
}
