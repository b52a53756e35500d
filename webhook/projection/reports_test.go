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

package projection

import (
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/activity"
)

// report at a sequence of fields that differ.
func reportAt(sequence uint64, fields ...string) seen {
	return seen{sequence, epoch.UnixMilli(), func() []string { return fields }}
}

func driftAt(sequence int64, fields ...string) *imv1alpha1.ReportedDrift {
	return &imv1alpha1.ReportedDrift{Time: metav1.NewTime(epoch), Sequence: sequence, Fields: fields}
}

func TestJudge(t *testing.T) {
	older := driftAt(3, "name")
	for name, c := range map[string]struct {
		settled uint64
		before  *imv1alpha1.ReportedDrift
		last    seen
		want    judgement
	}{
		"nothing was ever reported":           {0, nil, reportAt(0, "name"), judgement{settled: true}},
		"settled before":                      {5, older, reportAt(5, "name"), judgement{report: older, settled: true}},
		"in status, written by another pod":   {0, driftAt(5, "x"), reportAt(5, "name"), judgement{report: driftAt(5, "x"), settled: true}},
		"no difference":                       {0, nil, reportAt(5), judgement{settled: true}},
		"no difference, an older one stays":   {0, older, reportAt(5), judgement{report: older, settled: true}},
		"a difference":                        {0, nil, reportAt(5, "owner", "name"), judgement{report: driftAt(5, "name", "owner"), hint: true, settled: true}},
		"a difference after an older one":     {3, older, reportAt(5, "owner"), judgement{report: driftAt(5, "owner"), hint: true, settled: true}},
		"a newer report than the settled one": {4, nil, reportAt(5, "owner"), judgement{report: driftAt(5, "owner"), hint: true, settled: true}},
	} {
		r := newReports()
		r.settled = c.settled
		if got := r.judge(epoch, c.before, c.last); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, c.want)
		}
	}
	if got := report(&activity.Numbers{Joined: 3, Online: 3, Peak: 3, Audience: true, Heard: 1}, false); !reflect.DeepEqual(got, &imv1alpha1.RoomActivity{Joined: 3}) {
		t.Errorf("a group that is not live has an audience: %+v", got)
	}
}

// One object wakes the controller a few times at once and then now and then. A
// report above that bound is looked at again when there is room, and counts only
// when it is written.
func TestHintsAreBounded(t *testing.T) {
	r := newReports()
	now, sequence := epoch, uint64(0)
	write := func() judgement {
		sequence++
		made := r.judge(now, nil, reportAt(sequence, "name"))
		r.wrote(now, made, sequence)
		return made
	}
	for i := range hintBurst {
		if made := write(); !made.hint {
			t.Fatalf("report %d: %+v", i, made)
		}
	}
	made := write()
	if made.hint || made.settled || made.report != nil {
		t.Fatalf("a report above the bound: %+v", made)
	}
	if wait := made.again.Sub(now); wait < hintEvery || wait > hintEvery+10*time.Millisecond {
		t.Errorf("looked at again after %s", wait)
	}
	// Looked at again in time, it is the newest report.
	now = made.again
	if again := r.judge(now, nil, reportAt(sequence, "name")); !again.hint || !reflect.DeepEqual(again.report, driftAt(int64(sequence), "name")) {
		t.Errorf("looked at again: %+v", again)
	}
	// What was not written does not count against the bound.
	for range 10 {
		if made := r.judge(now, nil, reportAt(sequence, "name")); !made.hint {
			t.Fatalf("%+v", made)
		}
	}
	if made := write(); !made.hint {
		t.Errorf("%+v", made)
	}
	// A quiet time fills it again, but no further.
	now = now.Add(time.Hour)
	for range hintBurst {
		if made := write(); !made.hint {
			t.Errorf("%+v", made)
		}
	}
	if made := write(); made.hint {
		t.Errorf("%+v", made)
	}
}

// What is settled is not compared again, even if spec changes later: the
// controller looks at that by itself.
func TestSettledReportsAreNotCompared(t *testing.T) {
	r := newReports()
	compared := 0
	last := seen{7, epoch.UnixMilli(), func() []string {
		compared++
		return nil
	}}
	for range 3 {
		made := r.judge(epoch, nil, last)
		r.wrote(epoch, made, 7)
	}
	if compared != 1 {
		t.Errorf("compared %d times", compared)
	}
}

func TestDrift(t *testing.T) {
	long := strings.Repeat("x", 62) + "直播"
	var many, first []string
	for i := range 40 {
		field := "attributes." + string(rune('A'+i/26)) + string(rune('a'+i%26))
		many = append([]string{field}, many...)
		if i < maxReportedFields {
			first = append(first, field)
		}
	}
	for name, c := range map[string]struct {
		fields []string
		want   []string
	}{
		"in order":           {[]string{"owner", "name"}, []string{"name", "owner"}},
		"a cut character":    {[]string{long}, []string{strings.Repeat("x", 62)}},
		"no text at all":     {[]string{"attributes.\xff\xfe"}, []string{"attributes."}},
		"more than can be":   {many, first},
		"as many as can be":  {first, first},
		"as long as can be:": {[]string{strings.Repeat("y", 64)}, []string{strings.Repeat("y", 64)}},
	} {
		got := drift(append([]string(nil), c.fields...), 9, epoch.UnixMilli()+999)
		if want := (&imv1alpha1.ReportedDrift{Time: metav1.NewTime(epoch), Sequence: 9, Fields: c.want}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

func TestReport(t *testing.T) {
	last := metav1.NewTime(time.Unix(60*29397471, 0))
	for name, c := range map[string]struct {
		numbers activity.Numbers
		want    *imv1alpha1.RoomActivity
	}{
		"nothing counted": {activity.Numbers{}, nil},
		"everything": {
			activity.Numbers{
				Messages: 9, Senders: 2, Events: map[string]int64{"other": 1, "LIKE": 5, "BUY": 3}, Blocked: 4, Masked: 3, Joined: 8, Left: 6, Online: 2,
				Peak: 7, Audience: true, LastMinute: 29397471, Heard: 12,
			},
			&imv1alpha1.RoomActivity{
				Messages: 9, Senders: 2, Events: []imv1alpha1.EventCount{{Name: "BUY", Count: 3}, {Name: "LIKE", Count: 5}, {Name: "other", Count: 1}},
				Blocked: 4, Masked: 3, Joined: 8, Left: 6, Online: new(int64(2)), PeakOnline: 7, LastMessageTime: &last,
			},
		},
		"messages, and an audience of which nobody told": {
			activity.Numbers{Messages: 1, Senders: 1, LastMinute: 29397471, Heard: 1},
			&imv1alpha1.RoomActivity{Messages: 1, Senders: 1, LastMessageTime: &last},
		},
		"an audience of nobody": {activity.Numbers{Audience: true}, &imv1alpha1.RoomActivity{Online: new(int64(0))}},
		"moderation alone":      {activity.Numbers{Blocked: 1, Heard: 1}, &imv1alpha1.RoomActivity{Blocked: 1}},
	} {
		if got := report(&c.numbers, true); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, c.want)
		}
	}
}
