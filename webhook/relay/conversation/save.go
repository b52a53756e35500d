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

package conversation

import (
	"encoding/json"
	"errors"
	"fmt"
)

const stateVersion = 1

var (
	// ErrState says that a stored state cannot be read.
	ErrState = errors.New("not the state of a customer")

	errBounds = errors.New("the state of a customer is larger than it may be")
)

// storedCustomer is a customer as it is stored.
type storedCustomer struct {
	Version int `json:"v"`
	*contents
}

// Load reads a stored customer. No data is a new one; the key is Entry.Key. What
// was being sent to WeChat when the state was stored has an unknown outcome now.
// The error is ErrState with a reason that quotes nothing of it.
func Load(key string, data []byte) (*Customer, error) {
	c := New(key)
	if len(data) == 0 {
		return c, nil
	}
	if len(data) > MaxStateBytes {
		return nil, fmt.Errorf("%w: it is too long", ErrState)
	}
	stored := storedCustomer{contents: &c.contents}
	if json.Unmarshal(data, &stored) != nil || stored.contents == nil {
		return nil, fmt.Errorf("%w: not the JSON of one", ErrState)
	}
	if stored.Version != stateVersion {
		return nil, fmt.Errorf("%w: version %d is not known", ErrState, stored.Version)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	c.resume()
	return c, nil
}

// resume draws the conclusions from not knowing what happened since the state was
// stored.
func (c *Customer) resume() {
	for _, d := range c.Deliveries {
		d.Tried = len(d.Parts) > 0 && d.Doom == nil
	}
	for _, r := range c.Replies {
		if r.Attempted != 0 {
			c.unknown(r, r.Attempted)
		}
	}
	c.MarkStored() // whoever loads it again concludes the same
}

// AppendState encodes the customer behind to.
func (c *Customer) AppendState(to []byte) ([]byte, error) {
	data, err := encode(storedCustomer{Version: stateVersion, contents: &c.contents})
	if err != nil {
		return nil, fmt.Errorf("encoding a customer: %w", err)
	}
	if len(data) > MaxStateBytes {
		return nil, fmt.Errorf("encoding a customer: %w", errBounds)
	}
	return append(to, data...), nil
}

// check what was read: everything else may rely on it.
func (c *Customer) check() error {
	for _, d := range c.Deliveries {
		if err := d.check(); err != nil {
			return err
		}
	}
	for _, r := range c.Replies {
		if err := r.check(); err != nil {
			return err
		}
	}
	for _, at := range []int64{c.Left, c.Last, c.Spoke, c.Active, c.Changed, c.CaughtUp, c.Floor} {
		if !isTime(at) {
			return errors.New("a time is out of bounds")
		}
	}
	return errors.Join(c.Unread.check(), c.Unsent.check(), c.Pushes.check(), c.Keys.check())
}

var errDelivery, errReply = errors.New("a message to an agent is damaged"), errors.New("a reply is damaged")

func (d *delivery) check() error {
	switch {
	case d == nil, !isLocalID(d.ID), (d.Inbound == nil) == (d.Notice == nil):
		return errDelivery
	case d.Inbound != nil && d.Inbound.flaw() != "", d.Notice != nil && !d.Notice.sound():
		return errDelivery
	case d.Done < 0 || d.Done > 0 && d.Done >= len(d.Parts), d.Skip < 0, d.Size < 0, !isTime(d.Prepared):
		return errDelivery
	case d.Doom != nil && !d.Doom.sound():
		return errDelivery
	}
	for _, p := range d.Parts {
		if !isArray(p.Body) {
			return errDelivery
		}
	}
	return nil
}

func (r *reply) check() error {
	switch {
	case r == nil, !isLocalID(r.ID), r.Outbound == nil, r.Size < 0, r.Skip < 0, !isTime(r.Attempted):
		return errReply
	case r.Outbound.flaw() != "", len(r.Requests) > 0 && len(r.Texts) > 0:
		return errReply
	case r.Done < 0 || r.Done > 0 && r.Done >= max(len(r.Requests), len(r.Texts)):
		return errReply
	case r.Doom != nil && !r.Doom.sound():
		return errReply
	}
	for _, request := range r.Requests {
		if len(request) == 0 {
			return errReply
		}
	}
	return nil
}

func (d *doom) sound() bool { return isTime(d.Time) && len(d.Detail) <= maxDetailBytes }
