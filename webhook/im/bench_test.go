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

package im_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/fold"
	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/level"
	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
	"github.com/liveroom-io/liveroom-operator/webhook/policy"
)

// BenchmarkAfterSend is everything that a message costs the pod but the network:
// the handler, the journal on disk, and the counting.
func BenchmarkAfterSend(b *testing.B) {
	j, err := journal.Open(b.Context(), journal.Options{Embedded: &journal.Embedded{Dir: b.TempDir()}})
	if err != nil {
		b.Fatal(err)
	}
	owner, err := journal.NewOwner(j, "bench", fold.New(logr.Discard(), func(string, *level.User) {}), journal.OwnerOptions{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(b.Context()))
	ended := make(chan error, 1)
	go func() { ended <- owner.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		if err := j.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	metrics, err := webhookim.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		b.Fatal(err)
	}
	known, token := directory.New(), []byte("token")
	app := types.NamespacedName{Namespace: "im", Name: "app"}
	known.PutApp(&directory.App{
		Key: app, SDKAppID: 1400000001, Token: token, Segment: webhookim.Segment(token, app.Namespace, app.Name),
		Heard: directory.NewHeard(func() {}),
	})
	for i := range 1000 {
		known.PutRoom(&imv1alpha1.LiveRoom{
			ObjectMeta: metav1.ObjectMeta{Namespace: "im", Name: fmt.Sprint(i), UID: types.UID(fmt.Sprintf("00000000-0000-0000-0000-%012d", i))},
			Spec:       imv1alpha1.LiveRoomSpec{AppRef: imv1alpha1.AppReference{Name: "app"}, GroupID: fmt.Sprintf("room_%d", i)},
			Status: imv1alpha1.LiveRoomStatus{GroupID: fmt.Sprintf("room_%d", i), ObjectStatus: imv1alpha1.ObjectStatus{
				Conditions: []metav1.Condition{{Type: imv1alpha1.ConditionReady, Reason: imv1alpha1.ReasonAsDeclared}},
			}},
		})
	}
	h := webhookim.New(webhookim.Handler{
		Directory: known, Policies: policy.NewSet(), Limiter: moderation.NewLimiter(), Journal: j,
		Clock: clock.RealClock{}, Metrics: metrics, Log: logr.Discard(),
	})
	second := strconv.FormatInt(time.Now().Unix(), 10)
	target := webhookim.Path(token, app.Namespace, app.Name) + "?SdkAppid=1400000001&CallbackCommand=Group.CallbackAfterSendMsg&contenttype=json&ClientIP=203.0.113.7&OptPlatform=Web&Sign=" +
		webhookim.Sign(token, second) + "&RequestTime=" + second
	var number atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := number.Add(1)
			body := fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"room_%d","Type":"AVChatRoom","From_Account":"viewer%d","Operator_Account":"viewer%d",`+
				`"Random":%d,"OnlineOnlyFlag":0,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"how much is it?"}}],"CloudCustomData":"","EventTime":%d,"MsgSeq":%d,"MsgTime":%s}`,
				n%1000, n%10000, n%10000, uint32(n), time.Now().UnixMilli(), n, second)
			request := httptest.NewRequestWithContext(b.Context(), "POST", target, strings.NewReader(body))
			request.SetPathValue("namespace", app.Namespace)
			request.SetPathValue("imapp", app.Name)
			request.SetPathValue("segment", webhookim.Segment(token, app.Namespace, app.Name))
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, request)
			if recorder.Code != 200 {
				b.Fatal(recorder.Code, recorder.Body)
			}
		}
	})
}
