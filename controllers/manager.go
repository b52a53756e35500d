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

package controllers

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/config"
)

// LeaseName is the lease of the replica that works. The role in config/rbac
// grants this name and no other.
const LeaseName = "liveroom-controller.im.liveroom.io"

// stopTimeout lets passes under way finish before the process ends.
const stopTimeout = 20 * time.Second

// ManagerOptions are the manager's settings that the controllers rely on: what
// is cached, warm standby, time to finish. No namespaces means all.
func ManagerOptions(scheme *runtime.Scheme, namespaces ...string) ctrl.Options {
	timeout, warm := stopTimeout, true
	options := ctrl.Options{
		Scheme:                  scheme,
		GracefulShutdownTimeout: &timeout,
		Controller:              config.Controller{EnableWarmup: &warm},
		Cache:                   cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
	}
	if len(namespaces) > 0 {
		options.Cache.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range namespaces {
			options.Cache.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	return options
}
