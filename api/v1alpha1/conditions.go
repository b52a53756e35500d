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

package v1alpha1

// Condition types. Ready is on every object. Reconciling and Stalled follow
// kstatus: they are abnormal and exist only while they are true.
const (
	// ConditionReady summarises the other conditions: True when IM is as
	// declared. False names the first thing that is in the way. Unknown means
	// that the operator does not look (paused) or could not look.
	ConditionReady = "Ready"

	// ConditionReconciling exists while the operator is still working or
	// waiting for something that can heal without a change of spec.
	ConditionReconciling = "Reconciling"

	// ConditionStalled exists while only a change of the object can help.
	ConditionStalled = "Stalled"

	// ConditionAuthenticated (ImApp): a signed call was accepted.
	ConditionAuthenticated = "Authenticated"

	// ConditionThrottled (ImApp): IM refused calls for frequency within the
	// last minute and the operator has slowed down. Abnormal-true, present only
	// while true.
	ConditionThrottled = "Throttled"

	// ConditionImported (ImAccount): the account exists in IM.
	ConditionImported = "Imported"

	// ConditionProfileSynced (ImAccount): the declared profile fields are in IM.
	ConditionProfileSynced = "ProfileSynced"

	// ConditionUserSigIssued (ImAccount): the Secret named in spec.userSig holds
	// a valid UserSig. Present only when spec.userSig is.
	ConditionUserSigIssued = "UserSigIssued"

	// ConditionRegistered (GroupCustomField): the definition was proven for
	// every declared group type.
	ConditionRegistered = "Registered"

	// ConditionSynced (LiveRoom): the group exists and its base fields, owner,
	// administrators, attributes and bans are as declared.
	ConditionSynced = "Synced"

	// ConditionFieldsSynced (LiveRoom): the declared custom fields are in IM.
	ConditionFieldsSynced = "FieldsSynced"

	// ConditionCallbacksReceived (ImApp): IM's callbacks arrive and are authentic.
	// Written by the webhook.
	ConditionCallbacksReceived = "CallbacksReceived"

	// ConditionCompiled (ModerationPolicy, UserLevelPolicy): words, expressions
	// and selector can be used. Written by the webhook.
	ConditionCompiled = "Compiled"

	// ConditionAccountsExcluded (UserLevelPolicy): ImAccounts declare a level of
	// their own for the same profile field; the policy does not write theirs.
	// Present only while true.
	ConditionAccountsExcluded = "AccountsExcluded"

	// ConditionLevelsUnwritten (UserLevelPolicy): IM refuses the profile field.
	// Abnormal-true, present only while true.
	ConditionLevelsUnwritten = "LevelsUnwritten"

	// ConditionVerified (WeChatOfficialAccount): WeChat has reached callbackPath
	// with the right signature, as it does when the console's form is submitted and
	// with every push. Written by the webhook, as the next three.
	ConditionVerified = "Verified"

	// ConditionTokenValid (WeChatOfficialAccount): there is an access token for
	// calls of WeChat's API, or none is needed.
	ConditionTokenValid = "TokenValid"

	// ConditionAgentsAvailable (WeChatOfficialAccount): a customer who writes now
	// gets an agent.
	ConditionAgentsAvailable = "AgentsAvailable"

	// ConditionRelaying (WeChatOfficialAccount): messages go both ways, with nothing
	// held up and nothing given up.
	ConditionRelaying = "Relaying"

	// ConditionStreamURLsIssued (LiveRoom): the URLs of the stream are in status and
	// in the Secrets named in spec.stream. Present only when spec.stream is.
	ConditionStreamURLsIssued = "StreamURLsIssued"

	// ConditionStreamControlled (LiveRoom): the stream is blocked, or allowed, as
	// the room's state asks. Present only with stateControl.streamUnlessLive.
	ConditionStreamControlled = "StreamControlled"

	// ConditionStreaming (LiveRoom): somebody pushes the room's stream, by what
	// callbacks told. Present only when spec.stream is. Written by the webhook; does
	// not count for Ready.
	ConditionStreaming = "Streaming"

	// ConditionStreamCallbacksReceived (ImApp): callbacks about streams arrive and
	// are authentic. Present only when spec.live or spec.trtc names a callback key.
	// Written by the webhook; does not count for Ready.
	ConditionStreamCallbacksReceived = "StreamCallbacksReceived"

	// ConditionLengthWarning (LiveRoom): a text is within the current limits of
	// IM but beyond the older documented ones, which some applications may
	// still have. Abnormal-true, present only while true.
	ConditionLengthWarning = "LengthWarning"
)

