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

import "context"

// CreateGroup creates a group under the given id, with its texts and custom fields, in one call.
//
// It is not repeated when its outcome is unknown (UnknownOutcome): read the group then. AlreadyExists: the id is taken,
// by whomever. NotFound: the owner is not an imported account. FieldNotRegistered: none of the custom fields has a
// definition for this type of group; when only some have, the others may be dropped without a word, so read back.
func (c *Client) CreateGroup(ctx context.Context, group NewGroup) error {
	if group.ID == "" {
		// Without an id the provider would choose one, and a repeat would make another group.
		return noGroupID(createGroup)
	}
	if group.Type == "" || group.Name == "" {
		return invalidArgument(createGroup, "the type and the name of a group must not be empty")
	}
	return ask(ctx, c.calls, createGroup, wireCreateGroup{
		GroupID:         group.ID,
		Type:            group.Type.wire(),
		Name:            group.Name,
		OwnerAccount:    group.OwnerUserID,
		Introduction:    group.Introduction,
		Notification:    group.Announcement,
		FaceURL:         group.AvatarURL,
		ApplyJoinOption: string(group.JoinOption),
		AppDefinedData:  wireFields(group.Fields),
	}, nil)
}

// ChangeGroup changes what is given and leaves the rest. A change with nothing in it makes no call. FieldNotRegistered:
// the custom field has no definition for this type of group.
func (c *Client) ChangeGroup(ctx context.Context, groupID string, change GroupChange) error {
	if groupID == "" {
		return noGroupID(modifyGroupBaseInfo)
	}
	if change == (GroupChange{}) {
		return nil
	}
	question := wireChangeGroup{
		GroupID:      groupID,
		Name:         change.Name,
		Introduction: change.Introduction,
		Notification: change.Announcement,
		FaceURL:      change.AvatarURL,
	}
	if change.JoinOption != nil {
		option := string(*change.JoinOption)
		question.ApplyJoinOption = &option
	}
	if change.AllMuted != nil {
		muted := onOff(*change.AllMuted)
		question.MuteAllMember = &muted
	}
	if change.Field != nil {
		question.AppDefinedData = wireFields([]Field{*change.Field})
	}
	return ask(ctx, c.calls, modifyGroupBaseInfo, question, nil)
}

// DestroyGroup disbands a group. It cannot be undone. A group that does not exist is a success.
func (c *Client) DestroyGroup(ctx context.Context, groupID string) error {
	if groupID == "" {
		return noGroupID(destroyGroup)
	}
	err := ask(ctx, c.calls, destroyGroup, wireGroupID{GroupID: groupID}, nil)
	if e, ok := AsError(err); ok && e.Class == NotFound && e.Code == 10015 {
		// "The id is invalid", which some tables explain as "does not exist": have a look.
		one := c.readGroups(ctx, []groupQuery{{groupID: groupID}})[0]
		if one.err == nil {
			return invalidArgument(destroyGroup, "the group exists, but its id is refused (code %d): %s", e.Code, e.Info)
		}
		err = one.err
	}
	if IsNotFound(err) {
		return nil
	}
	return err
}

// ChangeOwner makes a member the owner. Not for AVChatRoom (NotPermitted).
func (c *Client) ChangeOwner(ctx context.Context, groupID, userID string) error {
	if groupID == "" {
		return noGroupID(changeGroupOwner)
	}
	if !validUserID(userID) {
		return invalidUserID(changeGroupOwner, userID)
	}
	return ask(ctx, c.calls, changeGroupOwner, wireChangeOwner{GroupID: groupID, NewOwnerAccount: userID}, nil)
}

type wireGroupID struct {
	GroupID string `json:"GroupId"`
}

type wireCreateGroup struct {
	GroupID         string           `json:"GroupId"`
	Type            string           `json:"Type"`
	Name            string           `json:"Name"`
	OwnerAccount    string           `json:"Owner_Account,omitempty"`
	Introduction    string           `json:"Introduction,omitempty"`
	Notification    string           `json:"Notification,omitempty"`
	FaceURL         string           `json:"FaceUrl,omitempty"`
	ApplyJoinOption string           `json:"ApplyJoinOption,omitempty"`
	AppDefinedData  []wireFieldValue `json:"AppDefinedData,omitempty"`
}

type wireChangeGroup struct {
	GroupID         string           `json:"GroupId"`
	Name            *string          `json:"Name,omitempty"`
	Introduction    *string          `json:"Introduction,omitempty"`
	Notification    *string          `json:"Notification,omitempty"`
	FaceURL         *string          `json:"FaceUrl,omitempty"`
	ApplyJoinOption *string          `json:"ApplyJoinOption,omitempty"`
	MuteAllMember   *string          `json:"MuteAllMember,omitempty"`
	AppDefinedData  []wireFieldValue `json:"AppDefinedData,omitempty"`
}

type wireChangeOwner struct {
	GroupID         string `json:"GroupId"`
	NewOwnerAccount string `json:"NewOwner_Account"`
}

// wireFieldValue is a custom field as it is written: the empty value must be there, it deletes.
type wireFieldValue struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

func wireFields(fields []Field) []wireFieldValue {
	if len(fields) == 0 {
		return nil
	}
	values := make([]wireFieldValue, len(fields))
	for i, field := range fields {
		values[i] = wireFieldValue(field)
	}
	return values
}
