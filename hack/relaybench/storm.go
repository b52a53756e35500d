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
	"slices"
	"sync"
	"sync/atomic"
	"time"

	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
	simwechat "github.com/liveroom-io/liveroom-operator/internal/sim/wechat"
)

const (
	stormCustomers = 50
	stormMessages  = 200
	stormPatience  = 2 * time.Minute
	// stormPoll is how often an agent looks at a conversation.
	stormPoll = 200 * time.Millisecond
	// repeated pushes of the simulated WeChat, as a part of all.
	repeated = 0.1
)

// follower is somebody with a phone.
type follower struct {
	outside *outside
	openID  string
	agent   string
	seq     atomic.Uint32 // of the agent's messages
}

// follow makes followers who have paid: they can be written to without a count.
func (o *outside) follow(count int) ([]*follower, error) {
	all := make([]*follower, count)
	for i := range all {
		openID, err := o.wechat.Follow(appID, simwechat.Follow{Quiet: true})
		if err == nil {
			err = o.wechat.Pay(appID, openID)
		}
		if err != nil {
			return nil, fmt.Errorf("making a follower: %w", err)
		}
		all[i] = &follower{outside: o, openID: openID}
	}
	return all, nil
}

func (f *follower) writes(text string) error {
	_, err := f.outside.wechat.Write(appID, f.openID, simwechat.FollowerMessage{Type: "text", Content: text})
	return err
}

// answers lets the follower's agent write, as in any client.
func (f *follower) answers(text string) error {
	_, err := f.outside.im.SendChatAsClient(prefix+f.openID, simim.ClientMessage{From: f.agent, Text: text, Seq: f.seq.Add(1)})
	return err
}

// asked is how many questions the follower's agent has.
func (f *follower) asked() int {
	for _, agent := range agents {
		count := 0
		for _, line := range f.outside.chat(f.openID, agent) {
			if !line.notice {
				count++
			}
		}
		if count > 0 {
			f.agent = agent
			return count
		}
	}
	return 0
}

// phone is what arrived, by text.
func (f *follower) phone() ([]string, error) {
	messages, err := f.outside.wechat.Phone(appID, f.openID)
	texts := make([]string, len(messages))
	for i := range messages {
		texts[i] = messages[i].Text
	}
	return texts, err
}

// writeAll makes every follower write the questions from one number to another.
func writeAll(followers []*follower, from, to int) error {
	for n := from; n < to; n++ {
		for _, f := range followers {
			if err := f.writes(fmt.Sprint("q", n)); err != nil {
				return fmt.Errorf("writing to the account: %w", err)
			}
		}
	}
	return nil
}

// answerAll makes the agent of every follower answer each question once it is there.
func answerAll(ctx context.Context, followers []*follower, questions int) error {
	ctx, cancel := context.WithTimeout(ctx, stormPatience)
	defer cancel()
	failures := make([]error, len(followers))
	var group sync.WaitGroup
	for i, f := range followers {
		group.Go(func() {
			for answered := 0; answered < questions && failures[i] == nil; {
				for there := f.asked(); answered < there && failures[i] == nil; answered++ {
					failures[i] = f.answers(fmt.Sprint("a", answered))
				}
				if answered < questions && failures[i] == nil {
					failures[i] = pause(ctx, stormPoll)
				}
			}
		})
	}
	group.Wait()
	return errors.Join(failures...)
}

// account is what became of everything that was written.
type account struct {
	disordered int // customers whose questions are not with an agent all, once and in order
	misread    int // customers whose answers came twice or out of order
	missing    int // answers that did not come
}

func balance(followers []*follower, questions, answers int) (account, error) {
	var sum account
	asked, answered := numbered("q", questions), numbered("a", answers)
	for _, f := range followers {
		if !slices.Equal(f.outside.questions(f.openID), asked) {
			sum.disordered++
		}
		read, err := f.phone()
		if err != nil {
			return sum, err
		}
		last := -1
		for _, text := range read {
			n := slices.Index(answered, text)
			if n <= last {
				sum.misread++
				break
			}
			last = n
		}
		sum.missing += answers - len(read)
	}
	return sum, nil
}

