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

package live

import "time"

// Window decides when a URL that is valid for so long ends, and when the next one is
// due. Time is divided into steps of two thirds of the validity; a URL made at any
// time of a step ends a third of the validity after the step does. So all of a step
// agree on one URL without remembering it, a new one is there long before the old
// one ends, and nothing changes in between.
//
// The offset shifts the steps, so that not all URLs change at once. Validity must be
// at least some seconds; times are whole seconds.
func Window(now time.Time, validity, offset time.Duration) (expires, next time.Time) {
	step := max(1, int64(validity/time.Second)*2/3)
	shift := int64(offset/time.Second) % step
	at := now.Unix() - shift
	begin := at - ((at%step)+step)%step + shift
	next = time.Unix(begin+step, 0)
	return time.Unix(begin, 0).Add(validity.Truncate(time.Second)), next
}
