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

package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Finding is what one condition says.
type Finding struct {
	Status  metav1.ConditionStatus
	Reason  string
	Message string
}

// findings computes the kind's own conditions from the facts of a pass.
func findings[D, S any](owned []string, before imv1alpha1.Object, pass *Pass[D, S]) map[string]Finding {
	found := make(map[string]Finding, len(owned))
	for _, condition := range owned {
		found[condition] = finding(condition, before, pass)
	}
	return found
}

func finding[D, S any](condition string, before imv1alpha1.Object, pass *Pass[D, S]) Finding {
	for _, failure := range pass.Failures {
		if failure.Change.Condition == condition {
			return Finding{metav1.ConditionFalse, judge(failure.Err).reason, failure.describe()}
		}
	}
	if stuck := pathsOf(pass, condition, true); len(stuck) > 0 {
		return Finding{metav1.ConditionFalse, imv1alpha1.ReasonNotConverging, fmt.Sprintf(
			"%s: IM accepts the write and keeps returning something else; change the value, or set the annotation %s to try again",
			bounded(strings.Join(stuck, ", "), maxMessageBytes/2), imv1alpha1.AnnotationReconcileAt)}
	}
	if pass.Err != nil && !slices.Contains(pass.settled, condition) {
		return unseen(condition, before, pass)
	}
	if pass.ReadOnly {
		if differing := pathsOf(pass, condition, false); len(differing) > 0 {
			return Finding{metav1.ConditionFalse, imv1alpha1.ReasonDriftDetected,
				cut("different in IM: " + strings.Join(differing, ", "))}
		}
	}
	return Finding{metav1.ConditionTrue, imv1alpha1.ReasonAsDeclared, ""}
}

// unseen is what can be said of a condition when the pass ended early. If IM was
// not even read, what was found for this generation before still is the last
// thing known; Ready says what is in the way.
func unseen[D, S any](condition string, before imv1alpha1.Object, pass *Pass[D, S]) Finding {
	was := meta.FindStatusCondition(before.GetObjectStatus().Conditions, condition)
	if pass.Observed == nil && was != nil && was.Status != metav1.ConditionUnknown && was.ObservedGeneration == before.GetGeneration() {
		return Finding{was.Status, was.Reason, was.Message}
	}
	v := judge(pass.Err)
	return Finding{metav1.ConditionUnknown, v.reason, v.message}
}

// pathsOf lists the planned paths of a condition, or only those given up.
func pathsOf[D, S any](pass *Pass[D, S], condition string, givenUp bool) []string {
	var paths []string
	for _, change := range pass.Planned {
		if change.Condition != condition {
			continue
		}
		mine := imv1alpha1.UnconvergedChange{Path: change.Path, Digest: change.Digest()}
		if !givenUp || slices.Contains(pass.GivenUp, mine) {
			paths = append(paths, change.Path)
		}
	}
	return paths
}

// summarise makes Ready of what ended the pass, or of the first condition that
// is not True.
func summarise[D, S any](owned []string, found map[string]Finding, pass *Pass[D, S]) Finding {
	if pass.Err != nil {
		v := judge(pass.Err)
		status := metav1.ConditionFalse
		if v.reason == imv1alpha1.ReasonPaused {
			status = metav1.ConditionUnknown
		}
		return Finding{status, v.reason, v.message}
	}
	for _, condition := range owned {
		if f := found[condition]; f.Status != metav1.ConditionTrue {
			return Finding{metav1.ConditionFalse, f.Reason, f.Message}
		}
	}
	return Finding{metav1.ConditionTrue, imv1alpha1.ReasonAsDeclared, ""}
}

// SetConditions writes Ready, the owned conditions and what kstatus expects.
// Reconciling and Stalled exist only while they are true.
func SetConditions(obj imv1alpha1.Object, ready Finding, owned []string, found map[string]Finding) {
	status := obj.GetObjectStatus()
	generation := obj.GetGeneration()
	set := func(condition string, f Finding) {
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{
			Type: condition, Status: f.Status, Reason: f.Reason, Message: f.Message, ObservedGeneration: generation,
		})
	}
	set(imv1alpha1.ConditionReady, ready)
	for _, condition := range owned {
		set(condition, found[condition])
	}
	stalled := policies[ready.Reason].stalled
	abnormal := Finding{metav1.ConditionTrue, ready.Reason, ready.Message}
	switch {
	case ready.Status == metav1.ConditionTrue, ready.Reason == imv1alpha1.ReasonPaused:
		meta.RemoveStatusCondition(&status.Conditions, imv1alpha1.ConditionReconciling)
		meta.RemoveStatusCondition(&status.Conditions, imv1alpha1.ConditionStalled)
	case stalled:
		meta.RemoveStatusCondition(&status.Conditions, imv1alpha1.ConditionReconciling)
		set(imv1alpha1.ConditionStalled, abnormal)
	default:
		meta.RemoveStatusCondition(&status.Conditions, imv1alpha1.ConditionStalled)
		set(imv1alpha1.ConditionReconciling, abnormal)
	}
	status.ObservedGeneration = generation
	status.LastHandledReconcileAt = requestToken(obj)
}

// Own returns the conditions that the controller writes: Ready, what kstatus
// expects and those named. Conditions of other writers stay theirs only as long
// as they are not in what the controller applies.
func Own(conditions []metav1.Condition, named ...string) []metav1.Condition {
	return slices.DeleteFunc(slices.Clone(conditions), func(condition metav1.Condition) bool {
		switch condition.Type {
		case imv1alpha1.ConditionReady, imv1alpha1.ConditionReconciling, imv1alpha1.ConditionStalled:
			return false
		}
		return !slices.Contains(named, condition.Type)
	})
}

// maxTokenBytes bounds the part of a reconcile-at annotation that counts.
const maxTokenBytes = 256

// requestToken is what the user asks a pass with.
func requestToken(obj imv1alpha1.Object) string {
	return bounded(obj.GetAnnotations()[imv1alpha1.AnnotationReconcileAt], maxTokenBytes)
}

// bounded cuts a text to a number of bytes without breaking a character.
func bounded(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// soonest returns the smallest positive wait, zero when there is none.
func soonest(waits ...time.Duration) time.Duration {
	var least time.Duration
	for _, w := range waits {
		if w > 0 && (least == 0 || w < least) {
			least = w
		}
	}
	return least
}

func keyOf(obj metav1.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: obj.GetNamespace(), Name: obj.GetName()}
}
