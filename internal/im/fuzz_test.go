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
	"encoding/json"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Whatever the provider, or something that stands in for it, answers: nothing panics, every item of a batch has an
// outcome, every error has a class and a text fit for a condition. The seeds are in
// testdata.
func FuzzAnswer(f *testing.F) {
	ids := []string{"a", "b"}
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, cmd := range commands {
			if failure := checkAnswer(cmd, answer); failure != nil {
				checkError(t, failure.err)
				checkError(t, failure.final(cmd))
			}
		}
		var groups wireGroups
		if json.Unmarshal(answer, &groups) == nil {
			checkOutcomes(t, groups.groups(ids), len(ids))
		}
		var profiles wireProfiles
		if json.Unmarshal(answer, &profiles) == nil {
			checkOutcomes(t, profiles.profiles(ids), len(ids))
		}
		var accounts wireAccountResults
		if json.Unmarshal(answer, &accounts) == nil {
			checkOutcomes(t, accounts.checked(ids), len(ids))
			checkOutcomes(t, accounts.deleted(ids), len(ids))
		}
		var members wireMembers
		if json.Unmarshal(answer, &members) == nil {
			question := wireListMembers{Limit: 1}
			if next, more := members.next(question); more && next.Offset == question.Offset && next.Next == question.Next {
				t.Error("the next page is the same page")
			}
		}
		var added wireAddResult
		if json.Unmarshal(answer, &added) == nil {
			if err := added.errorFor("a"); err != nil {
				checkError(t, err)
			}
		}
		var administrators wireLiveAdministrators
		if json.Unmarshal(answer, &administrators) == nil {
			for _, name := range administrators.names() {
				if name == "" {
					t.Error("an administrator without a name")
				}
			}
		}
		var online wireOnlineStates
		if json.Unmarshal(answer, &online) == nil {
			checkOutcomes(t, online.states(ids), len(ids))
		}
		var keywords wireKeywords
		if json.Unmarshal(answer, &keywords) == nil {
			question := wireListKeywords{Limit: keywordPage}
			if next, more := keywords.next(question); more && next.Offset <= question.Offset {
				t.Error("the next page is not after this one")
			}
			for _, word := range keywords.LocalAuditWords {
				if got := word.keyword(KeywordBlock); got.Kind == 0 || got.Filter == 0 {
					t.Errorf("a keyword without a kind or a filter: %+v", got)
				}
			}
		}
		var addresses wireAddresses
		if json.Unmarshal(answer, &addresses) == nil {
			prefixes, err := addresses.prefixes()
			if err != nil {
				checkError(t, err)
			}
			for _, prefix := range prefixes {
				if !prefix.IsValid() || prefix != prefix.Masked() {
					t.Errorf("%s is no network", prefix)
				}
			}
		}
		var sent wireSentMessage
		if json.Unmarshal(answer, &sent) == nil && len(sent.message().DroppedReason) > maxInfoBytes {
			t.Error("the reason is too long")
		}
		var inGroup wireOnlineMembers
		if json.Unmarshal(answer, &inGroup) == nil {
			if n, err := inGroup.count(); err != nil {
				checkError(t, err)
			} else if n < 0 {
				t.Errorf("%d members are online", n)
			}
		}
		for _, into := range []any{new(wireImportResult), new(wireBans), new(wireAttributes)} {
			if err := json.Unmarshal(answer, into); err != nil {
				checkError(t, notUnderstood(getGroupAttr, err))
			}
		}
	})
}

func checkOutcomes[Out any](t *testing.T, outcomes []outcome[Out], n int) {
	t.Helper()
	if len(outcomes) != n {
		t.Errorf("%d outcomes for %d items", len(outcomes), n)
	}
	for _, one := range outcomes {
		if one.err != nil {
			checkError(t, one.err)
		}
	}
}

func checkError(t *testing.T, err error) {
	t.Helper()
	e, ok := AsError(err)
	if !ok || documented[e.Class] == nil && e.Class != UnknownOutcome {
		t.Fatalf("an error without a class: %v", err)
	}
	if len(e.Info) > maxInfoBytes || !utf8.ValidString(e.Info) {
		t.Errorf("%d bytes of text: %q", len(e.Info), e.Info)
	}
	for _, r := range e.Info {
		if unicode.IsControl(r) {
			t.Errorf("a control character in %q", e.Info)
		}
	}
}
