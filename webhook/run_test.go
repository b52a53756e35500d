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

package webhook

import (
	"testing"

	. "github.com/onsi/gomega"

	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
)

// Whoever calls back waits for the journal: it must not take longer than they do.
func TestJournalOptions(t *testing.T) {
	g := NewWithT(t)
	options := Options{Journal: journal.Options{Embedded: &journal.Embedded{Dir: "d"}, AppendTimeout: 1}}
	g.Expect(options.journal().AppendTimeout).To(Equal(webhookim.Patience))
	g.Expect(options.journal().Embedded).To(Equal(options.Journal.Embedded))
}
