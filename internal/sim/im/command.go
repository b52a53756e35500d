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

import "strings"

// service is one service of the API with the codes that it answers where the
// same mistake has a code per service.
type service struct {
	name          string
	adminCode     int // the caller is no administrator
	jsonCode      int // the body is not JSON
	parameterCode int // a field is missing or has the wrong type
	accountCode   int // an account is not a string
	style         envelopeStyle
}

var (
	loginService = &service{
		name: "im_open_login_svc", adminCode: codeLoginAdmin, jsonCode: codeLoginParameter,
		parameterCode: codeLoginParameter, accountCode: codeNotText,
	}
	chatService = &service{
		name: "openim", adminCode: codeChatAdmin, jsonCode: codeChatJSON,
		parameterCode: codeChatFormat, accountCode: codeChatTo,
	}
	profileService = &service{
		name: "profile", adminCode: codeProfileAdmin, jsonCode: codeProfileParameter,
		parameterCode: codeProfileParameter, accountCode: codeNotText, style: envelopeDisplay,
	}
	groupService = &service{
		name: "group_open_http_svc", adminCode: codeGroupPermission, jsonCode: codeGroupJSON,
		parameterCode: codeGroupParameter, accountCode: codeNotText,
	}
	attributeService = &service{
		name: "group_open_attr_http_svc", adminCode: codeGroupPermission, jsonCode: codeGroupJSON,
		parameterCode: codeGroupParameter, accountCode: codeNotText,
	}
	liveService = &service{
		name: "group_open_avchatroom_http_svc", adminCode: codeGroupPermission, jsonCode: codeGroupJSON,
		parameterCode: codeGroupParameter, accountCode: codeNotText,
	}
	settingService = &service{
		name: "openconfigsvr", adminCode: codeNotAdmin, jsonCode: codeSettingJSON,
		parameterCode: codeSettingJSON, accountCode: codeNotText, style: envelopeBare,
	}
	addressService = &service{
		name: "ConfigSvc", adminCode: codeNotAdmin, jsonCode: codeBodyFormat,
		parameterCode: codeBodyFormat, accountCode: codeNotText, style: envelopeSilent,
	}
	auditService = &service{
		name: "im_msg_audit_mgr", adminCode: codeNotAdmin, jsonCode: codeBodyFormat,
		parameterCode: codeGroupParameter, accountCode: codeNotText, style: envelopeRequest,
	}
	robotService = &service{
		name: "openim_robot_http_svc", adminCode: codeNotAdmin, jsonCode: codeBodyFormat,
		parameterCode: codeGroupParameter, accountCode: codeNotText,
	}
)

// command is one call of the API.
type command struct {
	service *service
	name    string
	// perSecond is the documented limit where it is below the ordinary one.
	perSecond int
	// limitCode is the code of a call above the limit where it is special.
	limitCode int
	// aliasOf names the command whose rate limit an old name shares.
	aliasOf string
	// run executes the command under the simulator's lock and returns a
	// *Refusal or the fields of the answer; nil means the envelope alone.
	// What it returns must not be shared with the simulator's state.
	run func(*Simulator, *call) (answer, error)
	// asks is the callback before the command, if it has one, and ask makes
	// its question; see Simulator.act.
	asks string
	ask  func(*Simulator, *call) (*question, error)
}

func (c *command) path() string {
	if c.service == nil {
		return c.name
	}
	return c.service.name + "/" + c.name
}

// bucket names the rate limit that the command spends from.
func (c *command) bucket() string {
	if c.aliasOf != "" {
		return c.service.name + "/" + c.aliasOf
	}
	return c.path()
}

func (c *command) style() envelopeStyle {
	if c.service == nil {
		return envelopeFull
	}
	return c.service.style
}

// unknownCommand stands for every path that is not in the table, so that
// counters stay bounded.
var unknownCommand = &command{name: "unknown"}

