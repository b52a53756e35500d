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
	"bytes"
	"context"
	"encoding/json"
)

// maxLiveAdministrators is the provider's limit for one AVChatRoom.
const maxLiveAdministrators = 5

// LiveAdministrators lists the administrators of an AVChatRoom. NotPermitted: not in the plan, or switched off in the
// provider's console.
func (c *Client) LiveAdministrators(ctx context.Context, groupID string) ([]string, error) {
	if groupID == "" {
		return nil, noGroupID(getAdminList)
	}
	var answer wireLiveAdministrators
	if err := ask(ctx, c.calls, getAdminList, wireGroupID{GroupID: groupID}, &answer); err != nil {
		return nil, err
	}
	return answer.names(), nil
}

// SetLiveAdministrators makes users administrators of an AVChatRoom, or takes that from them. They need not be in the
// room. A room has at most five.
//
// What the provider says to a repeat is not documented, so it is not repeated when its outcome is unknown
// (UnknownOutcome): read LiveAdministrators then.
func (c *Client) SetLiveAdministrators(ctx context.Context, groupID string, userIDs []string, admin bool) error {
	switch {
	case groupID == "":
		return noGroupID(modifyAdmin)
	case len(userIDs) == 0:
		return nil
	case len(userIDs) > maxLiveAdministrators:
		return invalidArgument(modifyAdmin, "%d administrators, a live room has at most %d",
			len(userIDs), maxLiveAdministrators)
	}
	question := wireSetLiveAdministrators{GroupID: groupID, CommandType: unsetAdmin, AdminAccount: userIDs}
	if admin {
		question.CommandType = setAdmin
	}
	return ask(ctx, c.calls, modifyAdmin, question, nil)
}

// Values of CommandType.
const (
	setAdmin   = 1
	unsetAdmin = 2
)

type wireSetLiveAdministrators struct {
	GroupID      string   `json:"GroupId"`
	CommandType  int      `json:"CommandType"`
	AdminAccount []string `json:"Admin_Account"`
}

type wireLiveAdministrators struct {
	AdminList []wireLiveAdministrator `json:"Admin_List"`
}

func (w *wireLiveAdministrators) names() []string {
	var names []string
	for _, admin := range w.AdminList {
		if admin != "" {
			names = append(names, string(admin))
		}
	}
	return names
}

// wireLiveAdministrator is the account of an administrator, read from an object or from a plain string.
type wireLiveAdministrator text

// UnmarshalJSON implements json.Unmarshaler.
func (w *wireLiveAdministrator) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return (*text)(w).UnmarshalJSON(data)
	}
	var object struct {
		AdminAccount  text `json:"Admin_Account"`
		MemberAccount text `json:"Member_Account"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*w = wireLiveAdministrator(object.AdminAccount)
	if *w == "" {
		*w = wireLiveAdministrator(object.MemberAccount)
	}
	return nil
}
