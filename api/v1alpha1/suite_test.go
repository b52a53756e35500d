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
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/liveroom-io/liveroom-operator/internal/testenv"
)

var env = testenv.New()

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, env)) }

func newClient(t *testing.T) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(env.Config("validation"), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// object is a pointer to a kind.
type object[T any] interface {
	*T
	client.Object
}

// creation is a valid object with one change.
type creation[T any] struct {
	name   string
	change func(*T)
	// refused is a part of the message; empty means that the object is accepted.
	refused string
}

// update is a valid object, made different before it is created, and then changed.
type update[T any] struct {
	name    string
	before  func(*T)
	change  func(*T)
	refused string
}

// proveCreations sends each case to the API server as an object of its own.
func proveCreations[T any, P object[T]](t *testing.T, valid T, copyInto func(T) P, cases []creation[T]) {
	t.Helper()
	c, namespace := newClient(t), env.Namespace(t)
	for i, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			o := copyInto(valid)
			o.SetNamespace(namespace)
			o.SetName(fmt.Sprintf("case-%d", i))
			tc.change(o)
			check(t, c.Create(context.Background(), o), tc.refused)
		})
	}
}

// proveUpdates creates an object for each case and changes it.
func proveUpdates[T any, P object[T]](t *testing.T, valid T, copyInto func(T) P, cases []update[T]) {
	t.Helper()
	c, namespace := newClient(t), env.Namespace(t)
	for i, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			o := copyInto(valid)
			o.SetNamespace(namespace)
			o.SetName(fmt.Sprintf("case-%d", i))
			if tc.before != nil {
				tc.before(o)
			}
			if err := c.Create(context.Background(), o); err != nil {
				t.Fatalf("the object to change: %v", err)
			}
			tc.change(o)
			check(t, c.Update(context.Background(), o), tc.refused)
		})
	}
}

// check compares an answer of the API server with what is expected of it. Only
// a validation error counts as a refusal.
func check(t *testing.T, err error, refused string) {
	t.Helper()
	switch {
	case refused == "" && err != nil:
		t.Errorf("refused: %v", err)
	case refused != "" && err == nil:
		t.Errorf("accepted, want a refusal that says %q", refused)
	case refused != "" && (!apierrors.IsInvalid(err) || !strings.Contains(err.Error(), refused)):
		t.Errorf("refused with %v, want a validation error that says %q", err, refused)
	}
}