// disturb makes one call of ten fail, in all the ways that there are.
func (o *outside) disturb() error {
	for _, fault := range []simim.Fault{
		{Command: "sendmsg", Probability: 0.02, Code: 91000},
		{Command: "sendmsg", Probability: 0.02, Code: 90994, Commit: true},
		{Command: "sendmsg", Probability: 0.02, Reset: simim.ResetBeforeCommit},
		{Command: "sendmsg", Probability: 0.02, Reset: simim.ResetAfterCommit},
		{Command: "sendmsg", Probability: 0.02, HTTPStatus: 502},
	} {
		if _, err := o.im.InjectFault(fault); err != nil {
			return err
		}
	}
	for _, fault := range []simwechat.Fault{
		{Command: "custom/send", Probability: 0.03, Code: -1},
		{Command: "custom/send", Probability: 0.02, Reset: simwechat.ResetBeforeCommit},
		{Command: "custom/send", Probability: 0.02, Reset: simwechat.ResetAfterCommit},
		{Command: "custom/send", Probability: 0.03, Code: 45011},
	} {
		if _, err := o.wechat.InjectFault(fault); err != nil {
			return err
		}
	}
	return nil
}

// storm lets customers and agents write at once while one call of ten fails and
// WeChat repeats itself.
func (b *bench) storm(ctx context.Context) (err error) {
	o, err := newOutside(ctx, func(_ *simim.Options, w *simwechat.Options) { w.Delivery = simwechat.Delivery{Duplicate: repeated} })
	if err != nil {
		return err
	}
	defer o.close()
	pod, err := b.pod(ctx, o, podSettings{Directory: filepath.Join(b.folder, "storm")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pod.kill()) }()
	followers, err := o.follow(stormCustomers)
	if err == nil {
		err = errors.Join(o.connect(pod), o.disturb())
	}
	if err != nil {
		return err
	}
	began := time.Now()
	writing := make(chan error, 1)
	go func() { writing <- writeAll(followers, 0, stormMessages) }()
	if err := errors.Join(answerAll(ctx, followers, stormMessages), <-writing); err != nil {
		return err
	}
	sum, figures, err := b.settled(ctx, pod, followers, stormMessages, stormMessages)
	if err != nil {
		return err
	}
	b.results.Note("storm", fmt.Sprintf("%d customers × %d messages both ways in %s, WeChat tried %d times",
		stormCustomers, stormMessages, time.Since(began).Round(time.Second), o.wechat.PushStatistics().Tries))
	b.results.Note("storm: failed calls", fmt.Sprintf("IM %s, WeChat %s", faultsOf(o.im.CallLog(), func(c simim.Call) string { return c.Fault }),
		faultsOf(o.wechat.CallLog(), func(c simwechat.Call) string { return c.Fault })))
	b.report("storm", len(followers), sum)
	b.results.Note("storm: unknown outcomes", fmt.Sprint(figures.Unknown))
	b.results.Exactly("storm: answers that did not arrive and are no unknown outcome", max(0, sum.missing-int(figures.Unknown)), 0)
	b.results.Exactly("storm: unknown outcomes without a dead letter, and other dead letters", int(max(figures.Letters-figures.Unknown, figures.Unknown-figures.Letters)), 0)
	b.results.Exactly("storm: refusals for frequency", o.refusedForFrequency(), 0)
	_, err = pod.stop()
	return err
}

// faultsOf is the part of the logged calls that were disturbed.
func faultsOf[C any](log []C, fault func(C) string) string {
	disturbed := 0
	for _, call := range log {
		if fault(call) != "" {
			disturbed++
		}
	}
	return fmt.Sprintf("%.1f %%", 100*float64(disturbed)/float64(max(1, len(log))))
}

func (b *bench) report(name string, customers int, sum account) {
	b.results.Exactly(fmt.Sprintf("%s: customers of %d with lost, repeated or disordered questions", name, customers), sum.disordered, 0)
	b.results.Exactly(fmt.Sprintf("%s: customers of %d with repeated or disordered answers", name, customers), sum.misread, 0)
}

// settled waits until everything has arrived or is known not to, and until the pod's
// figures say the same; what is wrong after that stands in the sums.
func (b *bench) settled(ctx context.Context, pod *process, followers []*follower, questions, answers int) (sum account, figures podFigures, err error) {
	deadline := time.Now().Add(stormPatience)
	for {
		if sum, err = balance(followers, questions, answers); err == nil {
			figures, err = pod.figures(ctx)
		}
		whole := sum.disordered == 0 && int64(sum.missing) <= figures.Unknown && figures.Letters == figures.Unknown &&
			figures.ToCustomers+figures.Unknown == int64(answers*len(followers))
		if err != nil || whole || time.Now().After(deadline) {
			return sum, figures, err
		}
		if err := pause(ctx, stormPoll); err != nil {
			return sum, figures, err
		}
	}
}
