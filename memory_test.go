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

package main

import (
	"math"
	"testing"
)

func TestSoftLimit(t *testing.T) {
	for live, want := range map[uint64]int64{
		0: 98 << 20, 64 << 20: 98 << 20, 80 << 20: 106 << 20, 400 << 20: 466 << 20,
		math.MaxUint64: math.MaxInt64/2/8*9 + 16<<20,
	} {
		if got := softLimit(live); got != want {
			t.Errorf("of %d bytes: %d, not %d", live, got, want)
		}
	}
}
