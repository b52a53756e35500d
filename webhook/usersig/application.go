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

package usersig

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// maxApplications bounds the ImApps that are kept compiled.
const maxApplications = 4096

// application is an ImApp that issues UserSigs.
type application struct {
	key    types.NamespacedName
	object *imv1alpha1.ImApp
	*terms
}

// terms are what a version of an ImApp says about the service. They do not change.
type terms struct {
	uid        types.UID
	generation int64

	audience      string
	maxValidity   time.Duration
	rate          pace
	allowed       allowance
	administrator string // whose UserSig nobody gets; "" when that is left to the list
	origins       []string
}

func newTerms(object *imv1alpha1.ImApp) *terms {
	service := object.Spec.UserSigService
	maximum, perPod := int32(imv1alpha1.DefaultUserSigMaxValidity), int32(imv1alpha1.DefaultUserSigRequestsPerMinute)
	if service.MaxValiditySeconds != nil {
		maximum = *service.MaxValiditySeconds
	}
	if service.RequestsPerMinute != nil {
		perPod = *service.RequestsPerMinute
	}
	t := &terms{
		uid: object.UID, generation: object.Generation,
		audience:      cmp.Or(service.Audience, imv1alpha1.DefaultUserSigAudience),
		maxValidity:   time.Duration(maximum) * time.Second,
		rate:          perMinute(perPod),
		allowed:       compile(service.AllowedUserIDs),
		administrator: object.Spec.Administrator,
		origins:       slices.Clone(service.AllowedOrigins),
	}
	if service.Administrator == imv1alpha1.AdministratorSignatureAllow {
		t.administrator = ""
	}
	return t
}

// applications finds ImApps.
type applications struct {
	reader client.Reader
	// namespaces are those that reader knows; none means all.
	namespaces []string
	compiled   *lru.Cache[types.NamespacedName, *terms]
}

func newApplications(reader client.Reader, namespaces []string, forget func(types.NamespacedName)) *applications {
	// The only error is a size below one.
	compiled, _ := lru.NewWithEvict(maxApplications, func(gone types.NamespacedName, _ *terms) { forget(gone) })
	return &applications{reader: reader, namespaces: namespaces, compiled: compiled}
}

// find returns the ImApp with a name. One that is not there, one that does not
// issue UserSigs and one that lost its application to another cannot be told apart.
func (a *applications) find(ctx context.Context, key types.NamespacedName) (*application, *refusal) {
	if len(a.namespaces) > 0 && !slices.Contains(a.namespaces, key.Namespace) {
		return nil, unknown()
	}
	object := &imv1alpha1.ImApp{}
	if err := a.reader.Get(ctx, key, object); err != nil && !apierrors.IsNotFound(err) {
		return nil, unavailable(fmt.Errorf("reading ImApp %s: %w", key, err))
	} else if err != nil || object.Spec.UserSigService == nil || lost(object) {
		a.compiled.Remove(key)
		return nil, unknown()
	}
	kept, found := a.compiled.Get(key)
	if !found || kept.uid != object.UID || kept.generation != object.Generation {
		kept = newTerms(object)
		a.compiled.Add(key, kept)
	}
	return &application{key: key, object: object, terms: kept}, nil
}

func unknown() *refusal {
	return refuse(ReasonNotFound, "no ImApp of this name issues UserSigs: check namespace and name, and spec.userSigService there")
}

// lost reports that another ImApp has the application.
func lost(object *imv1alpha1.ImApp) bool {
	ready := meta.FindStatusCondition(object.Status.Conditions, imv1alpha1.ConditionReady)
	return ready != nil && ready.Reason == imv1alpha1.ReasonConflict
}
