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
	"fmt"
)

// OnlineState is whether an account can be reached.
type OnlineState string

// The states of an account.
const (
	// Online: connected.
	Online OnlineState = "Online"
	// PushOnline: not connected any more, but still reached by push messages, for seven days.
	PushOnline OnlineState = "PushOnline"
	// Offline: not reached.
	Offline OnlineState = "Offline"
)

// OnlineResult is the outcome for one account of a question for several.
type OnlineResult struct {
	State OnlineState
	Err   error
}

// OnlineState reads whether an account can be reached. Calls made at about the same time share one request. NotFound:
// the account is not imported. NotPermitted: the plan does not have it.
func (c *Client) OnlineState(ctx context.Context, userID string) (OnlineState, error) {
	if !validUserID(userID) {
		return "", invalidUserID(queryOnlineStatus, userID)
	}
	return c.presence.submit(ctx, userID, userID)
}

// OnlineStates reads whether at most 500 accounts can be reached, in one call. The error is that of the call as a whole,
// which each result then has too.
func (c *Client) OnlineStates(ctx context.Context, userIDs []string) (map[string]OnlineResult, error) {
	if len(userIDs) > queryOnlineStatus.maxItems {
		return nil, tooManyItems(queryOnlineStatus, len(userIDs))
	}
	for _, id := range userIDs {
		if !validUserID(id) {
			return nil, invalidUserID(queryOnlineStatus, id)
		}
	}
	results := make(map[string]OnlineResult, len(userIDs))
	if len(userIDs) == 0 {
		return results, nil
	}
	outcomes := c.readOnlineStates(ctx, union(userIDs, nil))
	for i, id := range union(userIDs, nil) {
		results[id] = OnlineResult{State: outcomes[i].value, Err: outcomes[i].err}
	}
	return results, wholeError(outcomes)
}

type wireOnlineQuestion struct {
	ToAccount []string `json:"To_Account"`
}

type wireOnlineStates struct {
	QueryResult []struct {
		ToAccount text `json:"To_Account"`
		State     text `json:"State"`
		Status    text `json:"Status"` // as the field table has it; samples have State
	} `json:"QueryResult"`
	ErrorList []struct {
		ToAccount text   `json:"To_Account"`
		ErrorCode number `json:"ErrorCode"`
	} `json:"ErrorList"`
}

// readOnlineStates asks for all accounts in one call. A refusal of the whole says that none of them could be resolved.
func (c *Client) readOnlineStates(ctx context.Context, userIDs []string) []outcome[OnlineState] {
	var answer wireOnlineStates
	err := ask(ctx, c.calls, queryOnlineStatus, wireOnlineQuestion{ToAccount: userIDs}, &answer)
	if err == nil {
		return answer.states(userIDs)
	}
	outcomes := make([]outcome[OnlineState], len(userIDs))
	for i := range outcomes {
		outcomes[i] = outcome[OnlineState]{err: err, whole: !IsNotFound(err)}
	}
	return outcomes
}

// states finds the result for each account; their order is not documented.
func (w *wireOnlineStates) states(userIDs []string) []outcome[OnlineState] {
	byID := make(map[string]outcome[OnlineState], len(userIDs))
	for _, item := range w.ErrorList {
		err := itemError(queryOnlineStatus, int(item.ErrorCode), "")
		if err == nil {
			err = notMentioned(queryOnlineStatus)
		}
		byID[string(item.ToAccount)] = outcome[OnlineState]{err: err}
	}
	for _, item := range w.QueryResult {
		state := item.State
		if state == "" {
			state = item.Status
		}
		one := outcome[OnlineState]{value: OnlineState(state)}
		switch one.value {
		case Online, PushOnline, Offline:
		default:
			one = outcome[OnlineState]{err: &Error{
				Class: Unavailable, Command: queryOnlineStatus.name, Info: cleanInfo(fmt.Sprintf("the state %.32q is not known", string(state))),
			}}
		}
		byID[string(item.ToAccount)] = one
	}
	return inOrder(userIDs, byID, outcome[OnlineState]{err: notMentioned(queryOnlineStatus)})
}
