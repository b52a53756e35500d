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
	"strings"
	"time"
)

// repetition says whether an attempt that failed may be made again.
type repetition uint8

const (
	// never: the answer is final.
	never repetition = iota
	// onceMore: one more attempt.
	onceMore
	// renewed: one more attempt, with a new UserSig.
	renewed
	// backoff: as often as the retry layer allows.
	backoff
)

// verdict is what a code means to the client.
type verdict struct {
	class Class
	again repetition
	// maybeDone: the call may have taken effect although it failed.
	maybeDone bool
	// frequent: the provider complains about the rate of this command, so the limiter must slow down.
	frequent bool
	// after is how long a caller should wait before trying again, 0 = no advice.
	after time.Duration
}

// lockTime is how long the provider refuses every signature after too many wrong ones (70050).
const lockTime = 60 * time.Second

// The verdicts that the table below is made of.
var (
	refused       = verdict{class: Invalid}
	absent        = verdict{class: NotFound}
	exists        = verdict{class: AlreadyExists}
	undefined     = verdict{class: FieldNotRegistered}
	overQuota     = verdict{class: QuotaExceeded}
	forbidden     = verdict{class: NotPermitted}
	badCredential = verdict{class: Unauthorized}
	staleUserSig  = verdict{class: Unauthorized, again: renewed}
	locked        = verdict{class: Unauthorized, after: lockTime}
	tooFrequent   = verdict{class: RateLimited, again: backoff, frequent: true, after: time.Second}
	// longFrequent is 10006: the frequency of an operation, or the day's growth of groups. It wants a long wait.
	longFrequent = verdict{class: RateLimited, again: backoff, frequent: true, after: 30 * time.Second}
	// ownFrequent is about one group, so slowing the command for all groups would be wrong.
	ownFrequent = verdict{class: RateLimited, again: backoff, after: time.Second}
	trouble     = verdict{class: Unavailable, again: backoff}
	troubleOnce = verdict{class: Unavailable, again: onceMore}
	perhapsDone = verdict{class: Unavailable, again: backoff, maybeDone: true}
)

