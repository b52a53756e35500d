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

package application

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
)

// addressLists keeps IM's published addresses by application.
type addressLists struct {
	mu    sync.Mutex
	known map[types.NamespacedName]addressList
}

type addressList struct {
	prefixes []netip.Prefix
	read     time.Time
}

func (l *addressLists) forget(app types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.known, app)
}

func (l *addressLists) get(app types.NamespacedName) addressList {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[app]
}

func (l *addressLists) put(app types.NamespacedName, list addressList) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[app] = list
}

// sources are the addresses that callbacks may come from. A list that was read
// once serves until a newer one is there; without one nothing is let in, and
// waiting says so.
func (r *Reconciler) sources(ctx context.Context, app *directory.App) (prefixes []netip.Prefix, again time.Duration, waiting string) {
	known, now := r.lists.get(app.Key), r.Clock.Now()
	if age := now.Sub(known.read); !known.read.IsZero() && age < refreshAddresses {
		return known.prefixes, refreshAddresses - age, ""
	}
	if app.Client == nil {
		if known.read.IsZero() {
			return []netip.Prefix{}, retryAddresses, "the list of IM's addresses can be read once the ImApp is Authenticated; until then callbacks are refused"
		}
		return known.prefixes, retryAddresses, ""
	}
	list, err := app.Client.CallbackAddresses(ctx)
	if err == nil && len(list) > 0 {
		r.lists.put(app.Key, addressList{prefixes: list, read: now})
		return list, refreshAddresses, ""
	}
	r.Log.V(1).Info("IM's list of addresses could not be read", "app", app.Key.String())
	if known.read.IsZero() {
		return []netip.Prefix{}, retryAddresses, "the list of IM's addresses could not be read; until then callbacks are refused: set sourceAddresses: Any if this lasts"
	}
	return known.prefixes, retryAddresses, ""
}
