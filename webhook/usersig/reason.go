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

package usersig

import (
	"fmt"
	"net/http"
	"time"
)

// Reason says, for programs, what became of a request: the field reason of a
// refusal, and the label outcome of the metric. The set is closed.
type Reason string

// What becomes of a request.
const (
	// ReasonIssued: a UserSig was answered.
	ReasonIssued Reason = "Issued"
	// ReasonPreflight: a browser asked whether a page may call, and it may.
	ReasonPreflight Reason = "Preflight"

	// ReasonMalformedBody: the body is not what the document says.
	ReasonMalformedBody Reason = "MalformedBody"
	// ReasonTokenMissing: there is no bearer token.
	ReasonTokenMissing Reason = "TokenMissing"
	// ReasonTokenInvalid: the cluster does not know the token.
	ReasonTokenInvalid Reason = "TokenInvalid"
	// ReasonTokenExpired: the token has ended.
	ReasonTokenExpired Reason = "TokenExpired"
	// ReasonTokenAudience: the token is for others.
	ReasonTokenAudience Reason = "TokenAudience"
	// ReasonNotServiceAccount: the token is that of somebody else.
	ReasonNotServiceAccount Reason = "NotServiceAccount"
	// ReasonNamespaceNotAllowed: the ImApp does not consent to the caller's namespace.
	ReasonNamespaceNotAllowed Reason = "NamespaceNotAllowed"
	// ReasonAccessDenied: the caller lacks the right to create imapps/usersig.
	ReasonAccessDenied Reason = "AccessDenied"
	// ReasonUserNotAllowed: allowedUserIDs does not have the UserID.
	ReasonUserNotAllowed Reason = "UserNotAllowed"
	// ReasonAdministratorNotAllowed: the UserID is the administrator's.
	ReasonAdministratorNotAllowed Reason = "AdministratorNotAllowed"
	// ReasonOriginNotAllowed: pages of this origin may not call.
	ReasonOriginNotAllowed Reason = "OriginNotAllowed"
	// ReasonNotFound: no ImApp of this name issues UserSigs.
	ReasonNotFound Reason = "NotFound"
	// ReasonMethodNotAllowed: not a POST.
	ReasonMethodNotAllowed Reason = "MethodNotAllowed"
	// ReasonBodyTooLarge: the body is longer than MaxBodyBytes.
	ReasonBodyTooLarge Reason = "BodyTooLarge"
	// ReasonInvalidUserID: no user can have this UserID.
	ReasonInvalidUserID Reason = "InvalidUserID"
	// ReasonInvalidValidity: the validity is not a positive number.
	ReasonInvalidValidity Reason = "InvalidValidity"
	// ReasonValidityTooLong: the validity is above the ImApp's maximum.
	ReasonValidityTooLong Reason = "ValidityTooLong"
	// ReasonInvalidPrivateMapKey: the room or the privileges do not exist.
	ReasonInvalidPrivateMapKey Reason = "InvalidPrivateMapKey"
	// ReasonRemoteLimited: too many requests from one address.
	ReasonRemoteLimited Reason = "RemoteLimited"
	// ReasonCallerLimited: too many requests of one ServiceAccount.
	ReasonCallerLimited Reason = "CallerLimited"
	// ReasonSigningFailed: the signature could not be made.
	ReasonSigningFailed Reason = "SigningFailed"
	// ReasonBusy: too much at once.
	ReasonBusy Reason = "Busy"
	// ReasonClusterUnavailable: the API server does not answer.
	ReasonClusterUnavailable Reason = "ClusterUnavailable"
	// ReasonSigningKeyMissing: there is no key that is known to be good.
	ReasonSigningKeyMissing Reason = "SigningKeyMissing"
)

// statuses has the status code of every reason.
var statuses = map[Reason]int{
	ReasonIssued:                  http.StatusOK,
	ReasonPreflight:               http.StatusNoContent,
	ReasonMalformedBody:           http.StatusBadRequest,
	ReasonTokenMissing:            http.StatusUnauthorized,
	ReasonTokenInvalid:            http.StatusUnauthorized,
	ReasonTokenExpired:            http.StatusUnauthorized,
	ReasonTokenAudience:           http.StatusUnauthorized,
	ReasonNotServiceAccount:       http.StatusForbidden,
	ReasonNamespaceNotAllowed:     http.StatusForbidden,
	ReasonAccessDenied:            http.StatusForbidden,
	ReasonUserNotAllowed:          http.StatusForbidden,
	ReasonAdministratorNotAllowed: http.StatusForbidden,
	ReasonOriginNotAllowed:        http.StatusForbidden,
	ReasonNotFound:                http.StatusNotFound,
	ReasonMethodNotAllowed:        http.StatusMethodNotAllowed,
	ReasonBodyTooLarge:            http.StatusRequestEntityTooLarge,
	ReasonInvalidUserID:           http.StatusUnprocessableEntity,
	ReasonInvalidValidity:         http.StatusUnprocessableEntity,
	ReasonValidityTooLong:         http.StatusUnprocessableEntity,
	ReasonInvalidPrivateMapKey:    http.StatusUnprocessableEntity,
	ReasonRemoteLimited:           http.StatusTooManyRequests,
	ReasonCallerLimited:           http.StatusTooManyRequests,
	ReasonSigningFailed:           http.StatusInternalServerError,
	ReasonBusy:                    http.StatusServiceUnavailable,
	ReasonClusterUnavailable:      http.StatusServiceUnavailable,
	ReasonSigningKeyMissing:       http.StatusServiceUnavailable,
}

// Waits that are suggested to callers.
const (
	busyWait    = time.Second
	clusterWait = 5 * time.Second
	keyWait     = 30 * time.Second
)

// refusal is the answer to a request that gets no UserSig. Its message is for
// the caller: it says what to do, and holds neither tokens nor keys.
type refusal struct {
	reason  Reason
	message string
	// after is when another try makes sense; 0 for not without a change.
	after time.Duration
	// cause is for the log. Nil where there is nothing that the caller is not told.
	cause error
}

func refuse(reason Reason, format string, args ...any) *refusal {
	return &refusal{reason: reason, message: fmt.Sprintf(format, args...)}
}

// unavailable says that the API server did not answer.
func unavailable(cause error) *refusal {
	return &refusal{
		reason: ReasonClusterUnavailable, message: "the API server of the cluster did not answer: try again",
		after: clusterWait, cause: cause,
	}
}

// crowded says that there is too much to do.
func crowded() *refusal {
	return &refusal{reason: ReasonBusy, message: "too many requests are under way: try again", after: busyWait}
}
