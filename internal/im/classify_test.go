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
	"slices"
	"testing"
)

// span lists the codes from a to b.
func span(a, b int) []int {
	var codes []int
	for code := a; code <= b; code++ {
		codes = append(codes, code)
	}
	return codes
}

// documented is the provider's list of codes by what they mean to a caller. It is written down apart from the table that
// it checks, by number rather than by service.
var documented = map[Class][]int{
	NotFound: {
		1004, 1005,
		10010, 10015, 10019, 10030, 10050, 10052, 10062,
		20003, 20022, 30003, 40003, 70107, 90008, 90012, 90048,
	},
	AlreadyExists:      {10013, 10021, 10024, 10025, 20023},
	FieldNotRegistered: {40009},
	QuotaExceeded:      {10014, 10036, 10037, 10038, 10047, 10048, 10058, 10063, 70398, 72000},
	NotPermitted: {
		10007, 10016, 10017, 10026, 10033, 10035, 10041, 10044, 10059, 11000,
		20006, 20007, 20009, 20010, 20011, 20012, 40007, 40008, 60017, 60020, 71000, 72001, 80003,
	},
	Unauthorized: {
		10001, 10012, 20002, 20008, 30002, 30004, 40004,
		60004, 60005, 60006, 60010, 60012, 60016, 60021,
		70001, 70002, 70003, 70005, 70009, 70013, 70014, 70016, 70020, 70050, 70051, 70114, 70403, 90009,
	},
	RateLimited: {10006, 10023, 10049, 60007, 60011, 60018, 60019},
	Unavailable: {
		1003, 10002, 10008, 10056, 20004, 20005, 20018, 20028, 30006, 30007, 30008, 40006,
		60008, 60013, 60014, 70169, 70202, 70500, 90992, 90994, 90995, 91000,
		130009, 130010, 130011, 130012, 130014,
	},
	Invalid: slices.Concat(
		[]int{1001, 1002},
		[]int{10003, 10004, 10005, 10009, 10011, 10018, 10031, 10032, 10034, 10045, 10046, 10051, 10053, 10054, 10060, 10061},
		[]int{20001, 20016, 30001, 40001, 40002, 40005, 40601, 40605, 40610},
		[]int{60002, 60003, 60009, 60015, 70206, 70402, 80001, 80002, 80004},
		span(90001, 90007), []int{90010, 90011, 90018, 90026, 90030, 90031, 90043, 90044, 90054, 90055, 93000},
		span(130001, 130005), []int{130008},
	),
}

func TestClassifyEveryDocumentedCode(t *testing.T) {
	seen := map[int]bool{}
	for class, codes := range documented {
		for _, code := range codes {
			if seen[code] {
				t.Errorf("code %d is listed twice", code)
			}
			seen[code] = true
			if got := classify(modifyGroupBaseInfo, code, "").class; got != class {
				t.Errorf("code %d: got %s, want %s", code, got, class)
			}
		}
	}
	for code := range verdicts {
		if !seen[code] {
			t.Errorf("code %d is in the table and in no documentation", code)
		}
	}
}

func TestClassifyRepetition(t *testing.T) {
	want := map[repetition][]int{
		renewed:  {20002, 70001},
		onceMore: {10008},
		backoff: {
			1003, 10002, 10006, 10023, 10049, 10056, 20004, 20005, 20018, 20028, 30006, 30007, 30008, 40006,
			60007, 60008, 60011, 60013, 60014, 60018, 60019, 70169, 70202, 70500,
			90992, 90994, 90995, 91000, 130009, 130010, 130011, 130012, 130014,
		},
	}
	got := map[repetition][]int{}
	for code, v := range verdicts {
		if v.again != never {
			got[v.again] = append(got[v.again], code)
		}
	}
	for again, codes := range want {
		slices.Sort(got[again])
		if !slices.Equal(got[again], codes) {
			t.Errorf("repetition %d: got %v, want %v", again, got[again], codes)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d kinds of repetition, want %d", len(got), len(want))
	}
}

func TestClassifyFlags(t *testing.T) {
	var frequent, maybeDone []int
	for code, v := range verdicts {
		if v.frequent {
			frequent = append(frequent, code)
		}
		if v.maybeDone {
			maybeDone = append(maybeDone, code)
		}
	}
	slices.Sort(frequent)
	slices.Sort(maybeDone)
	if want := []int{10006, 10023, 60007, 60011, 60018, 60019}; !slices.Equal(frequent, want) {
		t.Errorf("frequent: got %v, want %v", frequent, want)
	}
	want := []int{10002, 20005, 60008, 60013, 90992, 90994, 90995, 91000}
	if !slices.Equal(maybeDone, want) {
		t.Errorf("maybe done: got %v, want %v", maybeDone, want)
	}
}

func TestClassifySpecialCases(t *testing.T) {
	tests := map[string]struct {
		command *command
		code    int
		info    string
		want    verdict
	}{
		"undefined field":               {createGroup, 10004, "all defined key is invalid", undefined},
		"undefined field, other case":   {modifyGroupBaseInfo, 10004, "ERR: All Defined Key Is Invalid!", undefined},
		"other invalid parameter":       {createGroup, 10004, "name too long", refused},
		"text of a field, other code":   {createGroup, 10007, "all defined key is invalid", forbidden},
		"malformed id of a new group":   {createGroup, 10015, "", refused},
		"growth of the day":             {createGroup, 10006, "Daily net growth limit", overQuota},
		"frequency of creation":         {createGroup, 10006, "too fast", longFrequent},
		"growth of another command":     {destroyGroup, 10006, "daily", longFrequent},
		"lock after wrong signatures":   {accountCheck, 70050, "", locked},
		"callback's own code, C2C":      {createGroup, 120001, "", forbidden},
		"callback's own code, C2C, end": {createGroup, 130000, "", forbidden},
		"callback's own code, group":    {createGroup, 10100, "", forbidden},
		"unknown code":                  {createGroup, 10020, "", refused},
		"unknown access code":           {createGroup, 60022, "", refused},
		"unknown internal error":        {createGroup, 90999, "", perhapsDone},
		"unknown internal error, 91":    {createGroup, 91001, "", perhapsDone},
		"negative code":                 {createGroup, -1, "", refused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := classify(test.command, test.code, test.info); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestCommandsAreDistinct(t *testing.T) {
	paths := map[string]bool{}
	names := map[string]bool{}
	for _, cmd := range commands {
		if paths[cmd.path()] || names[cmd.name] {
			t.Errorf("%s is listed twice", cmd.path())
		}
		paths[cmd.path()], names[cmd.name] = true, true
		if cmd.limit < 1 || cmd.maxItems < 1 {
			t.Errorf("%s: limit %d, items %d", cmd.name, cmd.limit, cmd.maxItems)
		}
	}
	for _, limited := range []*command{accountCheck, multiAccountImport, accountDelete} {
		if limited.limit != 100 {
			t.Errorf("%s: limit %d, the documented one is 100", limited.name, limited.limit)
		}
	}
}
