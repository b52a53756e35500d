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

package testenv

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestCounts(t *testing.T) {
	g := NewWithT(t)
	leader := Request{UserAgent: "manager/leader-election", Verb: "update", Group: "coordination.k8s.io", Resource: "leases", Namespace: "system"}
	status := Request{UserAgent: "manager", Verb: "apply", Group: "im.liveroom.io", Resource: "liverooms", Subresource: "status", Namespace: "shop"}
	near := Request{UserAgent: "manager2", Verb: "create", Resource: "secrets", Namespace: "shop"}
	counts := Counts{leader: 3, status: 2, near: 1}

	g.Expect(counts.By("manager")).To(Equal(Counts{leader: 3, status: 2}))
	g.Expect(counts.By("manager").Writes()).To(Equal(Counts{status: 2}))
	g.Expect(counts.Leases()).To(Equal(Counts{leader: 3}))
	g.Expect(counts.In("shop").Of("secrets")).To(Equal(Counts{near: 1}))
	g.Expect(counts.Total()).To(Equal(6))
	g.Expect(counts.In("shop").String()).To(Equal(
		`apply liverooms.im.liveroom.io/status namespace="shop" by "manager": 2` + "\n" +
			`create secrets namespace="shop" by "manager2": 1`))
}
