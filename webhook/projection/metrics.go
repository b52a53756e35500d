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

package projection

import "github.com/prometheus/client_golang/prometheus"

// Metrics of a projector. A nil one keeps none.
type Metrics struct {
	writes   *prometheus.CounterVec
	failures prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_webhook_status_writes_total", Help: "Status writes by the webhook, by kind of object.",
		}, []string{"kind"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "liveroom_webhook_status_write_failures_total", Help: "Status writes that failed and are tried again.",
		}),
	}
	for _, collector := range []prometheus.Collector{m.writes, m.failures} {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) wrote(kind string) {
	if m != nil {
		m.writes.WithLabelValues(kind).Inc()
	}
}

func (m *Metrics) failed() {
	if m != nil {
		m.failures.Inc()
	}
}
