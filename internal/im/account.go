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

	"golang.org/x/sync/errgroup"
)

// importsAtOnce is how many of the accounts that a batch could not import are tried alone at a time.
const importsAtOnce = 4

// AccountExists reports whether an account has been imported. Calls made at about the same time share one request.
func (c *Client) AccountExists(ctx context.Context, userID string) (bool, error) {
	if !validUserID(userID) {
		return false, invalidUserID(accountCheck, userID)
	}
	return c.accounts.submit(ctx, userID, userID)
}

// Accounts reports which of at most 100 accounts have been imported, in one call. When the provider cannot tell for
// some of them, these are missing from the map and the error is the first one's.
func (c *Client) Accounts(ctx context.Context, userIDs []string) (map[string]bool, error) {
	if len(userIDs) == 0 {
		return map[string]bool{}, nil
	}
	if len(userIDs) > accountCheck.maxItems {
		return nil, tooManyItems(accountCheck, len(userIDs))
	}
	known := make(map[string]bool, len(userIDs))
	var problem error
	for i, one := range c.checkAccounts(ctx, userIDs) {
		if one.err == nil {
			known[userIDs[i]] = one.value
		} else if problem == nil {
			problem = one.err
		}
	}
	return known, problem
}

// ImportAccount makes an account known to the application. An account that exists is a success; whether its nickname
// and avatar are overwritten then is not documented, so set what matters with SetProfile. Calls made at about
// the same time share one request.
//
// An account deleted on a paid plan cannot be imported again for three months.
func (c *Client) ImportAccount(ctx context.Context, account NewAccount) error {
	if !validUserID(account.UserID) {
		return invalidUserID(multiAccountImport, account.UserID)
	}
	_, err := c.imports.submit(ctx, account.UserID, account)
	return err
}

// DeleteAccount deletes an account with its profile, relations and memberships. It cannot be undone. An account that
// does not exist is a success. Calls made at about the same time share one request.
func (c *Client) DeleteAccount(ctx context.Context, userID string) error {
	if !validUserID(userID) {
		return invalidUserID(accountDelete, userID)
	}
	_, err := c.deletes.submit(ctx, userID, userID)
	return err
}

type wireUser struct {
	UserID string `json:"UserID"`
}

type wireCheckAccounts struct {
	CheckItem []wireUser `json:"CheckItem"`
}

type wireDeleteAccounts struct {
	DeleteItem []wireUser `json:"DeleteItem"`
}

type wireAccount struct {
	UserID  string `json:"UserID"`
	Nick    string `json:"Nick,omitempty"`
	FaceURL string `json:"FaceUrl,omitempty"`
}

type wireImportAccounts struct {
	AccountList []wireAccount `json:"AccountList"`
}

// wireAccountResults answers account_check and account_delete.
type wireAccountResults struct {
	ResultItem []struct {
		UserID        text   `json:"UserID"`
		ResultCode    number `json:"ResultCode"`
		ResultInfo    text   `json:"ResultInfo"`
		AccountStatus text   `json:"AccountStatus"`
	} `json:"ResultItem"`
}

type wireImportResult struct {
	FailAccounts []text `json:"FailAccounts"`
}

func checkAccountsQuestion(userIDs []string) wireCheckAccounts {
	return wireCheckAccounts{CheckItem: wireUsers(userIDs)}
}

func wireUsers(userIDs []string) []wireUser {
	users := make([]wireUser, len(userIDs))
	for i, id := range userIDs {
		users[i].UserID = id
	}
	return users
}

func (a NewAccount) wire() wireAccount {
	return wireAccount{UserID: a.UserID, Nick: a.Nickname, FaceURL: a.AvatarURL}
}

// checkAccounts asks for all accounts in one call.
func (c *Client) checkAccounts(ctx context.Context, userIDs []string) []outcome[bool] {
	return inParts(accountCheck, userIDs, func(ids []string) ([]outcome[bool], error) {
		var answer wireAccountResults
		if err := ask(ctx, c.calls, accountCheck, checkAccountsQuestion(ids), &answer); err != nil {
			return nil, err
		}
		return answer.checked(ids), nil
	}, nil)
}

