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

// Package controllers wires the controllers into a manager.
package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lookup"
	"github.com/liveroom-io/liveroom-operator/controllers/trigger"
	"github.com/liveroom-io/liveroom-operator/internal/consent"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
)

// Options of the controllers.
type Options struct {
	// Workers is how many objects of one kind are handled at once. IM answers in
	// tens of milliseconds and reads share calls, so more workers than cores
	// are wanted. Zero means 96.
	Workers int
	// Namespaces are those that are watched; none means all. Labels of namespaces
	// can be read only when all are.
	Namespaces []string
	// DriftSecond is the length of one second of a drift interval. Zero means a
	// second; tests shorten it.
	DriftSecond time.Duration
	// SkipNameValidation allows several managers in one process, in tests.
	SkipNameValidation bool
	// Metrics receives the metrics of the IM clients. Nil keeps none.
	Metrics prometheus.Registerer
	// WebhookSharePercent is the part of the limits of calls that both processes
	// make which is left to the webhook, 1 to 99. Zero means half. The webhook
	// must be told the same.
	WebhookSharePercent int
	// Clock of the cluster. Nil means the system's.
	Clock clock.PassiveClock
}

// defaultWorkers keeps batches of reads full and an application's limit of 200
// calls a second in use at a latency of a few hundred milliseconds.
const defaultWorkers = 96

// system is what the controllers share.
type system struct {
	mgr        ctrl.Manager
	options    Options
	apps       *application.Registry
	references *reference.Reader
	wake       triggers
}

// triggers wake the controllers from inside the process.
type triggers struct {
	apps, accounts, fields, rooms, policies *trigger.Trigger
}

// Setup adds all controllers to a manager.
func Setup(ctx context.Context, mgr ctrl.Manager, options Options) error {
	if options.Workers == 0 {
		options.Workers = defaultWorkers
	}
	if options.DriftSecond == 0 {
		options.DriftSecond = time.Second
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	if err := lookup.Register(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	references, err := reference.NewReader(mgr.GetClient(), mgr.GetAPIReader())
	if err != nil {
		return err
	}
	s := &system{
		mgr: mgr, options: options, references: references,
		wake: triggers{
			apps: trigger.New(), accounts: trigger.New(), fields: trigger.New(), rooms: trigger.New(), policies: trigger.New(),
		},
	}
	if err := s.connectApps(); err != nil {
		return err
	}
	for _, add := range []struct {
		kind string
		run  func() error
	}{
		{"ImApp", s.addApps},
		{"ImAccount", s.addAccounts},
		{"GroupCustomField", s.addFields},
		{"LiveRoom", s.addRooms},
		{"ModerationPolicy", s.addPolicies},
	} {
		if err := add.run(); err != nil {
			return fmt.Errorf("setting up the controller of %s: %w", add.kind, err)
		}
	}
	return nil
}

// connectApps makes the registry of applications, which wakes who waits for one.
func (s *system) connectApps() error {
	admission := consent.Policy{Namespaces: s.mgr.GetClient()}
	if len(s.options.Namespaces) > 0 {
		admission.Namespaces = nil
	}
	var metrics *im.Metrics
	if s.options.Metrics != nil {
		var err error
		if metrics, err = im.NewMetrics(s.options.Metrics); err != nil {
			return fmt.Errorf("registering the metrics of the IM client: %w", err)
		}
	}
	connect := func(config im.Config) (*im.Client, error) {
		config.Metrics = metrics
		config.Process, config.WebhookPercent = im.ProcessController, s.options.WebhookSharePercent
		return im.New(config)
	}
	s.apps = application.NewRegistry(s.mgr.GetClient(), admission, s.options.Clock, connect)
	s.apps.OnTrouble = func(app types.NamespacedName) { s.wake.apps.Wake(trigger.Prompt, app) }
	s.apps.OnOpen = func(app types.NamespacedName) {
		s.wake.accounts.Wake(trigger.Prompt, s.users(&imv1alpha1.ImAccountList{}, app)...)
		s.wake.fields.Wake(trigger.Prompt, s.users(&imv1alpha1.GroupCustomFieldList{}, app)...)
		s.wake.rooms.Wake(trigger.Prompt, s.users(&imv1alpha1.LiveRoomList{}, app)...)
		s.wake.policies.Wake(trigger.Prompt, s.users(&imv1alpha1.ModerationPolicyList{}, app)...)
	}
	s.apps.OnField = func(app types.NamespacedName, field application.FieldType, state imv1alpha1.RegistrationState) {
		key := lookup.FieldKey(app, field.Name)
		s.wake.fields.Wake(trigger.Prompt, s.matching(&imv1alpha1.GroupCustomFieldList{}, lookup.ByClaim, key)...)
		if state == imv1alpha1.RegistrationRegistered {
			s.wake.rooms.Wake(trigger.Prompt, s.matching(&imv1alpha1.LiveRoomList{}, lookup.ByField, key)...)
		}
	}
	if watched := s.options.Namespaces; len(watched) > 0 {
		s.apps.Watches = func(namespace string) bool { return slices.Contains(watched, namespace) }
	}
	return nil
}

// users are the objects of a kind that refer to an ImApp.
func (s *system) users(list client.ObjectList, app types.NamespacedName) []types.NamespacedName {
	return s.matching(list, lookup.ByApp, app.String())
}

// named is a standard name for a controller and its event recorder.
func named(kind string) string { return "liveroom-" + kind }

func (s *system) concurrency(workers int) controller.Options {
	return controller.Options{MaxConcurrentReconciles: workers, SkipNameValidation: &s.options.SkipNameValidation}
}
