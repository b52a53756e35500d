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

package usersig

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
)

// metrics count requests. The label app is that of an ImApp that issues UserSigs,
// or empty, never what a request says; the label outcome is a Reason.
type metrics struct {
	requests *prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{requests: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "liveroom_usersig_requests_total", Help: "Requests for UserSigs, by ImApp and outcome.",
	}, []string{"app", "outcome"})}
	if err := registerer.Register(m.requests); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	for reason := range statuses {
		m.requests.WithLabelValues("", string(reason))
	}
	return m, nil
}

// count notes what became of a request. app is nil while it is not known.
func (m *metrics) count(app *application, reason Reason) {
	name := ""
	if app != nil {
		name = app.key.String()
	}
	m.requests.WithLabelValues(name, string(reason)).Inc()
}

// forget drops the series of an ImApp.
func (m *metrics) forget(key types.NamespacedName) {
	m.requests.DeletePartialMatch(prometheus.Labels{"app": key.String()})
}
