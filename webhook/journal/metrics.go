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

package journal

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of a log and of the owners that fold it. No label comes from an entry.
type metrics struct {
	appended   prometheus.Counter
	duplicates prometheus.Counter
	refused    *prometheus.CounterVec
	latency    prometheus.Histogram
	folded     prometheus.Counter
	lag        prometheus.Gauge
	kept       prometheus.Gauge
	dirty      prometheus.Gauge
	leaving    prometheus.Gauge
	flushes    prometheus.Histogram
	failures   prometheus.Counter
	owned      prometheus.Gauge
	conflicts  prometheus.Counter
	dropped    *prometheus.CounterVec
	purged     prometheus.Counter
}

// newMetrics makes those of one log. The logs of a process share names and differ
// in a label.
func newMetrics(log string) *metrics {
	of := prometheus.Labels{"log": log}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: metricsNamespace, Name: name, Help: help, ConstLabels: of})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: metricsNamespace, Name: name, Help: help, ConstLabels: of})
	}
	return &metrics{
		appended:   counter("appended_total", "Entries that the journal took."),
		duplicates: counter("duplicates_total", "Entries that the journal had already."),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: metricsNamespace, ConstLabels: of, Name: "refused_total", Help: "Entries that the journal did not take, by reason.",
		}, []string{"reason"}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: metricsNamespace, ConstLabels: of, Name: "append_duration_seconds",
			Help:    "Time until an entry was confirmed.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}),
		folded:  counter("folded_total", "Entries that were read and folded by this member."),
		lag:     gauge("lag_entries", "Entries in the journal that this member has not folded."),
		kept:    gauge("states", "States kept in memory."),
		dirty:   gauge("dirty_states", "States whose latest value is not stored."),
		leaving: gauge("leaving_states", "Empty states that are kept until none of their entries can come again."),
		flushes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: metricsNamespace, ConstLabels: of, Name: "flush_duration_seconds",
			Help:    "Time that it took to store changed states and checkpoints.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		failures:  counter("flush_failures_total", "Attempts to store changed states that stored not all of them."),
		owned:     gauge("owned_partitions", "Partitions that this member folds."),
		conflicts: counter("conflicts_total", "Values that another member had written meanwhile."),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: metricsNamespace, ConstLabels: of, Name: "dropped_keys_total",
			Help: "Keys that are not counted, because there are as many of their kind as are allowed.",
		}, []string{"kind"}),
		purged: counter("purged_total", "Entries that were removed after they had been folded."),
	}
}

const metricsNamespace = "liveroom_journal"

func (m *metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		m.appended, m.duplicates, m.refused, m.latency, m.folded, m.lag, m.kept, m.dirty, m.leaving,
		m.flushes, m.failures, m.owned, m.conflicts, m.dropped, m.purged,
	}
}

func (m *metrics) register(r prometheus.Registerer) error {
	if r == nil {
		return nil
	}
	var errs []error
	for _, c := range m.collectors() {
		if err := r.Register(c); err != nil {
			errs = append(errs, fmt.Errorf("registering metrics: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (m *metrics) unregister(r prometheus.Registerer) {
	if r == nil {
		return
	}
	for _, c := range m.collectors() {
		r.Unregister(c)
	}
}
