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

package media

import "github.com/prometheus/client_golang/prometheus"

// outcome is what became of a request for a file, as metrics have it.
type outcome string

const (
	// outcomeServed: passed on, in whole or the part that was asked for.
	outcomeServed outcome = "served"
	// outcomeMethod: neither GET nor HEAD.
	outcomeMethod outcome = "method"
	// outcomeForged: not a link that was made here.
	outcomeForged outcome = "forged"
	// outcomeExpired: a link whose time is over.
	outcomeExpired outcome = "expired"
	// outcomeGone: WeChat does not have the file any more.
	outcomeGone outcome = "gone"
	// outcomeRange: a part was asked for that the file does not have.
	outcomeRange outcome = "range"
	// outcomeTooLarge: longer than the account allows.
	outcomeTooLarge outcome = "too_large"
	// outcomeOverrun: turned out longer than the account allows after it had begun.
	outcomeOverrun outcome = "overrun"
	// outcomeBusy: too many were under way.
	outcomeBusy outcome = "busy"
	// outcomeUnavailable: WeChat could not be asked, or does not give it for a while.
	outcomeUnavailable outcome = "unavailable"
	// outcomeRefused: WeChat refuses to give it.
	outcomeRefused outcome = "refused"
	// outcomeInterrupted: WeChat or the time ended it in the middle.
	outcomeInterrupted outcome = "interrupted"
	// outcomeAbandoned: the client did not wait for it.
	outcomeAbandoned outcome = "abandoned"
)

var outcomes = []outcome{
	outcomeServed, outcomeMethod, outcomeForged, outcomeExpired, outcomeGone, outcomeRange, outcomeTooLarge, outcomeOverrun,
	outcomeBusy, outcomeUnavailable, outcomeRefused, outcomeInterrupted, outcomeAbandoned,
}

// cuts reports whether the connection has to be cut.
func (o outcome) cuts() bool { return o == outcomeOverrun || o == outcomeInterrupted }

// metrics of files. Labels come from closed sets, never from a request.
type metrics struct {
	outcomes *prometheus.CounterVec
	bytes    prometheus.Counter
	underway prometheus.Gauge
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_webhook_media_downloads_total", Help: "Files of customers that somebody with a link asked for, by outcome.",
		}, []string{"outcome"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "liveroom_webhook_media_downloaded_bytes_total", Help: "Bytes of files of customers that were passed on.",
		}),
		underway: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "liveroom_webhook_media_downloads_underway", Help: "Files of customers that are being passed on.",
		}),
	}
	for _, o := range outcomes {
		m.outcomes.WithLabelValues(string(o))
	}
	for _, collector := range []prometheus.Collector{m.outcomes, m.bytes, m.underway} {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) served(result outcome) { m.outcomes.WithLabelValues(string(result)).Inc() }