// verdicts is the one place where codes are understood (IM REST contract, sections 1.7 and 17). Codes of calls that
// the client does not make yet are here as well: they also arrive as codes of single items and through changes on
// the provider's side, and a complete table is easier to check against the documentation.
var verdicts = map[int]verdict{
	// Access layer.
	60002: refused, 60003: refused, 60009: refused, 60015: refused,
	60004: badCredential, 60005: badCredential, 60006: badCredential, 60010: badCredential,
	60012: badCredential, 60016: badCredential, 60021: badCredential,
	60007: tooFrequent, 60011: tooFrequent, 60018: tooFrequent, 60019: tooFrequent,
	60008: perhapsDone, 60013: perhapsDone, 60014: trouble,
	60017: forbidden, 60020: forbidden,

	// Accounts and UserSigs.
	70001: staleUserSig,
	70002: badCredential, 70003: badCredential, 70005: badCredential, 70009: badCredential,
	70013: badCredential, 70014: badCredential, 70016: badCredential, 70020: badCredential,
	70051: badCredential, 70114: badCredential, 70403: badCredential,
	70050: locked,
	70107: absent,
	70169: trouble, 70202: trouble, 70500: trouble,
	70206: refused, 70402: refused,
	70398: overQuota, 72000: overQuota,
	71000: forbidden, 72001: forbidden,

	// Content.
	80001: refused, 80002: refused, 80003: forbidden, 80004: refused,

	// Groups. 10001 and 10012 blame the calling administrator. 10008 is "probably the signature check" and is worth
	// one more attempt, but it is no proof of a wrong key. 10019 is NotFound of an account named in the request, not
	// of the group. 10047, 10048 and 10063 count what others have stored in the group as well, so they can heal.
	10001: badCredential, 10012: badCredential,
	10002: perhapsDone, 10008: troubleOnce, 10056: trouble,
	10003: refused, 10004: refused, 10005: refused, 10009: refused, 10011: refused, 10018: refused,
	10006: longFrequent, 10023: tooFrequent, 10049: ownFrequent,
	10007: forbidden, 10016: forbidden, 10017: forbidden, 10026: forbidden,
	10010: absent, 10015: absent, 10019: absent,
	10013: exists, 10021: exists, 10024: exists, 10025: exists,
	10014: overQuota, 10036: overQuota, 10037: overQuota, 10038: overQuota, 10058: overQuota,
	10030: absent, 10031: refused, 10032: refused, 10033: forbidden, 10034: refused, 10035: forbidden,
	10041: forbidden, 10044: forbidden,
	10045: refused, 10046: refused, 10047: overQuota, 10048: overQuota, 10050: absent,
	10051: refused, 10052: absent, 10053: refused, 10054: refused,
	10059: forbidden, 10060: refused, 10061: refused, 10062: absent, 10063: overQuota,
	11000: forbidden,

	// Messages.
	20001: refused, 20002: staleUserSig, 20003: absent,
	20004: trouble, 20005: perhapsDone, 20018: trouble, 20028: trouble,
	20006: forbidden, 20007: forbidden, 20009: forbidden, 20010: forbidden, 20011: forbidden, 20012: forbidden,
	20008: badCredential,
	20016: refused, 20022: absent, 20023: exists,
	90001: refused, 90002: refused, 90003: refused, 90004: refused, 90005: refused, 90006: refused,
	90007: refused, 90010: refused, 90011: refused, 90018: refused, 90026: refused, 90030: refused,
	90031: refused, 90043: refused, 90044: refused, 90054: refused, 90055: refused, 93000: refused,
	90008: absent, 90012: absent, 90048: absent,
	90009: badCredential,
	90992: perhapsDone, 90994: perhapsDone, 90995: perhapsDone, 91000: perhapsDone,

	// Profiles and relations.
	40001: refused, 40002: refused, 40005: refused, 40601: refused, 40605: refused, 40610: refused,
	40003: absent, 40004: badCredential, 40006: trouble, 40007: forbidden, 40008: forbidden,
	40009: undefined,
	30001: refused, 30002: badCredential, 30003: absent, 30004: badCredential,
	30006: trouble, 30007: trouble, 30008: trouble,

	// Global mute, operations data, history.
	130001: refused, 130002: refused, 130003: refused, 130004: refused, 130005: refused, 130008: refused,
	130009: trouble, 130010: trouble, 130011: trouble, 130012: trouble, 130014: trouble,
	1001: refused, 1002: refused, 1003: trouble, 1004: absent, 1005: absent,
}

// undefinedFieldText is the one text that must be read: an undefined custom field comes as 10004 like any other
// invalid parameter.
const undefinedFieldText = "all defined key is invalid"

// classify turns a code and its text into a verdict.
//
// An unknown code is final (Invalid), as the provider advises, except in the families of internal errors.
func classify(cmd *command, code int, info string) verdict {
	switch {
	case code == 10004 && strings.Contains(strings.ToLower(info), undefinedFieldText):
		return undefined
	case code == 10015 && cmd == createGroup:
		// Nothing can be missing yet: the id itself is malformed.
		return refused
	case code == 10006 && cmd == createGroup && mentionsGrowth(info):
		return overQuota
	case code >= 120001 && code <= 130000, code >= 10100 && code <= 10200:
		// Codes that the application's own callback chose.
		return forbidden
	}
	if v, ok := verdicts[code]; ok {
		return v
	}
	if code >= 90900 && code < 91000 || code >= 91000 && code < 92000 {
		return perhapsDone
	}
	return refused
}

// mentionsGrowth tells the daily growth limit of groups from a plain frequency refusal, which share 10006. The texts
// are not documented, so without a hint it counts as frequency, which heals by waiting either way.
func mentionsGrowth(info string) bool {
	info = strings.ToLower(info)
	for _, hint := range []string{"daily", "per day", "a day", "growth", "net increase"} {
		if strings.Contains(info, hint) {
			return true
		}
	}
	return false
}
