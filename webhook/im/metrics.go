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

package im

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// outcome is what became of an authentic callback, as metrics have it.
type outcome string

const (
	// outcomeWritten: in the journal.
	outcomeWritten outcome = "written"
	// outcomeDuplicate: was in the journal before.
	outcomeDuplicate outcome = "duplicate"
	// outcomeIgnored: nothing to do.
	outcomeIgnored outcome = "ignored"
	// outcomeUndeclared: about a group or an account that nobody declared.
	outcomeUndeclared outcome = "undeclared"
	// outcomeFailed: the journal did not take it.
	outcomeFailed outcome = "failed"
	// outcomeAllowed, outcomeRejected, outcomeDropped and outcomeMasked are what moderation decided.
	outcomeAllowed  outcome = "allowed"
	outcomeRejected outcome = "rejected"
	outcomeDropped  outcome = "dropped"
	outcomeMasked   outcome = "masked"
)

// Metrics of callbacks. Labels come from closed sets, never from a request.
type Metrics struct {
	answers    *prometheus.CounterVec
	rejections *prometheus.CounterVec
	latency    *prometheus.HistogramVec
	unwritten  prometheus.Counter
	failures   prometheus.Counter
	illegible  prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_webhook_callbacks_total", Help: "Authentic callbacks of IM, by command and outcome.",
		}, []string{"command", "outcome"}),
		rejections: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_webhook_callbacks_rejected_total", Help: "Refused calls, by reason.",
		}, []string{"reason"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "liveroom_webhook_callback_seconds", Help: "Time from the first byte to the answer; IM gives up after 2 s.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2},
		}, []string{"when"}),
		unwritten: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "liveroom_webhook_moderation_uncounted_total", Help: "Moderated messages that the journal had no room to count.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "liveroom_webhook_expression_failures_total", Help: "Expressions that failed for a message.",
		}),
		illegible: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "liveroom_webhook_unreadable_messages_total", Help: "Messages whose elements could not be read.",
		}),
	}
	for _, reason := range rejections {
		m.rejections.WithLabelValues(string(reason))
	}
	for _, collector := range []prometheus.Collector{m.answers, m.rejections, m.latency, m.unwritten, m.failures, m.illegible} {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) answered(command string, result outcome, took time.Duration) {
	when := "after"
	if command == groupBeforeSend {
		when = "before"
	}
	m.answers.WithLabelValues(label(command), string(result)).Inc()
	m.latency.WithLabelValues(when).Observe(took.Seconds())
}

func (m *Metrics) refused(reason Rejection) { m.rejections.WithLabelValues(string(reason)).Inc() }

// uncounted notes a decision that did not get into the journal.
func (m *Metrics) uncounted() { m.unwritten.Inc() }

// unreadable notes a message whose elements could not be read.
func (m *Metrics) unreadable() { m.illegible.Inc() }

// expressionFailed notes a message that an expression could not judge.
func (m *Metrics) expressionFailed(n int) {
	if n > 0 {
		m.failures.Add(float64(n))
	}
}
