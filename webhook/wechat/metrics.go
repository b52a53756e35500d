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
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
)

// outcome is what became of an authentic call, as metrics have it.
type outcome string

const (
	// outcomeVerified: a verification, whose text was repeated.
	outcomeVerified outcome = "verified"
	// outcomeAccepted: accepted and answered.
	outcomeAccepted outcome = "accepted"
	// outcomeJoined: a repeat that shared the answer of the push under way.
	outcomeJoined outcome = "joined"
	// outcomeFailed: not accepted; WeChat shall repeat it.
	outcomeFailed outcome = "failed"
	// outcomeLate: not accepted in time.
	outcomeLate outcome = "late"
	// outcomeBusy: too many were being accepted.
	outcomeBusy outcome = "busy"
	// outcomeAbandoned: the caller did not wait for the answer.
	outcomeAbandoned outcome = "abandoned"
)

// verification stands in metrics where pushes have their kind.
const verification = "Verification"

// Metrics of pushes. Labels come from closed sets, never from a request.
type Metrics struct {
	answers    *prometheus.CounterVec
	rejections *prometheus.CounterVec
	replies    *prometheus.CounterVec
	latency    prometheus.Histogram
	underway   prometheus.Gauge
}

// NewMetrics registers the metrics.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_webhook_wechat_pushes_total", Help: "Authentic pushes of WeChat, by kind and outcome.",
		}, []string{"kind", "outcome"}),
		rejections: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_webhook_wechat_pushes_rejected_total", Help: "Refused calls, by reason.",
		}, []string{"reason"}),
		replies: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "liveroom_webhook_wechat_replies_total",
			Help: "Passive replies to accepted pushes, by type; none is the word success, unsendable a reply that WeChat would not take.",
		}, []string{"type"}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "liveroom_webhook_wechat_push_seconds", Help: "Time from the first byte of an authentic push to its answer; WeChat gives up after 5 s.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}),
		underway: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "liveroom_webhook_wechat_pushes_underway", Help: "Calls that are being answered.",
		}),
	}
	for reason := range statuses {
		m.rejections.WithLabelValues(string(reason))
	}
	for _, kind := range replyTypes {
		m.replies.WithLabelValues(kind)
	}
	for _, collector := range []prometheus.Collector{m.answers, m.rejections, m.replies, m.latency, m.underway} {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) answered(kind string, result outcome, took time.Duration) {
	m.answers.WithLabelValues(kind, string(result)).Inc()
	m.latency.Observe(took.Seconds())
}

func (m *Metrics) refused(reason Rejection) { m.rejections.WithLabelValues(string(reason)).Inc() }

func (m *Metrics) replied(kind string) { m.replies.WithLabelValues(kind).Inc() }

// The types of replies, as metrics have them.
const (
	replyNone       = "none"
	replyUnsendable = "unsendable"
	replyOther      = "other"
	replyTransfer   = "transfer"
)

var replyTypes = []string{replyNone, "text", "image", "voice", "video", "music", "news", replyTransfer, replyOther, replyUnsendable}

// replyType is the label of a reply.
func replyType(reply push.Reply) string {
	switch reply.(type) {
	case nil:
		return replyNone
	case push.TextReply:
		return "text"
	case push.ImageReply:
		return "image"
	case push.VoiceReply:
		return "voice"
	case push.VideoReply:
		return "video"
	case push.MusicReply:
		return "music"
	case push.NewsReply:
		return "news"
	case push.TransferReply:
		return replyTransfer
	default:
		return replyOther
	}
}
