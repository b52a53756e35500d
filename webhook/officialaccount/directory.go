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

package officialaccount

import (
	"cmp"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Directory knows the accounts that are served. It is safe for concurrent use,
// and read on every push and every callback of IM.
type Directory struct {
	mu     sync.RWMutex
	byName map[types.NamespacedName]*Account
	byUID  map[string]*Account
	byApp  map[types.NamespacedName][]*Account // oldest first
}

// NewDirectory returns an empty one.
func NewDirectory() *Directory {
	return &Directory{
		byName: map[types.NamespacedName]*Account{}, byUID: map[string]*Account{}, byApp: map[types.NamespacedName][]*Account{},
	}
}

// Account returns the account with a name, or nil.
func (d *Directory) Account(key types.NamespacedName) *Account {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.byName[key]
}

// ByUID returns the account with a UID, or nil.
func (d *Directory) ByUID(uid string) *Account {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.byUID[uid]
}

// Serving returns the accounts of an application, the oldest first.
func (d *Directory) Serving(app types.NamespacedName) []*Account {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.byApp[app])
}

// All returns all accounts.
func (d *Directory) All() []*Account {
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := make([]*Account, 0, len(d.byName))
	for _, a := range d.byName {
		all = append(all, a)
	}
	return all
}

// Put adds an account or takes the place of an older version of it.
func (d *Directory) Put(a *Account) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drop(a.Key)
	d.byName[a.Key], d.byUID[a.UID] = a, a
	d.byApp[a.App] = append(d.byApp[a.App], a)
	slices.SortFunc(d.byApp[a.App], func(a, b *Account) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Key.String(), b.Key.String()))
	})
}

// Remove forgets an account, and reports whether there was one.
func (d *Directory) Remove(key types.NamespacedName) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.drop(key)
}

func (d *Directory) drop(key types.NamespacedName) bool {
	gone := d.byName[key]
	if gone == nil {
		return false
	}
	delete(d.byName, key)
	delete(d.byUID, gone.UID)
	d.byApp[gone.App] = slices.DeleteFunc(d.byApp[gone.App], func(a *Account) bool { return a == gone })
	if len(d.byApp[gone.App]) == 0 {
		delete(d.byApp, gone.App)
	}
	return true
}
