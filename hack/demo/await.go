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
	"context"
	"errors"
	"fmt"
	"time"
)

// await looks again and again until nothing is missing, and returns how long
// that took. What is still missing when the time is up is in the error.
func (d *demo) await(ctx context.Context, what string, limit time.Duration, missing func(context.Context) (string, error)) (time.Duration, error) {
	began, last := time.Now(), "nothing was seen"
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		text, err := missing(within)
		switch {
		case err == nil && text == "":
			return time.Since(began), nil
		case err != nil && within.Err() == nil:
			return 0, fmt.Errorf("%s: %w", what, err)
		case err == nil:
			last = text
		}
		if err := d.ended(); err != nil {
			return 0, fmt.Errorf("%s: %w", what, err)
		}
		select {
		case <-ticker.C:
		case <-within.Done():
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			return 0, fmt.Errorf("%s: not within %s: %s", what, limit, last)
		}
	}
}

// ended says which of the programs has ended, as none should.
func (d *demo) ended() error {
	for _, p := range []*process{d.simulator, d.controller, d.webhook.process} {
		select {
		case <-p.ended:
			return errors.Join(fmt.Errorf("the %s has ended", p.name), p.err, p.tail())
		default:
		}
	}
	return nil
}
