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

	"golang.org/x/time/rate"
)

// ordinaryRate is the documented number of calls per second of a command that
// has no lower limit of its own.
const ordinaryRate = 200

// rateLimits holds one token bucket per command. The simulator serves one
// application, so this is a bucket per (sdkappid, command).
type rateLimits struct {
	buckets map[string]*rate.Limiter
	code    int
}

func newRateLimits(o Options) *rateLimits {
	limits := &rateLimits{buckets: map[string]*rate.Limiter{}, code: o.RateLimitCode}
	if o.RateLimit < 0 {
		return limits
	}
	ordinary := orDefault(o.RateLimit, ordinaryRate)
	burst := orDefault(o.Burst, ordinary)
	for _, command := range commandTable {
		if _, exists := limits.buckets[command.bucket()]; exists {
			continue
		}
		perSecond := ordinary
		if command.perSecond > 0 {
			perSecond = min(ordinary, command.perSecond)
		}
		limits.buckets[command.bucket()] = rate.NewLimiter(rate.Limit(perSecond), max(1, burst*perSecond/ordinary))
	}
	return limits
}

// take spends one call of the command, or refuses it.
func (l *rateLimits) take(command *command, now time.Time) *Refusal {
	bucket, limited := l.buckets[command.bucket()]
	if !limited || bucket.AllowN(now, 1) {
		return nil
	}
	return refuse(orDefault(command.limitCode, l.code), "%s is called too often", command.name)
}
