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
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/webhook/moderation"
	"github.com/liveroom-io/liveroom-operator/webhook/scoring"
)

var live = types.NamespacedName{Namespace: "shop", Name: "live"}

func in(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}

func scopeOf(t *testing.T, policy, app types.NamespacedName, selector *metav1.LabelSelector) Scope {
	t.Helper()
	scope, err := NewScope(policy, app, selector)
	if err != nil {
		t.Fatal(err)
	}
	return scope
}

// moderating is a compiled policy with a name.
func moderating(t *testing.T, name types.NamespacedName) *moderation.Compiled {
	t.Helper()
	p := &imv1alpha1.ModerationPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}
	p.Spec.Enforcement, p.Spec.Action = imv1alpha1.EnforcementCallback, imv1alpha1.ModerationActionDrop
	compiled, err := moderation.Compile(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func leveling(t *testing.T, name types.NamespacedName, uid string) *scoring.Compiled {
	t.Helper()
	compiled, err := scoring.Compile(&imv1alpha1.UserLevelPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name, UID: types.UID(uid)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestScope(t *testing.T) {
	gold := &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "gold"}}
	either := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: "tier", Operator: metav1.LabelSelectorOpIn, Values: []string{"gold", "iron"}},
	}}
	not := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpDoesNotExist}}}
	room := func(namespace string, labels ...string) Subject {
		s := Subject{App: live, Namespace: namespace, Labels: map[string]string{}}
		for i := 0; i < len(labels); i += 2 {
			s.Labels[labels[i]] = labels[i+1]
		}
		return s
	}
	for name, c := range map[string]struct {
		policy   types.NamespacedName
		selector *metav1.LabelSelector
		room     Subject
		want     bool
	}{
		"beside the ImApp, a room beside it":         {in("shop", "p"), nil, room("shop"), true},
		"beside the ImApp, a room elsewhere":         {in("shop", "p"), nil, room("mall"), true},
		"elsewhere, a room beside it":                {in("mall", "p"), nil, room("mall"), true},
		"elsewhere, a room beside the ImApp":         {in("mall", "p"), nil, room("shop"), false},
		"elsewhere, a room in a third place":         {in("mall", "p"), nil, room("kiosk"), false},
		"another application":                        {in("shop", "p"), nil, Subject{App: in("shop", "other"), Namespace: "shop"}, false},
		"an application of the same name":            {in("shop", "p"), nil, Subject{App: in("mall", "live"), Namespace: "shop"}, false},
		"a label":                                    {in("shop", "p"), gold, room("shop", "tier", "gold", "x", "y"), true},
		"another value":                              {in("shop", "p"), gold, room("shop", "tier", "iron"), false},
		"no label":                                   {in("shop", "p"), gold, room("shop"), false},
		"one of two values":                          {in("shop", "p"), either, room("shop", "tier", "iron"), true},
		"the absence of a label":                     {in("shop", "p"), not, room("shop"), true},
		"the presence of a label that must not be":   {in("shop", "p"), not, room("shop", "tier", "gold"), false},
		"an empty selector":                          {in("shop", "p"), &metav1.LabelSelector{}, room("shop", "tier", "gold"), true},
		"a label does not make up for the namespace": {in("mall", "p"), gold, room("shop", "tier", "gold"), false},
	} {
		scope := scopeOf(t, c.policy, live, c.selector)
		if got := scope.Covers(c.room); got != c.want {
			t.Errorf("%s: covers %v, want %v", name, got, c.want)
		}
	}
	_, err := NewScope(in("shop", "p"), live, &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "no label value!"}})
	if err == nil || !strings.HasPrefix(err.Error(), "spec.roomSelector: ") {
		t.Errorf("got %v", err)
	}
}

