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
	"testing"
	"time"

	. "github.com/onsi/gomega"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

func TestHours(t *testing.T) {
	t.Parallel()
	weekdays := imv1alpha1.BusinessPeriod{Days: []imv1alpha1.Weekday{
		imv1alpha1.WeekdayMonday, imv1alpha1.WeekdayTuesday, imv1alpha1.WeekdayWednesday, imv1alpha1.WeekdayThursday, imv1alpha1.WeekdayFriday,
	}, From: "09:00", To: "18:00"}
	night := imv1alpha1.BusinessPeriod{Days: []imv1alpha1.Weekday{imv1alpha1.WeekdaySaturday}, From: "22:00", To: "06:00"}
	always := imv1alpha1.BusinessPeriod{Days: []imv1alpha1.Weekday{
		imv1alpha1.WeekdayMonday, imv1alpha1.WeekdayTuesday, imv1alpha1.WeekdayWednesday, imv1alpha1.WeekdayThursday, imv1alpha1.WeekdayFriday,
		imv1alpha1.WeekdaySaturday, imv1alpha1.WeekdaySunday,
	}, From: "00:00", To: "24:00"}
	for _, c := range []struct {
		name    string
		zone    string
		periods []imv1alpha1.BusinessPeriod
		at      string
		open    bool
		change  string
	}{
		{name: "before it opens", zone: "Asia/Shanghai", periods: []imv1alpha1.BusinessPeriod{weekdays}, at: "2026-11-23T08:59:59+08:00", change: "2026-11-23T09:00:00+08:00"},
		{name: "as it opens", zone: "Asia/Shanghai", periods: []imv1alpha1.BusinessPeriod{weekdays}, at: "2026-11-23T09:00:00+08:00", open: true, change: "2026-11-23T18:00:00+08:00"},
		{name: "seen from elsewhere", zone: "Asia/Shanghai", periods: []imv1alpha1.BusinessPeriod{weekdays}, at: "2026-11-23T02:00:00Z", open: true, change: "2026-11-23T10:00:00Z"},
		{name: "as it closes", zone: "Asia/Shanghai", periods: []imv1alpha1.BusinessPeriod{weekdays}, at: "2026-11-23T18:00:00+08:00", change: "2026-11-24T09:00:00+08:00"},
		{name: "over the weekend", zone: "Asia/Shanghai", periods: []imv1alpha1.BusinessPeriod{weekdays}, at: "2026-11-27T18:00:00+08:00", change: "2026-11-30T09:00:00+08:00"},
		{name: "into the next week", zone: "UTC", periods: []imv1alpha1.BusinessPeriod{night}, at: "2026-11-22T05:59:00Z", open: true, change: "2026-11-22T06:00:00Z"},
		{name: "the night begins", zone: "UTC", periods: []imv1alpha1.BusinessPeriod{night}, at: "2026-11-28T22:00:00Z", open: true, change: "2026-11-29T06:00:00Z"},
		{name: "overlapping", zone: "UTC", periods: []imv1alpha1.BusinessPeriod{weekdays, night, {
			Days: []imv1alpha1.Weekday{imv1alpha1.WeekdayMonday}, From: "17:00", To: "20:00",
		}}, at: "2026-11-23T17:30:00Z", open: true, change: "2026-11-23T20:00:00Z"},
		{name: "around the clock", zone: "UTC", periods: []imv1alpha1.BusinessPeriod{always}, at: "2026-11-23T00:00:00Z", open: true},
		{
			name: "the clock is put forward over the beginning", zone: "Europe/Berlin", at: "2026-03-29T00:30:00Z", change: "2026-03-29T01:00:00Z",
			periods: []imv1alpha1.BusinessPeriod{{Days: []imv1alpha1.Weekday{imv1alpha1.WeekdaySunday}, From: "02:30", To: "12:00"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			hours, err := NewHours(&imv1alpha1.BusinessHours{TimeZone: c.zone, Periods: c.periods})
			g.Expect(err).NotTo(HaveOccurred())
			at, err := time.Parse(time.RFC3339, c.at)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(hours.Open(at)).To(Equal(c.open))
			change := hours.Change(at)
			if c.change == "" {
				g.Expect(change).To(BeZero())
				return
			}
			want, err := time.Parse(time.RFC3339, c.change)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(change).To(BeTemporally("==", want))
			g.Expect(hours.Open(change)).NotTo(Equal(c.open))
		})
	}
}

func TestHoursThatCannotBeRead(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	_, err := NewHours(&imv1alpha1.BusinessHours{TimeZone: "Asia/Atlantis"})
	g.Expect(err).To(MatchError(ContainSubstring("Asia/Atlantis")))
	_, err = NewHours(&imv1alpha1.BusinessHours{TimeZone: "UTC", Periods: []imv1alpha1.BusinessPeriod{{From: "early", To: "24:00"}}})
	g.Expect(err).To(MatchError(ContainSubstring("periods[0].from")))
	hours, err := NewHours(nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(hours.Open(time.Now())).To(BeTrue())
	g.Expect(hours.Change(time.Now())).To(BeZero())
}
