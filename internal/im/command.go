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

// command is what the client must know of one call of the provider beforehand.
type command struct {
	service string
	name    string
	// limit is the provider's ceiling in calls per second, for the whole application.
	limit int
	// maxItems is how many items one call takes, 1 for a call about one thing.
	maxItems int
	// writes: the call changes something, so dry run holds it back.
	writes bool
	// once: repeating the call after an unknown outcome is not safe.
	once bool
	// itemised names the array in the answer whose elements carry the outcome: when it is there, the code of the
	// answer as a whole means nothing.
	itemised string
	// blameOne lists the codes with which a whole batch may be refused because of one of its items.
	blameOne []int
	// user is the kind of process that makes the call.
	user user
}

// path is the command's place below the endpoint.
func (c *command) path() string { return "/v4/" + c.service + "/" + c.name }

// blames reports whether a refusal of a whole batch may be the fault of one item.
func (c *command) blames(code int) bool {
	for _, blamed := range c.blameOne {
		if code == blamed {
			return true
		}
	}
	return false
}

const (
	accountService   = "im_open_login_svc"
	chatService      = "openim"
	profileService   = "profile"
	groupService     = "group_open_http_svc"
	liveService      = "group_open_avchatroom_http_svc"
	attributeService = "group_open_attr_http_svc"
	auditService     = "im_msg_audit_mgr"
	addressService   = "ConfigSvc"
)

// The commands in use. Everything that is kept per command (limits, breakers, metric labels) comes from this table, so
// all of it is bounded.
var (
	accountCheck = &command{service: accountService, name: "account_check",
		limit: 100, maxItems: 100, blameOne: []int{70402}, user: usedByBoth}
	accountImport = &command{service: accountService, name: "account_import",
		limit: 200, maxItems: 1, writes: true, user: usedByBoth}
	multiAccountImport = &command{service: accountService, name: "multiaccount_import",
		limit: 100, maxItems: 100, writes: true, blameOne: []int{70402, 40601}, user: usedByBoth}
	accountDelete = &command{service: accountService, name: "account_delete",
		limit: 100, maxItems: 100, writes: true, blameOne: []int{70107, 70402}, user: usedByBoth}

	// Whether a missing account fails its own item or the whole portrait_get is not documented.
	portraitGet = &command{service: profileService, name: "portrait_get",
		limit: 200, maxItems: 100, blameOne: []int{40003}}
	portraitSet = &command{service: profileService, name: "portrait_set",
		limit: 200, maxItems: 1, writes: true, user: usedByBoth}

	queryOnlineStatus = &command{service: chatService, name: "query_online_status",
		limit: 200, maxItems: 500, itemised: "ErrorList", user: usedByWebhook}

	// A repeat is safe for 120 s after the first attempt, and only the caller knows when that was.
	sendMsg = &command{service: chatService, name: "sendmsg",
		limit: 200, maxItems: 1, writes: true, once: true, user: usedByWebhook}
	adminGetRoamMsg = &command{service: chatService, name: "admin_getroammsg",
		limit: 200, maxItems: 1, user: usedByWebhook}

	// 10018: the answer would be too large, ask for less.
	getGroupInfo = &command{service: groupService, name: "get_group_info",
		limit: 200, maxItems: 50, itemised: "GroupInfo", blameOne: []int{10010, 10015, 10018}}
	createGroup = &command{service: groupService, name: "create_group",
		limit: 200, maxItems: 1, writes: true, once: true}
	modifyGroupBaseInfo = &command{service: groupService, name: "modify_group_base_info",
		limit: 200, maxItems: 1, writes: true}
	destroyGroup = &command{service: groupService, name: "destroy_group",
		limit: 200, maxItems: 1, writes: true}
	changeGroupOwner = &command{service: groupService, name: "change_group_owner",
		limit: 200, maxItems: 1, writes: true}

	addGroupMember = &command{service: groupService, name: "add_group_member",
		limit: 200, maxItems: 1, writes: true}
	getGroupMemberInfo = &command{service: groupService, name: "get_group_member_info",
		limit: 200, maxItems: 1}
	modifyGroupMemberInfo = &command{service: groupService, name: "modify_group_member_info",
		limit: 200, maxItems: 1, writes: true}

	// What setting an administrator twice does is not documented: read get_admin_list first.
	modifyAdmin = &command{service: liveService, name: "modify_admin",
		limit: 200, maxItems: 1, writes: true, once: true}
	getAdminList = &command{service: liveService, name: "get_admin_list",
		limit: 200, maxItems: 1}

	banGroupMember = &command{service: groupService, name: "ban_group_member",
		limit: 200, maxItems: 20, writes: true}
	unbanGroupMember = &command{service: groupService, name: "unban_group_member",
		limit: 200, maxItems: 20, writes: true}
	getGroupBanMember = &command{service: groupService, name: "get_group_ban_member",
		limit: 200, maxItems: 1}

	getGroupAttr = &command{service: attributeService, name: "get_group_attr",
		limit: 200, maxItems: 1}
	modifyGroupAttr = &command{service: groupService, name: "modify_group_attr",
		limit: 200, maxItems: 16, writes: true}
	deleteGroupAttr = &command{service: groupService, name: "delete_group_attr",
		limit: 200, maxItems: 16, writes: true}

	// A repeat within five minutes is recognised by its content and Random, so it is safe.
	sendGroupMsg = &command{service: groupService, name: "send_group_msg",
		limit: 200, maxItems: 1, writes: true, user: usedByWebhook}
	getOnlineMemberNum = &command{service: groupService, name: "get_online_member_num",
		limit: 200, maxItems: 1, user: usedByWebhook}

	// What adding a keyword twice or deleting one that is gone does is not documented: read the list first.
	addLocalAuditKeywords = &command{service: auditService, name: "add_local_audit_keywords",
		limit: 200, maxItems: 10, writes: true, once: true}
	deleteLocalAuditKeywords = &command{service: auditService, name: "delete_local_audit_keywords",
		limit: 200, maxItems: 10, writes: true, once: true}
	getLocalAuditKeywords = &command{service: auditService, name: "get_local_audit_keywords",
		limit: 200, maxItems: 1}

	getIPList = &command{service: addressService, name: "GetIPList",
		limit: 200, maxItems: 1, user: usedByWebhook}
)

// commands lists every command above.
var commands = []*command{
	accountCheck, accountImport, multiAccountImport, accountDelete,
	portraitGet, portraitSet, queryOnlineStatus, sendMsg, adminGetRoamMsg,
	getGroupInfo, createGroup, modifyGroupBaseInfo, destroyGroup, changeGroupOwner,
	addGroupMember, getGroupMemberInfo, modifyGroupMemberInfo,
	modifyAdmin, getAdminList,
	banGroupMember, unbanGroupMember, getGroupBanMember,
	getGroupAttr, modifyGroupAttr, deleteGroupAttr,
	sendGroupMsg, getOnlineMemberNum,
	addLocalAuditKeywords, deleteLocalAuditKeywords, getLocalAuditKeywords,
	getIPList,
}
