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
	"slices"
	"strings"
	"time"
)

const (
	// maxBlockedIDs bounds the deleted accounts that are remembered.
	maxBlockedIDs = 10_000
	// trialAccounts and trialGroups are the totals of the trial edition.
	trialAccounts = 100
	trialGroups   = 100

	maxBatchAccounts = 100
	maxProfileValue  = 500
	accountGoneInfo  = "Err_TLS_PT_Open_Login_Account_Not_Exist"
	robotPrefix      = "@RBT#"
	officialPrefix   = "@TOA#_"
)

// States of query_online_status.
const (
	presenceOnline     = "Online"
	presencePushOnline = "PushOnline"
	presenceOffline    = "Offline"
)

// account is one imported account.
type account struct {
	id       string
	imported time.Time
	profile  map[string]any // by tag: string or int64
	groups   map[string]struct{}
	robot    bool

	online       string           // Online, PushOnline or Offline
	platforms    []PlatformStatus // as query_online_status details them
	kicked       int64            // UNIX seconds of the last kick, 0 if none
	chatMuted    int64            // C2C, until UNIX seconds, or forever
	groupMuted   int64
	conversation map[string]int // messages not read, by peer; also for clean-up
}

// PlatformStatus is the state of one terminal of an account.
type PlatformStatus struct {
	Platform string `json:"platform"`
	Status   string `json:"status"`
}

func (s *Simulator) addAccount(id string, now time.Time) *account {
	added := &account{id: id, imported: now, profile: map[string]any{}, online: presenceOffline}
	s.accounts[id] = added
	s.accountOrder = append(s.accountOrder, id)
	return added
}

// importAccount makes an account, or finds the existing one.
func (s *Simulator) importAccount(id string, now time.Time) (*account, *Refusal) {
	if existing, ok := s.accounts[id]; ok {
		return existing, nil
	}
	if !validUserID(id) || strings.HasPrefix(id, robotPrefix) || strings.HasPrefix(id, officialPrefix) {
		return nil, refuse(codeLoginParameter, "UserID is invalid")
	}
	if deleted, blocked := s.blockedIDs.get(id); blocked {
		if s.options.ReimportBlock > 0 && now.Sub(deleted) < s.options.ReimportBlock {
			return nil, refuse(codeLoginParameter, "UserID was deleted and is blocked until %s",
				deleted.Add(s.options.ReimportBlock).UTC().Format(time.RFC3339))
		}
		s.blockedIDs.remove(id)
	}
	if s.options.TrialEdition && len(s.accounts) >= trialAccounts {
		return nil, refuse(codeTrialAccounts, "the trial edition has at most %d accounts", trialAccounts)
	}
	if len(s.accounts) >= maxAccounts {
		return nil, refuse(codeLoginInternal, "the simulator holds no more accounts")
	}
	return s.addAccount(id, now), nil
}

// accountProfile is the optional profile part of an import.
type accountProfile struct{ nick, faceURL *string }

func readAccountProfile(p params) accountProfile {
	var profile accountProfile
	if nick, present := p.text("Nick"); present {
		profile.nick = &nick
	}
	if faceURL, present := p.text("FaceUrl"); present {
		profile.faceURL = &faceURL
	}
	return profile
}

func (profile accountProfile) check() *Refusal {
	for _, value := range []*string{profile.nick, profile.faceURL} {
		if value != nil && len(*value) > maxProfileValue {
			return refuse(codeProfileTooLong, "Nick and FaceUrl have at most %d bytes", maxProfileValue)
		}
	}
	return nil
}

func (s *Simulator) importWithProfile(id string, profile accountProfile, now time.Time) *Refusal {
	_, existed := s.accounts[id]
	imported, refusal := s.importAccount(id, now)
	if refusal != nil {
		return refusal
	}
	// The account is made first; a profile that cannot be set does not undo it.
	if refusal := profile.check(); refusal != nil {
		return refusal
	}
	if existed && s.options.KeepProfileOnReimport {
		return nil
	}
	if profile.nick != nil {
		s.storeProfile(imported, tagNick, *profile.nick)
	}
	if profile.faceURL != nil {
		s.storeProfile(imported, tagImage, *profile.faceURL)
	}
	return nil
}

func (s *Simulator) accountImport(c *call) (answer, error) {
	id := c.requiredAccount("UserID", "Identifier")
	profile := readAccountProfile(c.params)
	if err := c.err(); err != nil {
		return nil, err
	}
	if refusal := s.importWithProfile(id, profile, c.now); refusal != nil {
		return nil, refusal
	}
	return nil, nil
}

