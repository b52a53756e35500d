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

package intake

import "github.com/prometheus/client_golang/prometheus"

// Outcome is what became of an authentic callback, as metrics have it.
type Outcome string

// The outcomes. The set is closed.
const (
	// Written: in the journal.
	Written Outcome = "written"
	// Duplicate: was in the journal before.
	Duplicate Outcome = "duplicate"
	// Ignored: nothing to do.
	Ignored Outcome = "ignored"
	// Unassigned: about a stream that no room names.
	Unassigned Outcome = "unassigned"
	// Failed: the journal did not take it.
	Failed Outcome = "failed"
)

// Metrics of callbacks about streams. Labels come from closed sets, never from a
// request.
type Metrics struct {
	answers    *prometheus.CounterVec
	rejections *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_webhook_stream_callbacks_total", Help: "Authentic callbacks about streams, by service, event and outcome.",
		}, []string{"service", "event", "outcome"}),
		rejections: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_webhook_stream_callbacks_rejected_total", Help: "Refused calls about streams, by service and reason.",
		}, []string{"service", "reason"}),
	}
	for reason := range statuses {
		for _, service := range []Service{Live, TRTC} {
			m.rejections.WithLabelValues(string(service), string(reason))
		}
	}
	for _, collector := range []prometheus.Collector{m.answers, m.rejections} {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) answered(service Service, event string, outcome Outcome) {
	m.answers.WithLabelValues(string(service), event, string(outcome)).Inc()
}

func (m *Metrics) refused(service Service, reason Rejection) {
	m.rejections.WithLabelValues(string(service), string(reason)).Inc()
}