// commandsByPath finds a command by service/command.
var commandsByPath = indexCommands(commandTable)

func indexCommands(table []*command) map[string]*command {
	byPath := make(map[string]*command, len(table))
	for _, command := range table {
		byPath[command.path()] = command
	}
	return byPath
}

// commandOf finds the command of a URL path, which is case-sensitive.
func commandOf(path string) *command {
	name, ok := strings.CutPrefix(path, "/v4/")
	if !ok {
		return unknownCommand
	}
	if command, known := commandsByPath[name]; known {
		return command
	}
	return unknownCommand
}

// knownCommand reports whether a command exists, named with or without its
// service.
func knownCommand(name string) bool {
	for _, command := range commandTable {
		if command.name == name || command.path() == name {
			return true
		}
	}
	return false
}

// commandTable lists the API that the simulator speaks.
var commandTable = []*command{
	{service: loginService, name: "account_import", run: (*Simulator).accountImport},
	{service: loginService, name: "multiaccount_import", perSecond: 100, run: (*Simulator).multiaccountImport},
	{service: loginService, name: "account_delete", perSecond: 100, run: (*Simulator).accountDelete},
	{service: loginService, name: "account_check", perSecond: 100, run: (*Simulator).accountCheck},
	{service: loginService, name: "kick", run: (*Simulator).kick},

	{service: profileService, name: "portrait_set", run: (*Simulator).portraitSet},
	{service: profileService, name: "portrait_get", run: (*Simulator).portraitGet},

	{service: chatService, name: "query_online_status", run: (*Simulator).queryOnlineStatus},
	{service: chatService, name: "querystate", aliasOf: "query_online_status", run: (*Simulator).queryOnlineStatus},
	{service: chatService, name: "sendmsg", run: (*Simulator).sendMsg, asks: beforeSendChat, ask: (*Simulator).askSendMsg},
	{service: chatService, name: "batchsendmsg", run: (*Simulator).batchSendMsg},
	{service: chatService, name: "importmsg", run: (*Simulator).importMsg},
	{service: chatService, name: "admin_getroammsg", run: (*Simulator).adminGetRoamMsg},
	{service: chatService, name: "admin_msgwithdraw", run: (*Simulator).adminMsgWithdraw},

	{service: groupService, name: "create_group", run: (*Simulator).createGroup, asks: beforeCreateGroup, ask: (*Simulator).askCreateGroup},
	{service: groupService, name: "import_group", run: (*Simulator).importGroup},
	{service: groupService, name: "get_group_info", run: (*Simulator).getGroupInfo},
	{service: groupService, name: "modify_group_base_info", run: (*Simulator).modifyGroupBaseInfo},
	{service: groupService, name: "destroy_group", run: (*Simulator).destroyGroup},
	{service: groupService, name: "get_appid_group_list", perSecond: 1, limitCode: codeGroupFrequency, run: (*Simulator).getAppidGroupList},
	{service: groupService, name: "get_joined_group_list", run: (*Simulator).getJoinedGroupList},
	{service: groupService, name: "change_group_owner", run: (*Simulator).changeGroupOwner},

	{service: groupService, name: "add_group_member", run: (*Simulator).addGroupMember, asks: beforeInviteJoin, ask: (*Simulator).askAddGroupMember},
	{service: groupService, name: "import_group_member", run: (*Simulator).importGroupMember},
	{service: groupService, name: "delete_group_member", run: (*Simulator).deleteGroupMember},
	{service: groupService, name: "get_group_member_info", run: (*Simulator).getGroupMemberInfo},
	{service: groupService, name: "get_specified_group_member_info", run: (*Simulator).getSpecifiedGroupMemberInfo},
	{service: groupService, name: "modify_group_member_info", run: (*Simulator).modifyGroupMemberInfo},
	{service: groupService, name: "get_role_in_group", run: (*Simulator).getRoleInGroup},

	{service: groupService, name: "forbid_send_msg", run: (*Simulator).forbidSendMsg},
	{service: groupService, name: "get_group_muted_account", run: (*Simulator).getGroupMutedAccount},
	{service: groupService, name: "get_group_shutted_uin", aliasOf: "get_group_muted_account", run: (*Simulator).getGroupShuttedUin},
	{service: groupService, name: "ban_group_member", run: (*Simulator).banGroupMember},
	{service: groupService, name: "unban_group_member", run: (*Simulator).unbanGroupMember},
	{service: groupService, name: "get_group_ban_member", run: (*Simulator).getGroupBanMember},

	{service: groupService, name: "send_group_msg", run: (*Simulator).sendGroupMsg, asks: beforeSendToGroup, ask: (*Simulator).askSendGroupMsg},
	{service: groupService, name: "send_group_system_notification", run: (*Simulator).sendGroupSystemNotification},
	{service: groupService, name: "send_broadcast_msg", perSecond: 1, limitCode: codeGroupMsgFrequency, run: (*Simulator).sendBroadcastMsg},
	{service: groupService, name: "group_msg_recall", run: (*Simulator).groupMsgRecall},
	{service: groupService, name: "group_msg_get_simple", run: (*Simulator).groupMsgGetSimple},
	{service: groupService, name: "delete_group_msg_by_sender", run: (*Simulator).deleteGroupMsgBySender},

	{service: groupService, name: "get_online_member_num", run: (*Simulator).getOnlineMemberNum},
	{service: liveService, name: "get_members", run: (*Simulator).getMembers},
	{service: liveService, name: "check_members", run: (*Simulator).checkMembers},
	{service: liveService, name: "modify_user_info", run: (*Simulator).modifyUserInfo},
	{service: liveService, name: "modify_admin", run: (*Simulator).modifyAdmin},
	{service: liveService, name: "get_admin_list", run: (*Simulator).getAdminList},
	{service: liveService, name: "add_robots", run: (*Simulator).addRobots},
	{service: liveService, name: "del_robots", run: (*Simulator).delRobots},

	{service: groupService, name: "modify_group_attr", run: (*Simulator).modifyGroupAttr},
	{service: groupService, name: "set_group_attr", run: (*Simulator).setGroupAttr},
	{service: groupService, name: "delete_group_attr", run: (*Simulator).deleteGroupAttr},
	{service: groupService, name: "clear_group_attr", run: (*Simulator).clearGroupAttr},
	{service: attributeService, name: "get_group_attr", run: (*Simulator).getGroupAttr},
	{service: groupService, name: "get_group_attr", run: (*Simulator).getGroupAttr},

	{service: groupService, name: "update_group_counter", run: (*Simulator).updateGroupCounter},
	{service: groupService, name: "get_group_counter", run: (*Simulator).getGroupCounter},
	{service: groupService, name: "delete_group_counter", run: (*Simulator).deleteGroupCounter},

	{service: settingService, name: "setnospeaking", run: (*Simulator).setNoSpeaking},
	{service: settingService, name: "getnospeaking", run: (*Simulator).getNoSpeaking},
	{service: settingService, name: "getappinfo", run: (*Simulator).getAppInfo},
	{service: addressService, name: "GetIPList", run: (*Simulator).getIPList},

	{service: auditService, name: "add_local_audit_keywords", run: (*Simulator).addLocalAuditKeywords},
	{service: auditService, name: "delete_local_audit_keywords", run: (*Simulator).deleteLocalAuditKeywords},
	{service: auditService, name: "get_local_audit_keywords", run: (*Simulator).getLocalAuditKeywords},

	{service: robotService, name: "create_robot", run: (*Simulator).createRobot},
	{service: robotService, name: "delete_robot", run: (*Simulator).deleteRobot},
	{service: robotService, name: "get_all_robots", run: (*Simulator).getAllRobots},
}