// The rules of a room are in the order of the policies' names, whatever the
// order in which they came.
func TestSet(t *testing.T) {
	set, memo := NewSet(), &Memo{}
	room := Subject{App: live, Namespace: "mall"}
	rules := func(want ...*moderation.Compiled) {
		t.Helper()
		if got := memo.Get(set, room).Moderation; !reflect.DeepEqual(got, want) {
			t.Errorf("rules %v, want %v", names(got), names(want))
		}
	}
	rules()
	a, b, c, foreign := moderating(t, in("mall", "z")), moderating(t, in("shop", "a")), moderating(t, in("shop", "b")), moderating(t, in("kiosk", "a"))
	for _, p := range []*moderation.Compiled{c, foreign, a, b} {
		set.PutModeration(scopeOf(t, p.Name(), live, nil), p)
	}
	rules(a, b, c)
	if !set.HasModeration(in("shop", "a")) || set.HasModeration(in("shop", "z")) {
		t.Error("the set does not know what is in it")
	}
	newer := moderating(t, in("shop", "a"))
	set.PutModeration(scopeOf(t, newer.Name(), live, nil), newer)
	if got := memo.Get(set, room).Moderation[1]; got != newer {
		t.Error("the older version is still in force")
	}
	set.RemoveModeration(in("shop", "a"))
	set.RemoveModeration(in("shop", "a"))
	rules(a, c)
	if set.HasModeration(in("shop", "a")) {
		t.Error("a policy that was removed is in the set")
	}

	first, second := leveling(t, in("shop", "l"), "uid-1"), leveling(t, in("shop", "k"), "uid-2")
	set.PutScoring(scopeOf(t, in("shop", "l"), live, nil), first)
	set.PutScoring(scopeOf(t, in("shop", "k"), live, nil), second)
	if got := memo.Get(set, room).Scoring; len(got) != 2 || got[0] != second || got[1] != first {
		t.Errorf("scoring %v", got)
	}
	if set.Scoring("uid-1") != first || set.Scoring("uid-2") != second || set.Scoring("uid-3") != nil {
		t.Error("policies are not found by UID")
	}
	set.RemoveScoring(in("shop", "l"))
	set.RemoveScoring(in("shop", "l"))
	if set.Scoring("uid-1") != nil || len(memo.Get(set, room).Scoring) != 1 || len(memo.Get(set, room).Moderation) != 2 {
		t.Error("the policy is still in force")
	}
}

func names(policies []*moderation.Compiled) (all []string) {
	for _, p := range policies {
		all = append(all, p.Name().String())
	}
	return all
}

// A memo finds the rules once for each change of the set, and for each set.
func TestMemo(t *testing.T) {
	set, memo := NewSet(), &Memo{}
	room := Subject{App: live, Namespace: "shop"}
	first := memo.Get(set, room)
	if memo.Get(set, room) != first {
		t.Error("rules were found twice")
	}
	set.RemoveModeration(in("shop", "nobody")) // no change
	if memo.Get(set, room) != first {
		t.Error("rules were found anew without a change")
	}
	p := moderating(t, in("shop", "a"))
	set.PutModeration(scopeOf(t, p.Name(), live, nil), p)
	second := memo.Get(set, room)
	if second == first || len(first.Moderation) != 0 || len(second.Moderation) != 1 {
		t.Errorf("first %v, then %v", first, second)
	}
	if other := memo.Get(NewSet(), room); len(other.Moderation) != 0 {
		t.Errorf("another set has %v", other)
	}
}

// Rooms ask while policies change; what they get is one state of the set.
func TestSetIsConsistent(t *testing.T) {
	set, memo := NewSet(), &Memo{}
	room := Subject{App: live, Namespace: "shop"}
	var changes, readers sync.WaitGroup
	done := make(chan struct{})
	for i := range 4 {
		name := in("shop", "p"+strconv.Itoa(i))
		p, scope := moderating(t, name), scopeOf(t, name, live, nil)
		changes.Go(func() {
			for range 100 {
				set.PutModeration(scope, p)
				set.HasModeration(name)
				set.RemoveModeration(name)
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				rules := memo.Get(set, room).Moderation
				for i := 1; i < len(rules); i++ {
					if compareNames(rules[i-1].Name(), rules[i].Name()) >= 0 {
						t.Errorf("rules %v", names(rules))
						return
					}
				}
			}
		})
	}
	changes.Wait()
	close(done)
	readers.Wait()
	if rules := memo.Get(set, room).Moderation; len(rules) != 0 {
		t.Errorf("left in force: %v", names(rules))
	}
}