func (s *Simulator) multiaccountImport(c *call) (answer, error) {
	failed := []string{}
	if c.has("AccountList") {
		for _, item := range c.requiredObjects(maxBatchAccounts, codeLoginParameter, "AccountList") {
			id := item.requiredAccount("UserID")
			profile := readAccountProfile(item)
			if err := c.err(); err != nil {
				return nil, err
			}
			if s.importWithProfile(id, profile, c.now) != nil {
				failed = append(failed, id)
			}
		}
	} else {
		ids := c.requiredAccounts(maxBatchAccounts, codeLoginParameter, "Accounts")
		if err := c.err(); err != nil {
			return nil, err
		}
		for _, id := range ids {
			if s.importWithProfile(id, accountProfile{}, c.now) != nil {
				failed = append(failed, id)
			}
		}
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return answer{"FailAccounts": failed}, nil
}

// readUserItems reads an array of {UserID}.
func (c *call) readUserItems(name string) []string {
	var ids []string
	for _, item := range c.requiredObjects(maxBatchAccounts, codeLoginParameter, name) {
		ids = append(ids, item.requiredAccount("UserID"))
	}
	return ids
}

func (s *Simulator) accountCheck(c *call) (answer, error) {
	ids := c.readUserItems("CheckItem")
	if err := c.err(); err != nil {
		return nil, err
	}
	items := make([]answer, 0, len(ids))
	for _, id := range ids {
		status := "NotImported"
		if _, ok := s.accounts[id]; ok {
			status = "Imported"
		}
		items = append(items, answer{"UserID": id, "ResultCode": 0, "ResultInfo": "", "AccountStatus": status})
	}
	return answer{"ResultItem": items}, nil
}

func (s *Simulator) accountDelete(c *call) (answer, error) {
	ids := c.readUserItems("DeleteItem")
	if err := c.err(); err != nil {
		return nil, err
	}
	if s.options.closed(FeatureAccountDeletion) {
		return nil, refuse(codeDeleteForbidden, "account deletion is not enabled for this app")
	}
	items := make([]answer, 0, len(ids))
	for _, id := range ids {
		code, info := 0, ""
		switch victim, exists := s.accounts[id]; {
		case !exists:
			code, info = codeAccountMissing, accountGoneInfo
		case slices.Contains(s.options.Administrators, id):
			code, info = codeLoginParameter, "administrators cannot be deleted"
		default:
			s.removeAccount(victim, c.now)
		}
		items = append(items, answer{"ResultCode": code, "ResultInfo": info, "UserID": id})
	}
	return answer{"ResultItem": items}, nil
}

// removeAccount deletes an account with its memberships and conversations and
// blocks its ID.
func (s *Simulator) removeAccount(victim *account, now time.Time) {
	for groupID := range victim.groups {
		g := s.groups[groupID]
		g.members.remove(victim.id)
		delete(g.marks, victim.id)
		delete(g.offline, victim.id)
		if g.owner == victim.id {
			g.owner = ""
		}
		s.notify(g.id, now, Notice{Type: NoticeMemberLeft, Accounts: []string{victim.id}})
	}
	for peer := range victim.conversation {
		s.chats.forget(victim.id, peer)
	}
	delete(s.accounts, victim.id)
	if i := slices.Index(s.accountOrder, victim.id); i >= 0 {
		s.accountOrder = slices.Delete(s.accountOrder, i, i+1)
	}
	s.blockedIDs.put(victim.id, now)
}

func (s *Simulator) kick(c *call) (answer, error) {
	id := c.requiredAccount("UserID", "Identifier")
	if err := c.err(); err != nil {
		return nil, err
	}
	victim, ok := s.accounts[id]
	if !ok {
		return nil, refuse(codeAccountMissing, "%s", accountGoneInfo)
	}
	victim.kicked = c.unix()
	if victim.online == presenceOnline {
		s.fireState(c, id, reasonLinkClose, nil)
	}
	victim.online, victim.platforms = presenceOffline, nil
	return nil, nil
}

// kickedAfter reports whether an account was kicked after a UserSig of it was
// issued.
func (s *Simulator) kickedAfter(id string, issued int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok := s.accounts[id]
	return ok && issued < user.kicked
}

func (s *Simulator) queryOnlineStatus(c *call) (answer, error) {
	if s.options.closed(FeatureUserStatus) {
		return nil, refuse(codeStatusClosed, "the user status query is not enabled")
	}
	if !c.has(fieldTo) {
		return nil, refuse(codeChatTo, "To_Account is required")
	}
	ids, _ := c.accounts(fieldTo)
	detailed := c.flag("IsNeedDetail")
	switch err := c.err(); {
	case err != nil:
		return nil, err
	case len(ids) == 0:
		return nil, refuse(codeChatJSON, "To_Account must not be empty")
	case len(ids) > maxChatTargets:
		return nil, refuse(codeChatTooMany, "To_Account has %d accounts, at most %d are allowed", len(ids), maxChatTargets)
	}
	name := "State"
	if s.options.StatusField {
		name = "Status"
	}
	found, missing := []answer{}, []answer{}
	for _, id := range ids {
		user, ok := s.accounts[id]
		if !ok {
			missing = append(missing, answer{fieldTo: id, "ErrorCode": codeAccountMissing})
			continue
		}
		item := answer{fieldTo: id, name: user.online}
		if detailed && len(user.platforms) > 0 {
			var details []answer
			for _, platform := range user.platforms {
				details = append(details, answer{"Platform": platform.Platform, "Status": platform.Status})
			}
			item["Detail"] = details
		}
		found = append(found, item)
	}
	if len(found) == 0 {
		return nil, refuse(codeAccountMissing, "none of the accounts exists")
	}
	result := answer{"QueryResult": found}
	if len(missing) > 0 {
		result["ErrorList"] = missing
	}
	return result, nil
}
