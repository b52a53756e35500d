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

package im

import (
	"net/http"
	"testing"
	"time"
)

func TestProviderTime(t *testing.T) {
	local := &fixedClock{now: time.Date(2026, 3, 1, 12, 0, 0, 700e6, time.UTC)}
	p := &providerClock{local: local}
	check := func(want time.Time) {
		t.Helper()
		if got := p.now(); !got.Equal(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	check(local.now.Truncate(time.Second))
	for _, junk := range []string{"", "yesterday", "2026-03-01T12:00:00Z"} {
		p.observe(junk)
		check(local.now.Truncate(time.Second))
	}
	// The provider is an hour behind us.
	p.observe("Sun, 01 Mar 2026 11:00:05 GMT")
	date := time.Date(2026, 3, 1, 11, 0, 5, 0, time.UTC)
	check(date)
	local.advance(900 * time.Millisecond)
	check(date)
	local.advance(100 * time.Millisecond)
	check(date.Add(time.Second))
	// The latest answer decides, even if it takes the clock back.
	p.observe("Sun, 01 Mar 2026 11:00:04 GMT")
	check(date.Add(-time.Second))
}

func TestProviderTimeComesFromAnswers(t *testing.T) {
	p := newProvider(t)
	p.steps("destroy_group", func(w http.ResponseWriter, _ string) {
		w.Header().Set("Date", "Sun, 01 Mar 2026 11:00:05 GMT")
		_, _ = w.Write([]byte(refusalAnswer(10010)))
	})
	clock := &fixedClock{now: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	c := newClient(t, p.URL, func(config *Config) { config.Clock = clock })
	if err := destroy(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got := c.ProviderTime(); !got.Equal(time.Date(2026, 3, 1, 11, 0, 5, 0, time.UTC)) {
		t.Errorf("got %s", got)
	}
}
