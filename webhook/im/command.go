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

// Commands that are acted upon.
const (
	groupBeforeSend   = "Group.CallbackBeforeSendMsg"
	groupAfterSend    = "Group.CallbackAfterSendMsg"
	groupCreated      = "Group.CallbackAfterCreateGroup"
	groupJoined       = "Group.CallbackAfterNewMemberJoin"
	groupExited       = "Group.CallbackAfterMemberExit"
	groupDestroyed    = "Group.CallbackAfterGroupDestroyed"
	groupInfoChanged  = "Group.CallbackAfterGroupInfoChanged"
	groupAttrChanged  = "Group.CallbackAfterGroupAttrChanged"
	groupOwnerChanged = "Group.CallbackAfterChangeGroupOwner"
	groupMemberState  = "Group.CallbackOnMemberStateChange"
	stateChange       = "State.StateChange"
	profileChanged    = "Profile.CallbackPortraitSet"
	peerAfterSend     = "C2C.CallbackAfterSendMsg"
)

// others are the commands of section 3 that need no action here: they are
// acknowledged. What is in neither list is acknowledged as well, and counted as
// unknown.
var others = []string{
	"Group.CallbackBeforeCreateGroup", "Group.CallbackBeforeApplyJoinGroup", "Group.CallbackBeforeInviteJoinGroup",
	"Group.CallbackAfterGroupFull", "Group.CallbackAfterRecallMsg", "Group.CallbackSendMsgException",
	"Group.CallbackAfterMemberFieldChanged", "Group.CallbackAfterReadReceipt", "Group.CallbackOnDailyGroupQuotaAlarm",
	"Group.CallbackBeforeCreateTopic", "Group.CallbackAfterCreateTopic", "Group.CallbackAfterTopicDestroyed",
	"Group.CallbackAfterTopicInfoChanged",
	"C2C.CallbackBeforeSendMsg", "C2C.CallbackAfterMsgReport", "C2C.CallbackAfterMsgWithDraw",
	"Sns.CallbackPrevFriendAdd", "Sns.CallbackPrevFriendResponse", "Sns.CallbackFriendAdd", "Sns.CallbackFriendDelete",
	"Sns.CallbackBlackListAdd", "Sns.CallbackBlackListDelete",
	"Follow.CallbackAfterFollowAdd", "Follow.CallbackAfterFollowDelete",
	"Bot.OnC2CMessage", "Bot.OnGroupMessage", "Chatbot.OnC2CSignalMessage",
	"Alert.RequestOverLimit", "ContentCallback.ResultNotify", "Push.OfflinePush", "Push.AllMemberPush",
	"OfficialAccount.CallbackBeforeCreateOfficialAccount", "OfficialAccount.CallbackAfterCreateOfficialAccount",
	"OfficialAccount.CallbackAfterOfficialAccountInfoChanged", "OfficialAccount.CallbackAfterOfficialAccountDestroyed",
	"OfficialAccount.CallbackBeforeAddSubscriber", "OfficialAccount.CallbackAfterAddSubscriber",
	"OfficialAccount.CallbackAfterOfficialAccountFull", "OfficialAccount.CallbackAfterDeleteSubscriber",
	"OfficialAccount.CallbackBeforeSendMsg", "OfficialAccount.CallbackAfterSendMsg", "OfficialAccount.CallbackAfterMsgWithDraw",
}

// unknownCommand is the label of a command that no list has.
const unknownCommand = "unknown"

// acted are the commands that are acted upon.
var acted = map[string]bool{
	groupBeforeSend: true, groupAfterSend: true, groupCreated: true, groupJoined: true, groupExited: true,
	groupDestroyed: true, groupInfoChanged: true, groupAttrChanged: true, groupOwnerChanged: true,
	groupMemberState: true, stateChange: true, profileChanged: true, peerAfterSend: true,
}

// labels maps a command to its value of a metric's label.
var labels = func() map[string]string {
	known := map[string]string{}
	for command := range acted {
		known[command] = command
	}
	for _, command := range others {
		known[command] = command
	}
	return known
}()

func label(command string) string {
	if known, ok := labels[command]; ok {
		return known
	}
	return unknownCommand
}
