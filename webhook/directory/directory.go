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

// Package directory knows which applications, rooms and accounts there are. It
// is read on every callback, so it is kept in memory in the form in which
// callbacks name things, and fed by the caches of the API server.
package directory

import (
	"cmp"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
)

// Directory of everything that callbacks can name. It is safe for concurrent use.
type Directory struct {
	mu       sync.RWMutex
	apps     map[types.NamespacedName]*App
	rooms    map[groupKey][]*Room   // the one that the group belongs to comes first
	streams  map[string][]*Room     // by their name in CSS
	sessions map[sessionKey][]*Room // by their TRTC room
	byRoom   map[types.NamespacedName]*Room
	byUID    map[string]*Room
	accounts map[userKey][]*Account
	byName   map[types.NamespacedName]*Account
}

// groupKey names a group as a callback does.
type groupKey struct {
	app   types.NamespacedName
	group string
}

// userKey names an account as a callback does.
type userKey struct {
	app  types.NamespacedName
	user string
}

// New returns an empty directory.
func New() *Directory {
	return &Directory{
		apps:     map[types.NamespacedName]*App{},
		rooms:    map[groupKey][]*Room{},
		streams:  map[string][]*Room{},
		sessions: map[sessionKey][]*Room{},
		byRoom:   map[types.NamespacedName]*Room{},
		byUID:    map[string]*Room{},
		accounts: map[userKey][]*Account{},
		byName:   map[types.NamespacedName]*Account{},
	}
}

// App returns an application, or nil.
func (d *Directory) App(key types.NamespacedName) *App {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.apps[key]
}

// BySDKAppID returns the application with this number, or nil. Of two, until the
// controller has settled which one is right, it is the older.
func (d *Directory) BySDKAppID(sdkAppID int64) *App {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var found *App
	for _, app := range d.apps {
		if app.SDKAppID != sdkAppID {
			continue
		}
		if found == nil || cmp.Or(app.Created.Compare(found.Created), cmp.Compare(app.Key.String(), found.Key.String())) < 0 {
			found = app
		}
	}
	return found
}

// PutApp adds an application or takes the place of an older version of it.
func (d *Directory) PutApp(app *App) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.apps[app.Key] = app
}

// RemoveApp forgets an application and returns what was known of it.
func (d *Directory) RemoveApp(key types.NamespacedName) *App {
	d.mu.Lock()
	defer d.mu.Unlock()
	app := d.apps[key]
	delete(d.apps, key)
	return app
}

// Room returns the room of a group, or nil for a group that nobody declared.
func (d *Directory) Room(app types.NamespacedName, groupID string) *Room {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return head(d.rooms[groupKey{app, groupID}])
}

// RoomByUID returns the room with this UID, or nil.
func (d *Directory) RoomByUID(uid string) *Room {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.byUID[uid]
}

// PutRoom takes over what a LiveRoom says, and reports whether that is new. A
// LiveRoom that has no claim to its group is left out.
func (d *Directory) PutRoom(object *imv1alpha1.LiveRoom) bool {
	room, claimed := newRoom(object), claims(object)
	d.mu.Lock()
	defer d.mu.Unlock()
	if before := d.byRoom[room.Key]; before != nil {
		if claimed && before.equal(room) {
			return false
		}
		d.dropRoom(before)
	}
	if !claimed {
		return false
	}
	key := groupKey{room.App, room.GroupID}
	d.rooms[key] = withClaimant(d.rooms[key], room)
	d.addStream(room)
	d.byRoom[room.Key], d.byUID[room.UID] = room, room
	return true
}

// RemoveRoom forgets a LiveRoom.
func (d *Directory) RemoveRoom(key types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if room := d.byRoom[key]; room != nil {
		d.dropRoom(room)
	}
}

func (d *Directory) dropRoom(room *Room) {
	drop(d.rooms, groupKey{room.App, room.GroupID}, room)
	d.dropStream(room)
	delete(d.byRoom, room.Key)
	delete(d.byUID, room.UID)
}

// Account returns the declared account of a user, or nil.
func (d *Directory) Account(app types.NamespacedName, userID string) *Account {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return head(d.accounts[userKey{app, userID}])
}

// PutAccount takes over what an ImAccount says, and reports whether that is new.
// One that is not imported is left out.
func (d *Directory) PutAccount(object *imv1alpha1.ImAccount) bool {
	account, known := newAccount(object), object.Known()
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.byName[account.Key]
	if before != nil {
		if known && before.equal(account) {
			return false
		}
		d.dropAccount(before)
	}
	if !known {
		return before != nil
	}
	key := userKey{account.App, account.UserID}
	d.accounts[key] = append(d.accounts[key], account)
	slices.SortFunc(d.accounts[key], func(a, b *Account) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.Key.String(), b.Key.String()))
	})
	d.byName[account.Key] = account
	return true
}

// Declaring lists the ImAccounts of an application that declare a profile field.
func (d *Directory) Declaring(app types.NamespacedName, tag string) []types.NamespacedName {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var names []types.NamespacedName
	for name, account := range d.byName {
		if account.App == app && account.Declares(tag) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b types.NamespacedName) int { return cmp.Compare(a.String(), b.String()) })
	return names
}

// RemoveAccount forgets an ImAccount.
func (d *Directory) RemoveAccount(key types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if account := d.byName[key]; account != nil {
		d.dropAccount(account)
	}
}

func (d *Directory) dropAccount(account *Account) {
	drop(d.accounts, userKey{account.App, account.UserID}, account)
	delete(d.byName, account.Key)
}

func head[T any](list []*T) *T {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// drop takes one claimant out of an index.
func drop[K comparable, T any](index map[K][]*T, key K, gone *T) {
	index[key] = slices.DeleteFunc(index[key], func(other *T) bool { return other == gone })
	if len(index[key]) == 0 {
		delete(index, key)
	}
}
