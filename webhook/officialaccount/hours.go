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

package officialaccount

import (
	"fmt"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Hours are the business hours of an account. The zero value is always open.
type Hours struct {
	zone    *time.Location
	periods []period
}

// period is a part of a week: minutes since the midnight in which Sunday begins,
// by the clock on the wall. end is after begin, and may be in the next week.
type period struct{ begin, end int }

const (
	minutesOfDay  = 24 * 60
	minutesOfWeek = 7 * minutesOfDay
)

var weekdays = map[imv1alpha1.Weekday]time.Weekday{
	imv1alpha1.WeekdaySunday: time.Sunday, imv1alpha1.WeekdayMonday: time.Monday, imv1alpha1.WeekdayTuesday: time.Tuesday,
	imv1alpha1.WeekdayWednesday: time.Wednesday, imv1alpha1.WeekdayThursday: time.Thursday,
	imv1alpha1.WeekdayFriday: time.Friday, imv1alpha1.WeekdaySaturday: time.Saturday,
}

// NewHours reads declared hours; none are always open.
func NewHours(declared *imv1alpha1.BusinessHours) (Hours, error) {
	if declared == nil {
		return Hours{}, nil
	}
	zone, err := time.LoadLocation(declared.TimeZone)
	if err != nil {
		return Hours{}, fmt.Errorf("timeZone: the IANA database has no zone %q: use a name such as Asia/Shanghai", declared.TimeZone)
	}
	hours := Hours{zone: zone}
	for i, one := range declared.Periods {
		from, to := 0, 0
		for _, part := range []struct {
			name, text string
			minutes    *int
		}{{"from", one.From, &from}, {"to", one.To, &to}} {
			var hour, minute int
			if _, err := fmt.Sscanf(part.text, "%d:%d", &hour, &minute); err != nil {
				return Hours{}, fmt.Errorf("periods[%d].%s: %q is not a time of day", i, part.name, part.text)
			}
			*part.minutes = hour*60 + minute
		}
		if to <= from {
			to += minutesOfDay
		}
		for _, day := range one.Days {
			begin := int(weekdays[day]) * minutesOfDay
			hours.periods = append(hours.periods, period{begin: begin + from, end: begin + to})
		}
	}
	return hours, nil
}

// Open reports whether a moment is within the hours.
func (h Hours) Open(at time.Time) bool {
	if h.zone == nil {
		return true
	}
	local := at.In(h.zone)
	minute := int(local.Weekday())*minutesOfDay + local.Hour()*60 + local.Minute()
	for _, p := range h.periods {
		if p.begin <= minute && minute < p.end || p.begin <= minute+minutesOfWeek && minute+minutesOfWeek < p.end {
			return true
		}
	}
	return false
}

// lookAhead is how far Change looks: hours repeat every week, and clocks are put
// forward or back in between.
const lookAhead = 8 * 24 * time.Hour

// Change is the next moment at which the hours begin or end; the zero time if
// they never do.
func (h Hours) Change(after time.Time) time.Time {
	if h.zone == nil {
		return time.Time{}
	}
	// Everything begins and ends with a minute, so a walk over minutes finds it:
	// at most some ten thousand steps, now and then.
	open, next := h.Open(after), after.Truncate(time.Minute).Add(time.Minute)
	for ; next.Sub(after) < lookAhead; next = next.Add(time.Minute) {
		if h.Open(next) != open {
			return next
		}
	}
	return time.Time{}
}
