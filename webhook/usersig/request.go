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
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// MaxBodyBytes of a request.
const MaxBodyBytes = 4 << 10

// Request asks for a UserSig.
type Request struct {
	// UserID to sign for.
	UserID string `json:"userID"`
	// ValiditySeconds of the UserSig. Absent means the ImApp's maximum.
	ValiditySeconds *int64 `json:"validitySeconds,omitempty"`
	// PrivateMapKey asks for the ticket of a TRTC room, too.
	PrivateMapKey *Room `json:"privateMapKey,omitempty"`
}

// Room is a TRTC room, by exactly one of its two kinds of names, and what the
// user may do there.
type Room struct {
	RoomID       *int64 `json:"roomID,omitempty"`
	StringRoomID string `json:"stringRoomID,omitempty"`
	// Privileges are those of an audience when absent.
	Privileges *Privileges `json:"privileges,omitempty"`
}

// Issued is the answer.
type Issued struct {
	UserSig  string `json:"userSig"`
	SDKAppID int64  `json:"sdkAppID"`
	UserID   string `json:"userID"`
	// ExpiresAt is when the UserSig ends, by the clock of the webhook, in whole seconds.
	ExpiresAt time.Time `json:"expiresAt"`
	// PrivateMapKey is there when it was asked for. It ends with the UserSig.
	PrivateMapKey string `json:"privateMapKey,omitempty"`
}

// Privileges are what the user may do: bits, or names of them.
type Privileges im.Privileges

// privilegeNames are the bits by name.
var privilegeNames = map[string]Privileges{
	"createRoom":       Privileges(im.MayCreateRoom),
	"enterRoom":        Privileges(im.MayEnterRoom),
	"sendAudio":        Privileges(im.MaySendAudio),
	"receiveAudio":     Privileges(im.MayReceiveAudio),
	"sendVideo":        Privileges(im.MaySendVideo),
	"receiveVideo":     Privileges(im.MayReceiveVideo),
	"sendSubStream":    Privileges(im.MaySendSubStream),
	"receiveSubStream": Privileges(im.MayReceiveSubStream),
}

// UnmarshalJSON takes a number or a list of names.
func (p *Privileges) UnmarshalJSON(text []byte) error {
	var names []string
	if json.Unmarshal(text, &names) == nil {
		*p = 0
		for _, name := range names {
			bit, found := privilegeNames[name]
			if !found {
				return errPrivileges
			}
			*p |= bit
		}
	} else if json.Unmarshal(text, (*uint32)(p)) != nil {
		return errPrivileges
	}
	if *p < 1 || *p > Privileges(im.AllPrivileges) {
		return errPrivileges
	}
	return nil
}

var errPrivileges = errors.New("no privileges")

// decode reads a body of at most MaxBodyBytes.
func decode(w http.ResponseWriter, r *http.Request) (*Request, *refusal) {
	if r.ContentLength > MaxBodyBytes {
		return nil, tooLarge()
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	decoder.DisallowUnknownFields()
	var request Request
	err := decoder.Decode(&request)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return &request, nil
		}
	}
	var (
		large *http.MaxBytesError
		kind  *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &large):
		return nil, tooLarge()
	case errors.Is(err, errPrivileges):
		return nil, refuse(ReasonInvalidPrivateMapKey, "privileges must be a number from 1 to %d, or a list of names of privileges", im.AllPrivileges)
	case errors.As(err, &kind) && kind.Field != "":
		return nil, refuse(ReasonMalformedBody, "%s must not be a %s: see the fields of a request", kind.Field, kind.Value)
	default:
		return nil, refuse(ReasonMalformedBody, `the body must be one JSON object such as {"userID":"viewer-1","validitySeconds":3600}, with no other fields than userID, validitySeconds and privateMapKey`)
	}
}

func tooLarge() *refusal {
	return refuse(ReasonBodyTooLarge, "the body is longer than %d bytes: send nothing but the fields of a request", MaxBodyBytes)
}

// userIDs are those that IM and TRTC take, in the alphabet of allowedUserIDs.
var userIDs = regexp.MustCompile(`^[A-Za-z0-9_@#-]{1,32}$`)

// check applies the terms of an ImApp and returns for how long to sign.
func (r *Request) check(t *terms) (time.Duration, *refusal) {
	switch {
	case !userIDs.MatchString(r.UserID):
		return 0, refuse(ReasonInvalidUserID, `userID must be 1 to 32 letters, digits, "_", "-", "@" or "#"`)
	// IM's own rules for upper and lower case do not matter here: both are refused.
	case t.administrator != "" && strings.EqualFold(r.UserID, t.administrator):
		return 0, refuse(ReasonAdministratorNotAllowed, "userID is the administrator's, who can do everything: name another, or set spec.userSigService.administrator to Allow in the ImApp")
	case !t.allowed.allows(r.UserID):
		return 0, refuse(ReasonUserNotAllowed, "spec.userSigService.allowedUserIDs of the ImApp has no entry for this userID: name another, or add it there")
	}
	validity := t.maxValidity
	if r.ValiditySeconds != nil {
		maximum := int64(t.maxValidity / time.Second)
		switch seconds := *r.ValiditySeconds; {
		case seconds < 1:
			return 0, refuse(ReasonInvalidValidity, "validitySeconds must be 1 or more; leave it out for %d", maximum)
		case seconds > maximum:
			return 0, refuse(ReasonValidityTooLong, "validitySeconds must be at most %d, which is the ImApp's maximum", maximum)
		default:
			validity = time.Duration(seconds) * time.Second
		}
	}
	return validity, r.PrivateMapKey.check()
}

// check the room.
func (r *Room) check() *refusal {
	if r == nil {
		return nil
	}
	if r.RoomID != nil && *r.RoomID == 0 {
		return refuse(ReasonInvalidPrivateMapKey, "privateMapKey: roomID must be 1 to %d", im.MaxRoomID)
	}
	if err := r.room().Check(); err != nil {
		return refuse(ReasonInvalidPrivateMapKey, "privateMapKey: %s", err)
	}
	return nil
}

func (r *Room) room() im.Room {
	room := im.Room{Name: r.StringRoomID}
	if r.RoomID != nil {
		room.ID = *r.RoomID
	}
	return room
}

// granted are the privileges that a request means.
func (r *Room) granted() im.Privileges {
	if r.Privileges == nil {
		return im.AudiencePrivileges
	}
	return im.Privileges(*r.Privileges)
}
