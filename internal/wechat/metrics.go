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

package wechat

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the collectors that all clients of a process share. Their labels are the command (from a fixed list), the
// outcome (a Kind, or OK, Canceled, Other) and the mode of a token request, so their number is bounded.
type Metrics struct {
	calls    *prometheus.CounterVec
	attempts *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	tokens   *prometheus.CounterVec
}

// NewMetrics makes the collectors and registers them; a nil registerer leaves them unregistered.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_wechat_calls_total",
			Help: "Calls to the WeChat API by command and outcome; the repetition after a refused token is not counted.",
		}, []string{"command", "outcome"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_wechat_attempts_total",
			Help: "HTTP requests sent to the WeChat API, those for access tokens and repetitions included.",
		}, []string{"command"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "liveroom_wechat_attempt_duration_seconds",
			Help:    "Time to the head of an answer of the WeChat API, without waiting for the rate limit or a token.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"command"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_wechat_token_fetches_total",
			Help: "Requests for an access token by mode (Normal, Forced) and outcome; forced ones are limited to 20 a day.",
		}, []string{"mode", "outcome"}),
	}
	if registerer == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.calls, m.attempts, m.latency, m.tokens} {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) called(cmd *command, err error) {
	m.calls.WithLabelValues(cmd.name, outcomeOf(err)).Inc()
}

func (m *Metrics) attempted(cmd *command, took time.Duration) {
	m.attempts.WithLabelValues(cmd.name).Inc()
	m.latency.WithLabelValues(cmd.name).Observe(took.Seconds())
}

func (m *Metrics) fetched(mode fetchMode, err error) {
	m.tokens.WithLabelValues(string(mode), outcomeOf(err)).Inc()
}

// outcomeOf is the label value for the end of a call.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "OK"
	case KindOf(err) != "":
		return string(KindOf(err))
	case errors.Is(err, context.Canceled):
		return "Canceled"
	default:
		return "Other"
	}
}
