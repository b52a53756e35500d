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
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/activity"
)

// maxReportedFields is the bound of the list in status.
const maxReportedFields = 32

// report turns the numbers of a room into status. Nothing counted is nil. Only a
// live group has an audience: of other groups nobody knows who was in before.
func report(n *activity.Numbers, live bool) *imv1alpha1.RoomActivity {
	if n.Heard == 0 && !n.Audience {
		return nil
	}
	status := &imv1alpha1.RoomActivity{
		Messages: n.Messages, Senders: n.Senders, Blocked: n.Blocked, Masked: n.Masked,
		Joined: n.Joined, Left: n.Left,
	}
	if live && n.Audience {
		status.Online, status.PeakOnline = &n.Online, n.Peak
	}
	for name, count := range n.Events {
		status.Events = append(status.Events, imv1alpha1.EventCount{Name: name, Count: count})
	}
	slices.SortFunc(status.Events, func(a, b imv1alpha1.EventCount) int { return cmp.Compare(a.Name, b.Name) })
	if n.LastMinute > 0 {
		last := metav1.NewTime(n.LastMessage())
		status.LastMessageTime = &last
	}
	return status
}

// drift is a report of different fields.
func drift(fields []string, sequence uint64, millis int64) *imv1alpha1.ReportedDrift {
	slices.Sort(fields)
	for i, field := range fields {
		fields[i] = strings.ToValidUTF8(field[:min(len(field), 64)], "")
	}
	return &imv1alpha1.ReportedDrift{
		Time: metav1.NewTime(time.UnixMilli(millis).Truncate(time.Second)), Sequence: int64(sequence),
		Fields: fields[:min(len(fields), maxReportedFields)],
	}
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
