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
	"context"
	"math"
	"slices"
	"time"
)

const (
	// banPage is the number of bans asked for at a time, the documented limit.
	banPage = 100
	// banPages bounds one listing of bans.
	banPages = 50
)

// Bans lists the users who are banned from a group and until when, at most 5000. Not for Community.
func (c *Client) Bans(ctx context.Context, groupID string) (map[string]time.Time, error) {
	if groupID == "" {
		return nil, noGroupID(getGroupBanMember)
	}
	bans := map[string]time.Time{}
	question := wireListBans{GroupID: groupID, Limit: banPage}
	for range banPages {
		var answer wireBans
		if err := ask(ctx, c.calls, getGroupBanMember, question, &answer); err != nil {
			return nil, err
		}
		for _, ban := range answer.BannedAccountList {
			if ban.MemberAccount != "" {
				bans[string(ban.MemberAccount)] = time.Unix(int64(ban.BannedUntil), 0).UTC()
			}
		}
		// The next offset must move on, or the list would never end.
		if int(answer.NextOffset) <= question.Offset {
			return bans, nil
		}
		question.Offset = int(answer.NextOffset)
	}
	return nil, &Error{
		Class: Unavailable, Command: getGroupBanMember.name, Info: "the list of bans does not come to an end",
	}
}

// Ban keeps users out of a group for a time, rounded up to seconds and counted from now; a repeat begins it anew. Large
// lists are sent in parts of 20, so after an error some may be banned. NotPermitted: not in the plan, or switched off in
// the provider's console.
func (c *Client) Ban(ctx context.Context, groupID string, userIDs []string, d time.Duration) error {
	if groupID == "" {
		return noGroupID(banGroupMember)
	}
	if d <= 0 {
		return invalidArgument(banGroupMember, "the time of a ban must be positive")
	}
	seconds := int64(min(math.Ceil(d.Seconds()), math.MaxUint32))
	for part := range slices.Chunk(userIDs, banGroupMember.maxItems) {
		question := wireBan{GroupID: groupID, MembersAccount: part, Duration: seconds}
		if err := ask(ctx, c.calls, banGroupMember, question, nil); err != nil {
			return err
		}
	}
	return nil
}

// Unban lifts the bans of users. Large lists are sent in parts of 20, so after an error some may be lifted.
func (c *Client) Unban(ctx context.Context, groupID string, userIDs []string) error {
	if groupID == "" {
		return noGroupID(unbanGroupMember)
	}
	for part := range slices.Chunk(userIDs, unbanGroupMember.maxItems) {
		question := wireUnban{GroupID: groupID, MembersAccount: part}
		if err := ask(ctx, c.calls, unbanGroupMember, question, nil); err != nil {
			return err
		}
	}
	return nil
}

type wireListBans struct {
	GroupID string `json:"GroupId"`
	Limit   int    `json:"Limit"`
	Offset  int    `json:"Offset"`
}

type wireBans struct {
	BannedAccountList []struct {
		MemberAccount text   `json:"Member_Account"`
		BannedUntil   number `json:"BannedUntil"`
	} `json:"BannedAccountList"`
	NextOffset number `json:"NextOffset"`
}

type wireBan struct {
	GroupID        string   `json:"GroupId"`
	MembersAccount []string `json:"Members_Account"`
	Duration       int64    `json:"Duration"`
}

type wireUnban struct {
	GroupID        string   `json:"GroupId"`
	MembersAccount []string `json:"Members_Account"`
}
