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

package live

import "testing"

func TestDisconnectCause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code int
		sub  *int
		want string
	}{
		{1, nil, "the host stopped the push"},
		{12, nil, "the network of the host failed"},
		{18, new(305), "refused: the stream is forbidden"},
		{18, new(999), "the live service refused the push"},
		{18, nil, "the live service refused the push"},
		{21, new(100), "the stream was dropped by a call of the API"},
		{21, new(101), "the stream was forbidden by a call of the API"},
		{21, new(102), "another push of the same stream replaced it"},
		{1, new(305), "the host stopped the push"},
		{99, nil, "unknown cause 99"},
	} {
		if got := DisconnectCause(c.code, c.sub); got != c.want {
			t.Errorf("%d: %q, want %q", c.code, got, c.want)
		}
	}
}
