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

package v1alpha1

import (
	"fmt"
	"testing"
)

func TestCallbacksCreation(t *testing.T) {
	t.Parallel()
	taken := func(change func(*Callbacks)) func(*ImApp) {
		return func(a *ImApp) {
			a.Spec.Callbacks = &Callbacks{TokenSecretRef: SecretReference{Name: "callback"}}
			change(a.Spec.Callbacks)
		}
	}
	events := func(names ...string) func(*ImApp) {
		return taken(func(c *Callbacks) { c.CustomEvents = names })
	}
	many := func(n int) []string {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("EVENT_%d", i)
		}
		return names
	}
	silent := func(seconds int32) func(*ImApp) {
		return taken(func(c *Callbacks) { c.SilentAfterSeconds = &seconds })
	}
	proveCreations(t, validApp, func(a ImApp) *ImApp { return a.DeepCopy() }, []creation[ImApp]{
		{"token", taken(func(*Callbacks) {}), ""},
		{"no Secret name", taken(func(c *Callbacks) { c.TokenSecretRef.Name = "" }), "spec.callbacks.tokenSecretRef.name"},
		{"addresses of IM", taken(func(c *Callbacks) { c.SourceAddresses = SourceAddressesProvider }), ""},
		{"all addresses", taken(func(c *Callbacks) { c.SourceAddresses = SourceAddressesAny }), ""},
		{"unknown addresses", taken(func(c *Callbacks) { c.SourceAddresses = "Mine" }), unsupported},
		{"events", events("LIKE", "点赞"), ""},
		{"32 events", events(many(MaxCustomEvents)...), ""},
		{"33 events", events(many(MaxCustomEvents + 1)...), tooMany + " 32 items"},
		{"event of 64 characters", events(chinese(64)), ""},
		{"event of 65 characters", events(letters(65)), "spec.callbacks.customEvents[0]"},
		{"event without a name", events(""), "spec.callbacks.customEvents[0]"},
		{"event given twice", events("LIKE", "LIKE"), "Duplicate value"},
		{"event that stands for the rest", events("LIKE", OtherEvents), "other is the name for all the rest: leave it out"},
		{"silence of a minute", silent(60), ""},
		{"silence of 59 s", silent(59), "greater than or equal to 60"},
		{"silence of 30 days", silent(2592000), ""},
		{"silence of more", silent(2592001), "less than or equal to 2592000"},
	})
}
