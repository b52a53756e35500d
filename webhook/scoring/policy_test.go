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

package scoring

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

func read(t *testing.T, body string) *message.Message {
	t.Helper()
	b, err := message.Parse(json.RawMessage(body), "")
	if err != nil {
		t.Fatal(err)
	}
	return &message.Message{Sender: "viewer17", Body: b, Room: message.Room{Labels: map[string]string{"double": "yes"}}}
}

func policy(rules ...imv1alpha1.ScoringRule) *imv1alpha1.UserLevelPolicy {
	return &imv1alpha1.UserLevelPolicy{Spec: imv1alpha1.UserLevelPolicySpec{Scoring: rules}}
}

func TestScore(t *testing.T) {
	t.Parallel()
	const text, custom = imv1alpha1.ScoringMatchText, imv1alpha1.ScoringMatchCustom
	c, err := Compile(policy(
		imv1alpha1.ScoringRule{Name: "chat", Match: text, Points: new(int32(2)), PerUserPerMinute: new(int32(10))},
		imv1alpha1.ScoringRule{Name: "long", Match: text, PointsExpression: `size(text) > 5 ? 3 : 0`},
		imv1alpha1.ScoringRule{Name: "nothing", Match: text, Points: new(int32(0))},
		imv1alpha1.ScoringRule{Name: "gift", Match: custom, Event: "SEND_GIFT", PointsExpression: `int(ext.price) * ("double" in room.labels ? 2 : 1)`, PerUserPerMinute: new(int32(500))},
		imv1alpha1.ScoringRule{Name: "any-gift", Match: custom, Event: "SEND_GIFT", Points: new(int32(1))},
		imv1alpha1.ScoringRule{Name: "like", Match: custom, Event: "LIKE", Points: new(int32(1))},
	))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, body string
		want       []Score
		failed     []string
	}{
		{"short text", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]`, []Score{{"chat", 2, 10}}, nil},
		{"long text", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"主播真好看啊"}}]`, []Score{{"chat", 2, 10}, {"long", 3, 0}}, nil},
		{"blank text", `[{"MsgType":"TIMTextElem","MsgContent":{"Text":" "}}]`, nil, nil},
		{"gift", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"SEND_GIFT","Ext":"{\"price\":\"9\"}"}}]`, []Score{{"gift", 18, 500}, {"any-gift", 1, 0}}, nil},
		{"gift without a price", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"SEND_GIFT","Ext":""}}]`, []Score{{"any-gift", 1, 0}}, []string{"gift"}},
		{"another event", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"send_gift","Ext":"{}"}}]`, nil, nil},
		{"like with text", `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"LIKE"}},{"MsgType":"TIMTextElem","MsgContent":{"Text":"!"}}]`, []Score{{"chat", 2, 10}, {"long", 3, 0}, {"like", 1, 0}}, nil},
		{"picture", `[{"MsgType":"TIMImageElem","MsgContent":{"UUID":"LIKE"}}]`, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			scores, failures := c.Score(read(t, tc.body))
			var failed []string
			for _, f := range failures {
				failed = append(failed, f.Rule)
				if f.Err == nil {
					t.Errorf("%s failed without an error", f.Rule)
				}
			}
			if !reflect.DeepEqual(scores, tc.want) || !reflect.DeepEqual(failed, tc.failed) {
				t.Errorf("got %+v and failures %v, want %+v and %v", scores, failed, tc.want, tc.failed)
			}
		})
	}
	if scores, failures := c.Score(&message.Message{}); scores != nil || failures != nil {
		t.Errorf("a message that could not be read: got %v, %v", scores, failures)
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rule imv1alpha1.ScoringRule
		want string
	}{
		{imv1alpha1.ScoringRule{Name: "gift", Match: "Custom", PointsExpression: "ext.("}, `scoring rule "gift": pointsExpression is not valid CEL: line 1, column 5`},
		{imv1alpha1.ScoringRule{Name: "gift", Match: "Custom", PointsExpression: "true"}, `scoring rule "gift": pointsExpression gives bool: make it give an int`},
		{imv1alpha1.ScoringRule{Name: "gift", Match: "Sound", Points: new(int32(1))}, `scoring rule "gift": match "Sound" is not known`},
		{imv1alpha1.ScoringRule{Name: "gift", Match: "Text"}, `scoring rule "gift": set points or pointsExpression`},
	} {
		if _, err := Compile(policy(tc.rule)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want %q", err, tc.want)
		}
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	p := policy()
	p.Spec.Levels = []imv1alpha1.UserLevel{{Level: 3, Points: 1000, Title: "gold"}, {Level: 0, Points: 1}, {Level: 1, Points: 100}}
	c, err := Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	p.Spec.Levels[0].Title = "changed by its owner"
	for points, want := range map[int64]imv1alpha1.UserLevel{
		1: {Level: 0, Points: 1}, 99: {Level: 0, Points: 1}, 100: {Level: 1, Points: 100}, 999: {Level: 1, Points: 100},
		1000: {Level: 3, Points: 1000, Title: "gold"}, 1 << 50: {Level: 3, Points: 1000, Title: "gold"},
	} {
		if got, ok := c.Levels.At(points); !ok || got != want {
			t.Errorf("at %d: got %+v, %v; want %+v", points, got, ok, want)
		}
	}
	for _, points := range []int64{0, -5} {
		if got, ok := c.Levels.At(points); ok {
			t.Errorf("at %d: got %+v, want none", points, got)
		}
	}
	if _, ok := (Levels{}).At(5); ok {
		t.Error("a level out of none")
	}
}
