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
	"strings"
	"testing"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	week := []imv1alpha1.Weekday{
		imv1alpha1.WeekdayMonday, imv1alpha1.WeekdayTuesday, imv1alpha1.WeekdayWednesday, imv1alpha1.WeekdayThursday, imv1alpha1.WeekdayFriday,
	}
	office := imv1alpha1.BusinessPeriod{Days: week, From: "09:00", To: "18:00"}
	night := imv1alpha1.BusinessPeriod{Days: []imv1alpha1.Weekday{imv1alpha1.WeekdaySaturday}, From: "22:00", To: "06:00"}
	day := imv1alpha1.BusinessPeriod{Days: []imv1alpha1.Weekday{imv1alpha1.WeekdaySunday}, From: "00:00", To: "24:00"}
	const china = "Asia/Shanghai" // 8 hours before UTC
	for name, tc := range map[string]struct {
		zone    string
		periods []imv1alpha1.BusinessPeriod
		at      string
		want    bool
	}{
		"in the morning":                   {china, []imv1alpha1.BusinessPeriod{office}, "2026-11-23T01:00:00Z", true},
		"a minute before":                  {china, []imv1alpha1.BusinessPeriod{office}, "2026-11-23T00:59:59Z", false},
		"the last minute":                  {china, []imv1alpha1.BusinessPeriod{office}, "2026-11-23T09:59:59Z", true},
		"the end":                          {china, []imv1alpha1.BusinessPeriod{office}, "2026-11-23T10:00:00Z", false},
		"Sunday in UTC, Monday in China":   {china, []imv1alpha1.BusinessPeriod{{Days: week, From: "06:00", To: "09:00"}}, "2026-11-22T23:00:00Z", true},
		"at the weekend":                   {china, []imv1alpha1.BusinessPeriod{office}, "2026-11-22T03:00:00Z", false},
		"the evening of a night":           {"UTC", []imv1alpha1.BusinessPeriod{night}, "2026-11-21T22:00:00Z", true},
		"the morning after":                {"UTC", []imv1alpha1.BusinessPeriod{night}, "2026-11-22T05:59:00Z", true},
		"the morning after, at the end":    {"UTC", []imv1alpha1.BusinessPeriod{night}, "2026-11-22T06:00:00Z", false},
		"the morning before":               {"UTC", []imv1alpha1.BusinessPeriod{night}, "2026-11-21T05:00:00Z", false},
		"the evening of the day after":     {"UTC", []imv1alpha1.BusinessPeriod{night}, "2026-11-22T23:00:00Z", false},
		"the whole day, its last minute":   {"UTC", []imv1alpha1.BusinessPeriod{day}, "2026-11-22T23:59:59Z", true},
		"the whole day is over":            {"UTC", []imv1alpha1.BusinessPeriod{day}, "2026-11-23T00:00:00Z", false},
		"the second of two":                {"UTC", []imv1alpha1.BusinessPeriod{office, day}, "2026-11-22T03:00:00Z", true},
		"no period":                        {"UTC", nil, "2026-11-22T03:00:00Z", false},
		"clocks put forward: nine is nine": {"Europe/Berlin", []imv1alpha1.BusinessPeriod{{Days: []imv1alpha1.Weekday{imv1alpha1.WeekdaySunday}, From: "09:00", To: "10:00"}}, "2026-03-29T07:00:00Z", true},
		"clocks put back: nine is nine":    {"Europe/Berlin", []imv1alpha1.BusinessPeriod{{Days: []imv1alpha1.Weekday{imv1alpha1.WeekdaySunday}, From: "09:00", To: "10:00"}}, "2026-10-25T08:30:00Z", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, tc.at)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Open(&imv1alpha1.BusinessHours{TimeZone: tc.zone, Periods: tc.periods}, at)
			if err != nil || got != tc.want {
				t.Errorf("open: %v, %v", got, err)
			}
		})
	}
	if open, err := Open(nil, start); err != nil || !open {
		t.Errorf("without hours: %v, %v", open, err)
	}
}

func TestWrongHours(t *testing.T) {
	t.Parallel()
	monday := []imv1alpha1.Weekday{imv1alpha1.WeekdayMonday}
	for name, tc := range map[string]struct {
		hours imv1alpha1.BusinessHours
		want  string
	}{
		"unknown zone": {imv1alpha1.BusinessHours{TimeZone: "Mars/Olympus"}, `the time zone "Mars/Olympus" is not known`},
		"local zone":   {imv1alpha1.BusinessHours{TimeZone: "Local"}, `"Local" is not the name of a time zone`},
		"no zone":      {imv1alpha1.BusinessHours{}, `"" is not the name of a time zone`},
		"hour":         {imv1alpha1.BusinessHours{TimeZone: "UTC", Periods: []imv1alpha1.BusinessPeriod{{Days: monday, From: "25:00", To: "26:00"}}}, `"25:00" is not a time of day`},
		"minute":       {imv1alpha1.BusinessHours{TimeZone: "UTC", Periods: []imv1alpha1.BusinessPeriod{{Days: monday, From: "09:00", To: "09:60"}}}, `"09:60" is not a time of day`},
		"form":         {imv1alpha1.BusinessHours{TimeZone: "UTC", Periods: []imv1alpha1.BusinessPeriod{{Days: monday, From: "9:00", To: "10:00"}}}, `"9:00" is not a time of day`},
		"day":          {imv1alpha1.BusinessHours{TimeZone: "UTC", Periods: []imv1alpha1.BusinessPeriod{{Days: []imv1alpha1.Weekday{"Mon"}, From: "09:00", To: "10:00"}}}, `"Mon" is not a day of the week`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if open, err := Open(&tc.hours, start); err == nil || open || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, %v, want %s", open, err, tc.want)
			}
		})
	}
}