// checked finds the result for each account. One that is not mentioned is an answer that we do not understand rather
// than a missing account: the provider lists those as NotImported.
func (w *wireAccountResults) checked(userIDs []string) []outcome[bool] {
	byID := make(map[string]outcome[bool], len(w.ResultItem))
	for _, item := range w.ResultItem {
		one := outcome[bool]{err: itemError(accountCheck, int(item.ResultCode), string(item.ResultInfo))}
		switch {
		case IsNotFound(one.err) || one.err == nil && item.AccountStatus == "NotImported":
			one = outcome[bool]{value: false}
		case one.err == nil && item.AccountStatus == "Imported":
			one.value = true
		case one.err == nil:
			one.err = notMentioned(accountCheck)
		}
		byID[string(item.UserID)] = one
	}
	return inOrder(userIDs, byID, outcome[bool]{err: notMentioned(accountCheck)})
}

// importAccounts imports all accounts in one call. The provider names those that failed without saying why, so each of
// them is tried once alone.
func (c *Client) importAccounts(ctx context.Context, accounts []NewAccount) []outcome[struct{}] {
	return inParts(multiAccountImport, accounts, func(accounts []NewAccount) ([]outcome[struct{}], error) {
		if len(accounts) == 1 {
			return []outcome[struct{}]{{err: c.importAlone(ctx, accounts[0])}}, nil
		}
		question := wireImportAccounts{AccountList: make([]wireAccount, len(accounts))}
		for i, account := range accounts {
			question.AccountList[i] = account.wire()
		}
		var answer wireImportResult
		if err := ask(ctx, c.calls, multiAccountImport, question, &answer); err != nil {
			return nil, err
		}
		failed := make(map[string]bool, len(answer.FailAccounts))
		for _, id := range answer.FailAccounts {
			failed[string(id)] = true
		}
		outcomes := make([]outcome[struct{}], len(accounts))
		var alone errgroup.Group
		alone.SetLimit(importsAtOnce)
		for i, account := range accounts {
			if failed[account.UserID] {
				alone.Go(func() error {
					outcomes[i].err = c.importAlone(ctx, account)
					return nil
				})
			}
		}
		return outcomes, alone.Wait()
	}, nil)
}

// importAlone tells why an account cannot be imported. It is also the cheaper call for one account: its limit is twice
// that of the batched one.
func (c *Client) importAlone(ctx context.Context, account NewAccount) error {
	return ask(ctx, c.calls, accountImport, account.wire(), nil)
}

// deleteAccounts deletes all accounts in one call.
func (c *Client) deleteAccounts(ctx context.Context, userIDs []string) []outcome[struct{}] {
	return inParts(accountDelete, userIDs, func(ids []string) ([]outcome[struct{}], error) {
		var answer wireAccountResults
		err := ask(ctx, c.calls, accountDelete, wireDeleteAccounts{DeleteItem: wireUsers(ids)}, &answer)
		if len(ids) == 1 && IsNotFound(err) {
			return make([]outcome[struct{}], 1), nil
		}
		if err != nil {
			return nil, err
		}
		return answer.deleted(ids), nil
	}, nil)
}

// deleted finds the result for each account; gone already is as good as deleted.
func (w *wireAccountResults) deleted(userIDs []string) []outcome[struct{}] {
	byID := make(map[string]outcome[struct{}], len(w.ResultItem))
	for _, item := range w.ResultItem {
		err := itemError(accountDelete, int(item.ResultCode), string(item.ResultInfo))
		if IsNotFound(err) {
			err = nil
		}
		byID[string(item.UserID)] = outcome[struct{}]{err: err}
	}
	return inOrder(userIDs, byID, outcome[struct{}]{err: notMentioned(accountDelete)})
}

// inOrder lists the outcomes by the order of the question.
func inOrder[Out any](ids []string, byID map[string]outcome[Out], missing outcome[Out]) []outcome[Out] {
	outcomes := make([]outcome[Out], len(ids))
	for i, id := range ids {
		one, ok := byID[id]
		if !ok {
			one = missing
		}
		outcomes[i] = one
	}
	return outcomes
}

func notMentioned(cmd *command) error {
	return &Error{Class: Unavailable, Command: cmd.name, Info: "the answer does not say what became of this item"}
}

func tooManyItems(cmd *command, n int) error {
	return invalidArgument(cmd, "%d items in one call, the provider takes %d", n, cmd.maxItems)
}

func invalidUserID(cmd *command, userID string) error {
	return invalidArgument(cmd, "the user id %.64q is not 1 to %d bytes of printable ASCII", userID, maxUserIDBytes)
}
