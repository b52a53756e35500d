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

// SetMemberField writes one custom field of a member of a group; an empty value deletes the value. Not for AVChatRoom
// (NotPermitted). FieldNotRegistered: the field has no definition for this type of group.
func (c *Client) SetMemberField(ctx context.Context, groupID, userID string, field Field) error {
	if groupID == "" {
		return noGroupID(modifyGroupMemberInfo)
	}
	if !validUserID(userID) {
		return invalidUserID(modifyGroupMemberInfo, userID)
	}
	return ask(ctx, c.calls, modifyGroupMemberInfo, wireSetMemberField{
		GroupID: groupID, MemberAccount: userID, AppMemberDefinedData: wireFields([]Field{field}),
	}, nil)
}

type wireSetMemberField struct {
	GroupID              string           `json:"GroupId"`
	MemberAccount        string           `json:"Member_Account"`
	AppMemberDefinedData []wireFieldValue `json:"AppMemberDefinedData"`
}
