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
	"testing"

	. "github.com/onsi/gomega"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

func TestAnotherNamespaceNeedsConsent(t *testing.T) {
	s := prepare(t)
	other := env.Namespace(t)
	s.others = []string{other}
	s.start()
	app := s.app()
	room := s.room("one", func(spec *imv1alpha1.LiveRoomSpec) { spec.AppRef.Namespace = s.namespace })
	room.Namespace = other
	s.create(s.secret(secretKey), app, room)
	s.Eventually(s.ready(app)).Should(Equal(asDeclared))
	s.Eventually(s.ready(room)).Should(Equal("False NamespaceNotAllowed"))
	s.Expect(s.sim.Groups()).To(BeEmpty())

	update(s, app, func(a *imv1alpha1.ImApp) {
		a.Spec.AllowedNamespaces = &imv1alpha1.AllowedNamespaces{From: imv1alpha1.NamespacesFromAll}
	})
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

func TestAppThatComesLater(t *testing.T) {
	s := prepare(t)
	s.start()
	room := s.room("one")
	s.create(room)
	s.Eventually(s.ready(room)).Should(Equal("False AppNotFound"))
	s.create(s.secret(secretKey), s.app())
	s.Eventually(s.ready(room)).Should(Equal(asDeclared))
}

func TestTwoAppsForOneSDKAppID(t *testing.T) {
	s := begin(t)
	s.Eventually(s.ready(s.app())).Should(Equal(asDeclared))
	second := s.app()
	second.Name = "second"
	s.create(second)
	s.Eventually(s.ready(second)).Should(Equal("False Conflict"))
	s.Expect(s.client.Delete(s.ctx, s.app())).To(Succeed())
	s.Eventually(s.ready(second)).Should(Equal(asDeclared))
}
