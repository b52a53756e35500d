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

package translation

import (
	"encoding/json"
	"strings"
)

// marker is in the CloudCustomData of every message of the relay, so that it is
// known as its own however it comes back.
type marker struct {
	LiveRoom markerBody `json:"liveroom"`
}

type markerBody struct {
	// Relay is "customer" for what a customer wrote, "notice" for a notice.
	Relay string `json:"relay"`
	// MenuID is the item of a menu that the customer tapped.
	MenuID string `json:"menuID,omitempty"`
}

const (
	relayedCustomer = "customer"
	relayedNotice   = "notice"
)

// Ours reports whether a message in IM is one of the relay's own, by its
// CloudCustomData.
func Ours(cloudCustomData string) bool {
	var m marker
	return strings.Contains(cloudCustomData, `"liveroom"`) && json.Unmarshal([]byte(cloudCustomData), &m) == nil &&
		(m.LiveRoom.Relay == relayedCustomer || m.LiveRoom.Relay == relayedNotice)
}
