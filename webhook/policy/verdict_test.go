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

package policy

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
)

// told are conditions without their times, as Type=Status(Reason).
func told(conditions []metav1.Condition) (all []string) {
	for _, c := range conditions {
		all = append(all, fmt.Sprintf("%s=%s(%s) %s @%d", c.Type, c.Status, c.Reason, c.Message, c.ObservedGeneration))
	}
	return all
}

func TestConditions(t *testing.T) {
	excluded := metav1.Condition{Type: imv1alpha1.ConditionAccountsExcluded, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonDeclaredLevel, Message: "two"}
	for name, c := range map[string]struct {
		verdict verdict
		extra   []metav1.Condition
		want    []string
	}{
		"in force":  {verdict{}, nil, []string{"Ready=True(InForce) in force @3", "Compiled=True(InForce) in force @3"}},
		"with more": {verdict{}, []metav1.Condition{excluded}, []string{"Ready=True(InForce) in force @3", "Compiled=True(InForce) in force @3", "AccountsExcluded=True(DeclaredLevel) two @3"}},
		"invalid: nothing will change by itself": {invalid("word 5"), nil,
			[]string{"Ready=False(Invalid) word 5 @3", "Compiled=False(Invalid) word 5 @3", "Stalled=True(Invalid) word 5 @3"}},
		"waiting": {verdict{reason: imv1alpha1.ReasonAppNotFound, message: "create it"}, nil,
			[]string{"Ready=False(AppNotFound) create it @3", "Compiled=False(AppNotFound) create it @3", "Reconciling=True(AppNotFound) create it @3"}},
	} {
		if got := told(conditions(nil, c.verdict, c.extra, 3)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, c.want)
		}
	}
}

// A condition that stays keeps its time; one that is not meant any more goes.
func TestConditionsOverTime(t *testing.T) {
	long := metav1.NewTime(time.Unix(1000, 0))
	before := conditions(nil, invalid("word 5"), nil, 1)
	for i := range before {
		before[i].LastTransitionTime = long
	}
	same := conditions(before, invalid("word 6"), nil, 2)
	for _, c := range same {
		if !c.LastTransitionTime.Equal(&long) || c.Message != "word 6" || c.ObservedGeneration != 2 {
			t.Errorf("%+v", c)
		}
	}
	after := conditions(same, verdict{}, nil, 3)
	if ready := meta.FindStatusCondition(after, imv1alpha1.ConditionReady); ready.LastTransitionTime.Equal(&long) {
		t.Errorf("%+v", ready)
	}
	if meta.FindStatusCondition(after, imv1alpha1.ConditionStalled) != nil || len(after) != 2 {
		t.Errorf("left are %q", told(after))
	}
	if again := conditions(after, verdict{}, nil, 3); !reflect.DeepEqual(again, after) {
		t.Errorf("%+v became %+v", after, again)
	}
}

func TestWaiting(t *testing.T) {
	if v, waits := waiting(&hold.Error{Reason: "R", Message: "m"}); !waits || v != (verdict{reason: "R", message: "m"}) || v.ok() {
		t.Errorf("got %+v, %v", v, waits)
	}
	for _, err := range []error{nil, errors.New("down")} {
		if v, waits := waiting(err); waits || !v.ok() {
			t.Errorf("%v: got %+v, %v", err, v, waits)
		}
	}
}

// Of two claims the older one is first; at the same second names decide.
func TestOlder(t *testing.T) {
	policyAt := func(second int64, namespace, name string) *imv1alpha1.UserLevelPolicy {
		return &imv1alpha1.UserLevelPolicy{ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(time.Unix(second, 0)),
		}}
	}
	ordered := []*imv1alpha1.UserLevelPolicy{policyAt(1, "z", "z"), policyAt(2, "a", "b"), policyAt(2, "a", "c"), policyAt(2, "b", "a"), policyAt(3, "a", "a")}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := older(a, b); got != (i < j) {
				t.Errorf("%d before %d: %v", i, j, got)
			}
		}
	}
}

func TestExcluded(t *testing.T) {
	declaring := func(n int) *LevelReconciler {
		return &LevelReconciler{Config{Declares: func(app types.NamespacedName, tag string) (all []types.NamespacedName) {
			if app != live || tag != "Tag_Profile_Custom_Tier" {
				t.Errorf("asked for %s of %s", tag, app)
			}
			for i := range n {
				all = append(all, in("shop", fmt.Sprintf("u%d", i)))
			}
			return all
		}}}
	}
	p := &imv1alpha1.UserLevelPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "levels"}}
	p.Spec.AppRef.Name, p.Spec.ProfileTag = "live", "Tag_Profile_Custom_Tier"
	if c := declaring(0).excluded(p); c != nil {
		t.Errorf("got %+v", c)
	}
	for n, want := range map[int]string{
		1:   "1 ImAccounts declare Tag_Profile_Custom_Tier themselves, and keep it: [shop/u0]",
		100: "100 ImAccounts declare Tag_Profile_Custom_Tier themselves, and keep it: [shop/u0 shop/u1 shop/u2 shop/u3 shop/u4]",
	} {
		c := declaring(n).excluded(p)
		if !reflect.DeepEqual(c, []metav1.Condition{{
			Type: imv1alpha1.ConditionAccountsExcluded, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonDeclaredLevel, Message: want,
		}}) {
			t.Errorf("got %+v", c)
		}
	}
}
