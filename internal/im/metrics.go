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
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the collectors that all clients of a process share. Their only labels are the command (from the fixed
// table) and the outcome (a Class, or OK, Canceled, DryRun, Other), so their number is bounded.
type Metrics struct {
	calls    *prometheus.CounterVec
	attempts *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	batches  *prometheus.HistogramVec
	waits    *prometheus.HistogramVec
	breakers *prometheus.GaugeVec
}

// NewMetrics makes the collectors and registers them; a nil registerer leaves them unregistered.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	byCommand := []string{"command"}
	m := &Metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_im_calls_total",
			Help: "Calls to the IM REST API by command and outcome; a batch is one call, its retries are not counted.",
		}, []string{"command", "outcome"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_im_attempts_total",
			Help: "HTTP requests sent to the IM REST API, retries included.",
		}, byCommand),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "liveroom_im_attempt_duration_seconds",
			Help:    "Time of one HTTP exchange with the IM REST API, without waiting for the rate limit.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, byCommand),
		batches: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "liveroom_im_batch_items",
			Help:    "Items in one batched call to the IM REST API.",
			Buckets: []float64{1, 2, 5, 10, 20, 50, 75, 100, 250, 500},
		}, byCommand),
		waits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "liveroom_im_limiter_wait_seconds",
			Help:    "Time that an attempt waited for the rate limit of its command.",
			Buckets: []float64{.001, .005, .025, .1, .5, 1, 5, 15, 60},
		}, byCommand),
		breakers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "liveroom_im_breakers_open",
			Help: "Clients whose circuit breaker for the command is open.",
		}, byCommand),
	}
	if registerer == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.calls, m.attempts, m.latency, m.batches, m.waits, m.breakers} {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// measured is the outermost layer: it counts each call once, by its final outcome, and tells about refused
// credentials.
type measured struct {
	next           caller
	metrics        *Metrics
	onUnauthorized func(error)
	closed         func() bool
}

func (m *measured) call(ctx context.Context, req request) ([]byte, error) {
	if m.closed() {
		return nil, errClosed(req.command)
	}
	answer, err := m.next.call(ctx, req)
	m.metrics.calls.WithLabelValues(req.command.name, outcomeOf(err)).Inc()
	if m.onUnauthorized != nil && IsUnauthorized(err) {
		m.onUnauthorized(err)
	}
	return answer, err
}

// outcomeOf is the label value for the end of a call.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "OK"
	case IsDryRun(err):
		return "DryRun"
	case ClassOf(err) != "":
		return string(ClassOf(err))
	case errors.Is(err, context.Canceled):
		return "Canceled"
	default:
		return "Other"
	}
}

func (m *Metrics) attempted(cmd *command, took time.Duration) {
	m.attempts.WithLabelValues(cmd.name).Inc()
	m.latency.WithLabelValues(cmd.name).Observe(took.Seconds())
}

func (m *Metrics) batched(cmd *command, items int) {
	m.batches.WithLabelValues(cmd.name).Observe(float64(items))
}

func (m *Metrics) waited(cmd *command, wait time.Duration) {
	m.waits.WithLabelValues(cmd.name).Observe(wait.Seconds())
}

func (m *Metrics) breakerOpened(cmd *command) { m.breakers.WithLabelValues(cmd.name).Inc() }
func (m *Metrics) breakerEnded(cmd *command)  { m.breakers.WithLabelValues(cmd.name).Dec() }
