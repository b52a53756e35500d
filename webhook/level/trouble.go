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

package level

import (
	"sync"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// troubles are why levels cannot be written, by the UID of the policy.
type troubles struct {
	mu     sync.Mutex
	reason map[string]string
}

// reasons are what conditions say of errors that do not pass by themselves.
// Others pass, or show with the ImApp.
var reasons = map[im.Class]string{
	im.FieldNotRegistered: imv1alpha1.ReasonFieldNotRegistered,
	im.NotPermitted:       imv1alpha1.ReasonNotPermitted,
}

// note keeps an error that somebody has to do something about.
func (t *troubles) note(tasks []task, err error, changed func()) {
	reason, lasting := reasons[im.ClassOf(err)]
	if lasting {
		t.set(tasks, reason, changed)
	}
}

// clear forgets the troubles of policies whose levels were written.
func (t *troubles) clear(tasks []task, changed func()) { t.set(tasks, "", changed) }

func (t *troubles) set(tasks []task, reason string, changed func()) {
	t.mu.Lock()
	news := false
	for _, one := range tasks {
		if t.reason[one.policy] == reason {
			continue
		}
		news = true
		if reason == "" {
			delete(t.reason, one.policy)
			continue
		}
		if t.reason == nil {
			t.reason = map[string]string{}
		}
		t.reason[one.policy] = reason
	}
	t.mu.Unlock()
	if news && changed != nil {
		changed()
	}
}

// Trouble is the reason for which the levels of a policy cannot be written, as
// conditions have it; empty when they can.
func (w *Writer) Trouble(uid string) string {
	w.troubles.mu.Lock()
	defer w.troubles.mu.Unlock()
	return w.troubles.reason[uid]
}
