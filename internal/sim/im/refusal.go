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
	"maps"
)

// Codes of the access layer.
const (
	codeHTTPFormat   = 60002
	codeBodyFormat   = 60003
	codeURLAccount   = 60004
	codeAppInvalid   = 60006
	codeAppFrequency = 60011
	codeAppMissing   = 60012
	codeNotText      = 60015
	codeNoCommand    = 60009
	codeNotAdmin     = 60010
)

// Codes of accounts and UserSigs.
const (
	codeSigExpired      = 70001
	codeSigEmpty        = 70002
	codeSigMalformed    = 70003
	codeSigInvalid      = 70005
	codeSigOtherKey     = 70009
	codeSigIdentifier   = 70013
	codeSigApp          = 70014
	codeAppUnknown      = 70020
	codeSigLocked       = 70050
	codeAccountMissing  = 70107
	codeTrialAccounts   = 70398
	codeLoginParameter  = 70402
	codeLoginAdmin      = 70403
	codeLoginInternal   = 70500
	codeDeleteForbidden = 71000
	codeStatusClosed    = 72001
)

// Codes of profiles.
const (
	codeProfileParameter = 40001
	codeProfileNoAccount = 40002
	codeProfileMissing   = 40003
	codeProfileAdmin     = 40004
	codeProfileTag       = 40009
	codeProfileTooLong   = 40601
	codeProfileValue     = 40605
	codeProfileType      = 40610
)

// Codes of messages.
const (
	codeMessageAccount      = 20003
	codeChatRejected        = 20006
	codeMessageGone         = 20022
	codeMessageRecalled     = 20023
	codeSenderMuted         = 20012
	codeTextBlocked         = 80001
	codeCallbackFailed      = 80003
	codeGroupMessageTooLong = 80002
	codeMessageTooLong      = 93000
	codeChatJSON            = 90001
	codeChatBody            = 90002
	codeChatTo              = 90003
	codeChatSeq             = 90004
	codeChatRandom          = 90005
	codeChatTime            = 90006
	codeChatBodyNoArray     = 90007
	codeChatFrom            = 90008
	codeChatAdmin           = 90009
	codeChatFormat          = 90010
	codeChatTooMany         = 90011
	codeChatToMissing       = 90012
	codeChatLifetime        = 90026
	codeChatSyncOld         = 90030
	codeChatSync            = 90031
	codeChatPush            = 90043
	codeChatLifetimeType    = 90044
	codeChatKey             = 90054
)

// Codes of the group service.
const (
	codeGroupInternal      = 10002
	codeGroupParameter     = 10004
	codeGroupTooMany       = 10005
	codeGroupFrequency     = 10006
	codeGroupPermission    = 10007
	codeOwnerLeaves        = 10009
	codeGroupMissing       = 10010
	codeGroupJSON          = 10011
	codeGroupMember        = 10013
	codeGroupFull          = 10014
	codeGroupRejected      = 10016
	codeGroupID            = 10015
	codeGroupMuted         = 10017
	codeGroupTooLarge      = 10018
	codeGroupNoUser        = 10019
	codeGroupIDUsed        = 10021
	codeGroupMsgFrequency  = 10023
	codeGroupIDOwned       = 10025
	codeRecallMissing      = 10030
	codeRecallRefused      = 10032
	codeRecallType         = 10033
	codeLiveGroupQuota     = 10036
	codeUserGroupQuota     = 10037
	codeMemberQuota        = 10038
	codeNoHistory          = 10044
	codeAttributeKey       = 10045
	codeAttributeValue     = 10046
	codeAttributeCount     = 10047
	codeAttributeTotal     = 10048
	codeAttributeFrequency = 10049
	codeAttributeMissing   = 10050
	codeTooManyMentions    = 10053
	codeTrialGroups        = 10058
	codeNeedsPlan          = 10059
	codeCounterCount       = 10063
	codeCommunityClosed    = 11000
)

// Codes of the application settings.
const (
	codeSettingJSON       = 130001
	codeSettingGetMissing = 130002
	codeSettingGetInvalid = 130003
	codeSettingSetMissing = 130004
	codeSettingSetInvalid = 130005
	codeSettingNothing    = 130008
)

// Refusal is how the simulator says no: the code and the text that the answer
// carries. It is the only kind of error that a command returns.
type Refusal struct {
	Code int
	Info string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s (code %d)", r.Info, r.Code) }

func refuse(code int, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Info: fmt.Sprintf(format, args...)}
}

// answer is the body of a response without its envelope.
type answer map[string]any

// envelopeStyle is how the fields around an answer look; the services differ.
type envelopeStyle int

const (
	// envelopeFull has ActionStatus, ErrorCode and ErrorInfo.
	envelopeFull envelopeStyle = iota
	// envelopeDisplay adds ErrorDisplay.
	envelopeDisplay
	// envelopeBare has no ActionStatus.
	envelopeBare
	// envelopeRequest adds RequestId.
	envelopeRequest
	// envelopeSilent leaves ErrorInfo out of a success.
	envelopeSilent
)

// seal adds the envelope. Fields that the command has set itself win, so that
// batchsendmsg can answer SomeError.
func (style envelopeStyle) seal(body answer, refusal *Refusal, requestID string) answer {
	sealed := answer{"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
	if refusal != nil {
		sealed["ActionStatus"], sealed["ErrorCode"], sealed["ErrorInfo"] = "FAIL", refusal.Code, refusal.Info
	}
	switch style {
	case envelopeDisplay:
		sealed["ErrorDisplay"] = sealed["ErrorInfo"]
	case envelopeBare:
		delete(sealed, "ActionStatus")
	case envelopeRequest:
		sealed["RequestId"] = requestID
	case envelopeSilent:
		if refusal == nil {
			delete(sealed, "ErrorInfo")
		}
	case envelopeFull:
	}
	maps.Copy(sealed, body)
	return sealed
}
