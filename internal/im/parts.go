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

package im

// outcome is what a batch has for one of its items.
type outcome[Out any] struct {
	value Out
	err   error
	// whole: the error is that of the call for all items, not of this one.
	whole bool
}

// fail gives all items the same error.
func fail[Out any](outcomes []outcome[Out], err error) {
	for i := range outcomes {
		outcomes[i] = outcome[Out]{err: err}
	}
}

// inParts makes one call for all items. When the whole call is refused because of what may be the fault of one item, it
// tries each half on its own, and so on: the others are not punished. mixed, which may be nil, reports whether the items
// differ in the custom fields that they ask for, so that an undefined one may be the fault of some of them only.
func inParts[In, Out any](
	cmd *command, items []In, call func([]In) ([]outcome[Out], error), mixed func([]In) bool,
) []outcome[Out] {
	outcomes, err := call(items)
	if err == nil {
		return outcomes
	}
	e, refused := AsError(err)
	blamed := refused && cmd.blames(e.Code)
	if len(items) > 1 && (blamed || refused && e.Class == FieldNotRegistered && mixed != nil && mixed(items)) {
		half := len(items) / 2
		return append(inParts(cmd, items[:half], call, mixed), inParts(cmd, items[half:], call, mixed)...)
	}
	outcomes = make([]outcome[Out], len(items))
	for i := range outcomes {
		outcomes[i] = outcome[Out]{err: err, whole: !blamed}
	}
	return outcomes
}

// wholeError is the error of a call that failed for all items alike, nil if there is an outcome for any of them.
func wholeError[Out any](outcomes []outcome[Out]) error {
	for _, one := range outcomes {
		if !one.whole {
			return nil
		}
	}
	if len(outcomes) == 0 {
		return nil
	}
	return outcomes[0].err
}
