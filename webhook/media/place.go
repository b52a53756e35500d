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

package media

import "sync"

// places for downloads, all together and of one account.
type places struct {
	total, perAccount int

	mu     sync.Mutex
	taken  int
	shares map[string]int
}

func newPlaces(total, perAccount int) *places {
	return &places{total: total, perAccount: perAccount, shares: map[string]int{}}
}

// take a place, if there is one.
func (p *places) take(uid string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.total || p.shares[uid] >= p.perAccount {
		return false
	}
	p.taken++
	p.shares[uid]++
	return true
}

// leave gives a place back.
func (p *places) leave(uid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.shares[uid]--; p.shares[uid] == 0 {
		delete(p.shares, uid)
	}
}
