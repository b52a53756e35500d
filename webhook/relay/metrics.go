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

package relay

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// Metrics of the relay. Their labels come from fixed lists.
type Metrics struct {
	relayed *prometheus.CounterVec
	letters *prometheus.CounterVec
	lost    prometheus.Counter
	// unreadable are messages in IM's history that the log does not take.
	unreadable prometheus.Counter
	failures   *prometheus.CounterVec
}

// NewMetrics makes the collectors and registers them.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "liveroom_relay", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		relayed:  counter("messages_total", "Messages that the other side has taken, by direction.", "to"),
		letters:  counter("dead_letters_total", "Messages that were given up, by direction and cause.", "to", "cause"),
		failures: counter("provider_failures_total", "Calls that a provider did not answer as it should.", "provider"),
	}
	m.lost = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "liveroom_relay", Name: "lost_total", Help: "Messages that the log did not have any more when there was room for them. It should be 0.",
	})
	m.unreadable = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "liveroom_relay", Name: "unreadable_total", Help: "Messages in IM's history that cannot be kept, and are left out.",
	})
	return m, errors.Join(registerer.Register(m.unreadable), registerer.Register(m.relayed), registerer.Register(m.letters), registerer.Register(m.failures), registerer.Register(m.lost))
}

// destination is the label of a lane.
func destination(lane conversation.Lane) string {
	if lane == conversation.ToCustomer {
		return "customer"
	}
	return "agent"
}

// grown counts what a step added to the totals of a customer.
func (m *Metrics) grown(before, after conversation.Totals) {
	if before == after {
		return // as after nearly every entry
	}
	m.relayed.WithLabelValues(destination(conversation.ToAgent)).Add(float64(max(after.ToAgent-before.ToAgent, 0)))
	m.relayed.WithLabelValues(destination(conversation.ToCustomer)).Add(float64(max(after.ToCustomer-before.ToCustomer, 0)))
	m.lost.Add(float64(max(after.Lost-before.Lost, 0)))
}

func (m *Metrics) buried(lane conversation.Lane, cause conversation.Cause) {
	m.letters.WithLabelValues(destination(lane), string(cause)).Inc()
}

func (m *Metrics) failed(by provider) { m.failures.WithLabelValues(string(by)).Inc() }
