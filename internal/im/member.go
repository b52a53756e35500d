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

const (
	// memberPage is the number of members asked for at a time, the smallest of the documented limits.
	memberPage = 100
	// memberPages bounds one listing of members.
	memberPages = 60
)

// AddMember adds a user to a group, without a notice to the others. A user who is in it already is a success. Not for
// AVChatRoom (NotPermitted). NotFound: the group or the account does not exist, see the Info of the error.
// QuotaExceeded: the group is full, or the user is in too many groups.
func (c *Client) AddMember(ctx context.Context, groupID, userID string) error {
	if groupID == "" {
		return noGroupID(addGroupMember)
	}
	if !validUserID(userID) {
		return invalidUserID(addGroupMember, userID)
	}
	var answer wireAddResult
	err := ask(ctx, c.calls, addGroupMember, wireAddMember{
		GroupID: groupID, Silence: 1, MemberList: []wireMemberName{{MemberAccount: userID}},
	}, &answer)
	if IsAlreadyExists(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return answer.errorFor(userID)
}

// MembersByRole lists the members with a role (RoleOwner, RoleAdmin or RoleMember), at most 6000. Not for AVChatRoom,
// which has no member list.
func (c *Client) MembersByRole(ctx context.Context, groupID, role string) ([]string, error) {
	if groupID == "" {
		return nil, noGroupID(getGroupMemberInfo)
	}
	var found []string
	question := wireListMembers{
		GroupID: groupID, Limit: memberPage, MemberInfoFilter: []string{"Role"}, MemberRoleFilter: []string{role},
	}
	for range memberPages {
		var answer wireMembers
		if err := ask(ctx, c.calls, getGroupMemberInfo, question, &answer); err != nil {
			return nil, err
		}
		for _, member := range answer.MemberList {
			// The filter is the provider's business; a provider that ignores it must not make everybody an owner.
			if string(member.Role) == role && member.name() != "" {
				found = append(found, member.name())
			}
		}
		next, more := answer.next(question)
		if !more {
			return found, nil
		}
		question = next
	}
	return nil, &Error{
		Class: Unavailable, Command: getGroupMemberInfo.name, Info: "the list of members does not come to an end",
	}
}

// SetAdministrator makes a member of a group an administrator, or an ordinary member again. The owner cannot be changed.
// Not for AVChatRoom, see SetLiveAdministrators, nor for Work, which has no administrators.
func (c *Client) SetAdministrator(ctx context.Context, groupID, userID string, admin bool) error {
	if groupID == "" {
		return noGroupID(modifyGroupMemberInfo)
	}
	if !validUserID(userID) {
		return invalidUserID(modifyGroupMemberInfo, userID)
	}
	role := RoleMember
	if admin {
		role = RoleAdmin
	}
	question := wireSetRole{GroupID: groupID, MemberAccount: userID, Role: role}
	return ask(ctx, c.calls, modifyGroupMemberInfo, question, nil)
}

type wireMemberName struct {
	MemberAccount string `json:"Member_Account"`
}

type wireAddMember struct {
	GroupID    string           `json:"GroupId"`
	Silence    int              `json:"Silence"`
	MemberList []wireMemberName `json:"MemberList"`
}

type wireSetRole struct {
	GroupID       string `json:"GroupId"`
	MemberAccount string `json:"Member_Account"`
	Role          string `json:"Role"`
}

type wireAddResult struct {
	MemberList []struct {
		wireMember
		Result *number `json:"Result"`
	} `json:"MemberList"`
}

// Results of adding a member.
const (
	addFailed = 0
	addWaits  = 3
)

func (w *wireAddResult) errorFor(userID string) error {
	for _, member := range w.MemberList {
		if member.name() != userID || member.Result == nil {
			continue
		}
		switch *member.Result {
		case addFailed:
			return &Error{Class: Unavailable, Command: addGroupMember.name, Info: "the member was not added, without a reason"}
		case addWaits:
			return &Error{Class: NotPermitted, Command: addGroupMember.name, Info: "the member waits for approval"}
		}
	}
	return nil
}

type wireListMembers struct {
	GroupID          string   `json:"GroupId"`
	MemberInfoFilter []string `json:"MemberInfoFilter"`
	MemberRoleFilter []string `json:"MemberRoleFilter"`
	Limit            int      `json:"Limit"`
	Offset           int      `json:"Offset"`
	Next             string   `json:"Next,omitempty"` // communities page by it
}

type wireMembers struct {
	MemberList []wireMember `json:"MemberList"`
	Next       text         `json:"Next"`
}

// wireMember is a member in an answer, whose name goes by two names.
type wireMember struct {
	MemberAccount text `json:"Member_Account"`
	Account       text `json:"Account"`
	Role          text `json:"Role"`
}

func (m wireMember) name() string {
	if m.MemberAccount != "" {
		return string(m.MemberAccount)
	}
	return string(m.Account)
}

// next is the question for the page after this one, if there can be one.
func (w *wireMembers) next(question wireListMembers) (wireListMembers, bool) {
	switch {
	case len(w.MemberList) == 0:
		return question, false
	case w.Next != "" && w.Next != "0" && string(w.Next) != question.Next:
		question.Next = string(w.Next)
	case len(w.MemberList) < question.Limit:
		return question, false
	default:
		question.Offset += len(w.MemberList)
	}
	return question, true
}
