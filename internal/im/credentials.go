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
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Credentials sign every call to one application. They print, log and marshal as "[redacted]".
type Credentials struct {
	// Administrator is the name of an application administrator, as set in the provider's console.
	Administrator string
	// SecretKey is the console's key, as the text that the console shows.
	SecretKey string
}

// String hides both members.
func (Credentials) String() string { return redacted }

// GoString hides both members.
func (Credentials) GoString() string { return redacted }

// Format hides both members for every verb, also for those that String does not cover.
func (Credentials) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalJSON hides both members.
func (Credentials) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalLog hides both members from logr sinks.
func (Credentials) MarshalLog() any { return redacted }

// LogValue hides both members from slog handlers.
func (Credentials) LogValue() slog.Value { return slog.StringValue(redacted) }
