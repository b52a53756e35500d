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

package conversation

import (
	"fmt"
	"strconv"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Hours are business hours that are ready to be asked. A nil one is always open.
type Hours struct {
	zone    *time.Location
	periods []period
}

// period is from one minute of the day to another; one that ends before it begins
// ends on the next day.
type period struct {
	days     [7]bool // on which it begins
	from, to int     // minutes
}

// CompileHours looks the time zone up and reads the periods. No hours are always
// open. The error names what is wrong: a time zone that is not in the database, a
// day or a time that is none.
func CompileHours(hours *imv1alpha1.BusinessHours) (*Hours, error) {
	if hours == nil {
		return nil, nil //nolint:nilnil // a nil *Hours is always open
	}
	if hours.TimeZone == "" || hours.TimeZone == "Local" {
		return nil, fmt.Errorf("business hours: %q is not the name of a time zone", hours.TimeZone)
	}
	zone, err := time.LoadLocation(hours.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("business hours: the time zone %q is not known", hours.TimeZone)
	}
	compiled := &Hours{zone: zone}
	for _, p := range hours.Periods {
		read, err := compilePeriod(p)
		if err != nil {
			return nil, fmt.Errorf("business hours: %w", err)
		}
		compiled.periods = append(compiled.periods, read)
	}
	return compiled, nil
}

func compilePeriod(p imv1alpha1.BusinessPeriod) (period, error) {
	var read period
	var err error
	if read.from, err = minuteOfDay(p.From); err != nil {
		return period{}, err
	}
	if read.to, err = minuteOfDay(p.To); err != nil {
		return period{}, err
	}
	for _, name := range p.Days {
		day := time.Sunday
		for day <= time.Saturday && day.String() != string(name) {
			day++
		}
		if day > time.Saturday {
			return period{}, fmt.Errorf("%q is not a day of the week", name)
		}
		read.days[day] = true
	}
	return read, nil
}

func minuteOfDay(text string) (int, error) {
	if len(text) == 5 && text[2] == ':' {
		hour, err := strconv.ParseUint(text[:2], 10, 8)
		minute, err2 := strconv.ParseUint(text[3:], 10, 8)
		if m := int(hour*60 + minute); err == nil && err2 == nil && minute < 60 && m <= 24*60 {
			return m, nil
		}
	}
	return 0, fmt.Errorf("%q is not a time of day", text)
}

// Open reports whether the hours include a moment. On a day when the clocks
// change, the time is what clocks on the wall show.
func (h *Hours) Open(at time.Time) bool {
	if h == nil {
		return true
	}
	local := at.In(h.zone)
	minute, today := local.Hour()*60+local.Minute(), local.Weekday()
	yesterday := (today + 6) % 7
	for _, p := range h.periods {
		if p.from < p.to {
			if p.days[today] && p.from <= minute && minute < p.to {
				return true
			}
			continue
		}
		if p.days[today] && minute >= p.from || p.days[yesterday] && minute < p.to {
			return true
		}
	}
	return false
}

// Open reports whether business hours include a moment; without hours every
// moment is. Errors are those of CompileHours.
func Open(hours *imv1alpha1.BusinessHours, at time.Time) (bool, error) {
	compiled, err := CompileHours(hours)
	if err != nil {
		return false, err
	}
	return compiled.Open(at), nil
}
