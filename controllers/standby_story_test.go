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

package controllers_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/liveroom-io/liveroom-operator/controllers"
	"github.com/liveroom-io/liveroom-operator/internal/testenv"
)

// Of two replicas one works; when it ends the other goes on, and repeats
// nothing. Both have the shipped role for the lease and no more.
func TestStandbyTakesOver(t *testing.T) {
	s := prepare(t)
	s.electing = true
	s.grantLease()
	s.start()
	stopFirst := s.stop
	s.create(s.secret(secretKey), s.app())
	first := s.room("one")
	s.create(first)
	s.Eventually(s.ready(first)).Should(Equal(asDeclared))

	s.start() // stands by
	holder := s.holder()
	s.Expect(holder).NotTo(BeEmpty())
	stopFirst()
	s.Eventually(s.holder).ShouldNot(Or(BeEmpty(), Equal(holder)))

	second := s.room("two")
	s.create(second)
	s.Eventually(s.ready(second)).Should(Equal(asDeclared))
	s.Expect(s.sim.Calls(createCall)).To(Equal(2))
}

// holder is who holds the lease.
func (s *story) holder() string {
	var lease coordinationv1.Lease
	key := client.ObjectKey{Namespace: s.namespace, Name: controllers.LeaseName}
	if s.client.Get(s.ctx, key, &lease) != nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// grantLease grants what config/rbac does, in this story's namespace.
func (s *story) grantLease() {
	root, err := testenv.ModuleRoot()
	s.Expect(err).NotTo(HaveOccurred())
	text, err := os.ReadFile(filepath.Join(root, "config", "rbac", "leader_election_role.yaml"))
	s.Expect(err).NotTo(HaveOccurred())
	role := &rbacv1.Role{}
	s.Expect(yaml.UnmarshalStrict(text, role)).To(Succeed())
	role.Namespace = s.namespace
	s.create(role, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: operatorUser}},
	})
}