// Reasons. The README says for each what a person on call should do.
const (
	// ReasonAsDeclared: IM is as declared.
	ReasonAsDeclared = "AsDeclared"
	// ReasonPending: not looked at yet, or held by another condition.
	ReasonPending = "Pending"
	// ReasonPaused: the annotation im.liveroom.io/paused is set.
	ReasonPaused = "Paused"
	// ReasonDriftDetected: Observe mode found differences and did nothing.
	ReasonDriftDetected = "DriftDetected"
	// ReasonNotExisting: Observe mode found nothing in IM.
	ReasonNotExisting = "NotExisting"

	// ReasonAppNotFound: the ImApp named in appRef does not exist.
	ReasonAppNotFound = "AppNotFound"
	// ReasonAppNotReady: the ImApp is not authenticated; its own conditions say why.
	ReasonAppNotReady = "AppNotReady"
	// ReasonNamespaceNotAllowed: the ImApp does not allow this namespace.
	ReasonNamespaceNotAllowed = "NamespaceNotAllowed"
	// ReasonConflict: an older object claims the same thing in IM.
	ReasonConflict = "Conflict"
	// ReasonStreamConflict (LiveRoom): an older room has the stream. The group goes on.
	ReasonStreamConflict = "StreamConflict"
	// ReasonNotAdopted: it exists in IM, somebody else made it, and adoptionPolicy is not Adopt.
	ReasonNotAdopted = "NotAdopted"
	// ReasonReferenceNotFound: a referenced ConfigMap, key or ImAccount does not exist.
	ReasonReferenceNotFound = "ReferenceNotFound"
	// ReasonReferenceNotReady: a referenced ImAccount is not imported yet.
	ReasonReferenceNotReady = "ReferenceNotReady"
	// ReasonUserNotFound: IM does not know a UserID that the object names.
	ReasonUserNotFound = "UserNotFound"
	// ReasonInvalid: a value cannot work; the message names the field.
	ReasonInvalid = "Invalid"
	// ReasonNotConverging: IM keeps returning something else than was written.
	ReasonNotConverging = "NotConverging"

	// ReasonNotRegistered (GroupCustomField): the console has no such definition, or it has not taken effect yet.
	ReasonNotRegistered = "NotRegistered"
	// ReasonAwaitingProof (GroupCustomField): a room that uses the field will prove it with its first write.
	ReasonAwaitingProof = "AwaitingProof"
	// ReasonFieldNotRegistered (LiveRoom): a custom field of the room is not registered with IM.
	ReasonFieldNotRegistered = "FieldNotRegistered"
	// ReasonFieldNotDeclared (LiveRoom): no GroupCustomField declares a custom field of the room for its type.
	ReasonFieldNotDeclared = "FieldNotDeclared"
	// ReasonTooManyFields: the application already has as many fields of this scope as IM allows.
	ReasonTooManyFields = "TooManyFields"

	// ReasonCredentialsNotFound (ImApp, WeChatOfficialAccount): the Secret or a key of it is missing.
	ReasonCredentialsNotFound = "CredentialsNotFound"
	// ReasonUnauthorized: IM refuses the credentials.
	ReasonUnauthorized = "Unauthorized"
	// ReasonQuotaExceeded: a limit of the application's plan is reached.
	ReasonQuotaExceeded = "QuotaExceeded"
	// ReasonNotPermitted: the plan, the console or the group type does not allow the call.
	ReasonNotPermitted = "NotPermitted"
	// ReasonRateLimited: IM refuses calls for frequency; retried when it allows.
	ReasonRateLimited = "RateLimited"
	// ReasonUnavailable: IM, or WeChat for TokenValid, does not answer or answers with an internal error.
	ReasonUnavailable = "Unavailable"
	// ReasonOutcomeUnknown: a reply was lost; the next pass reads back.
	ReasonOutcomeUnknown = "OutcomeUnknown"
	// ReasonInternalError: a failure inside the operator or the API server; see its log.
	ReasonInternalError = "InternalError"

	// ReasonReceiving (ImApp): authentic callbacks arrive.
	ReasonReceiving = "Receiving"
	// ReasonSilent (ImApp): no authentic callback arrived for a while, or ever.
	ReasonSilent = "Silent"
	// ReasonTokenNotFound (ImApp, WeChatOfficialAccount): the Secret of the callback token or its key is missing; every callback is refused.
	ReasonTokenNotFound = "TokenNotFound"
	// ReasonNotConfigured (ImApp): spec.callbacks is absent; every callback is refused.
	ReasonNotConfigured = "NotConfigured"
	// ReasonInForce (ModerationPolicy, UserLevelPolicy): the webhook works by the policy.
	ReasonInForce = "InForce"
	// ReasonDeclaredLevel (UserLevelPolicy): see AccountsExcluded.
	ReasonDeclaredLevel = "DeclaredLevel"

	// ReasonHandshaken (Verified): WeChat was answered, and accepts the address.
	ReasonHandshaken = "Handshaken"
	// ReasonAwaitingHandshake (Verified): WeChat has not come to callbackPath yet: enter it in the console.
	ReasonAwaitingHandshake = "AwaitingHandshake"
	// ReasonSignatureMismatch (Verified): somebody came to callbackPath with another token or encodingAESKey than the Secret's.
	ReasonSignatureMismatch = "SignatureMismatch"

	// ReasonValid (TokenValid): WeChat accepts the access token.
	ReasonValid = "Valid"
	// ReasonAddressNotAllowed (TokenValid): the address that calls come from is not in the account's list, or is held back (40164, 89503, 89506, 89507).
	ReasonAddressNotAllowed = "AddressNotAllowed"
	// ReasonInvalidSecret (TokenValid): the AppSecret is wrong (40001, 40125).
	ReasonInvalidSecret = "InvalidSecret"
	// ReasonInvalidAppID (TokenValid): WeChat does not know the appID (40013).
	ReasonInvalidAppID = "InvalidAppID"
	// ReasonAccountFrozen (TokenValid): WeChat has frozen the account or its AppSecret, or restricts it (40243, 50002, 50004, 50007).
	ReasonAccountFrozen = "AccountFrozen"
	// ReasonNotAuthorized (TokenValid): the account has no right to the interface (48001), unlike verification says.
	ReasonNotAuthorized = "NotAuthorized"
	// ReasonNotNeeded (TokenValid): an account that is not Verified has nothing to call.
	ReasonNotNeeded = "NotNeeded"

	// ReasonAvailable (AgentsAvailable): an agent takes customers.
	ReasonAvailable = "Available"
	// ReasonNoAgents (AgentsAvailable): spec.agents selects no account that IM knows.
	ReasonNoAgents = "NoAgents"
	// ReasonNoAgentOnline (AgentsAvailable): all agents are known to be offline.
	ReasonNoAgentOnline = "NoAgentOnline"
	// ReasonOutOfHours (AgentsAvailable): it is outside of businessHours.
	ReasonOutOfHours = "OutOfHours"

	// ReasonRelaying (Relaying): messages go both ways.
	ReasonRelaying = "Relaying"
	// ReasonNotReady (Relaying): another condition is in the way; the message names it.
	ReasonNotReady = "NotReady"
	// ReasonBacklog (Relaying): messages come faster than they are passed on.
	ReasonBacklog = "Backlog"
	// ReasonDeadLetters (Relaying): messages were given up and wait to be replayed or dropped.
	ReasonDeadLetters = "DeadLetters"
	// ReasonReducedRights (Relaying): the account may not send customer messages: replies wait for the customer's next message.
	ReasonReducedRights = "ReducedRights"
	// ReasonLogUnavailable (Relaying): the log of the webhook does not answer; messages are refused.
	ReasonLogUnavailable = "LogUnavailable"
	// ReasonProviderUnavailable (Relaying): IM or WeChat does not answer; messages are kept until it does.
	ReasonProviderUnavailable = "ProviderUnavailable"

	// ReasonStreaming (Streaming): somebody pushes.
	ReasonStreaming = "Streaming"
	// ReasonNotStreaming (Streaming): nobody pushes; the message says why the stream ended last.
	ReasonNotStreaming = "NotStreaming"
	// ReasonAwaitingCallback (Streaming, StreamCallbacksReceived): no callback came yet.
	ReasonAwaitingCallback = "AwaitingCallback"
	// ReasonKeyNotFound (StreamCallbacksReceived, StreamURLsIssued, StreamControlled): a Secret that spec.live or spec.trtc of the ImApp names, or its key, is missing.
	ReasonKeyNotFound = "KeyNotFound"
	// ReasonStreamingNotConfigured (StreamURLsIssued, StreamControlled): the ImApp lacks a part of spec.live or spec.trtc that the room needs.
	ReasonStreamingNotConfigured = "StreamingNotConfigured"
	// ReasonExpired (StreamURLsIssued): the URLs that were issued have ended, and something keeps new ones from being issued; Ready says what.
	ReasonExpired = "Expired"

	// ReasonInUse (ImApp): deletion waits for the objects that use it.
	ReasonInUse = "InUse"
	// ReasonSecretConflict (ImAccount, LiveRoom): the Secret named in spec.userSig, or in spec.stream, exists and is not ours.
	ReasonSecretConflict = "SecretConflict"
	// ReasonExceedsOlderLimit (LiveRoom): see LengthWarning.
	ReasonExceedsOlderLimit = "ExceedsOlderLimit"
)
