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

package level

import "github.com/prometheus/client_golang/prometheus"

// Metrics of a writer. A nil one keeps none.
type Metrics struct{ writes *prometheus.CounterVec }

// NewMetrics registers the metrics.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{writes: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "liveroom_webhook_level_writes_total", Help: "Levels written to profiles, by result.",
	}, []string{"result"})}
	return m, registerer.Register(m.writes)
}

func (m *Metrics) wrote() {
	if m != nil {
		m.writes.WithLabelValues("written").Inc()
	}
}

func (m *Metrics) failed() {
	if m != nil {
		m.writes.WithLabelValues("failed").Inc()
	}
}
