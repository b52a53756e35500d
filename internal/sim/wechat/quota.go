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

import "time"

// chinaTime is what the provider's days are counted in.
var chinaTime = time.FixedZone("UTC+8", 8*3600)

// dailyCount counts events of one day.
type dailyCount struct {
	day   int64
	count int
}

// add changes the count of the day of now and returns it.
func (c *dailyCount) add(now time.Time, change int) int {
	_, offset := now.In(chinaTime).Zone()
	if day := (now.Unix() + int64(offset)) / 86400; day != c.day {
		c.day, c.count = day, 0
	}
	c.count += change
	return c.count
}

// minuteCount counts events of one minute of the clock.
type minuteCount struct {
	minute int64
	count  int
}

func (c *minuteCount) add(now time.Time) int {
	if minute := now.Unix() / 60; minute != c.minute {
		c.minute, c.count = minute, 0
	}
	c.count++
	return c.count
}

// charge counts a call against the daily quota of its command (45009).
func (a *account) charge(c *command, in *settings, now time.Time) *Refusal {
	limit := c.daily
	if own, ok := in.DailyQuotas[c.name]; ok {
		limit = own
		if own == 0 {
			return refuse(codeDailyQuota)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	count, ok := a.quotas[c.name]
	if !ok {
		count = &dailyCount{}
		a.quotas[c.name] = count
	}
	if limit > 0 && count.add(now, 0) >= limit {
		return refuse(codeDailyQuota)
	}
	count.add(now, 1)
	return nil
}

// ResetQuotas forgets the calls that count against the daily quotas of an
// account, as its owner may do in the console.
func (s *Simulator) ResetQuotas(appID string) error {
	a, err := s.account(appID)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.quotas)
	return nil
}
