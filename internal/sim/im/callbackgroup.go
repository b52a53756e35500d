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
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
)

// Names that callbacks share.
const (
	fieldMsgID      = "MsgId"
	fieldEventCause = "EventCause"
	fieldOperator   = "Operator_Account"
	fieldFrom       = "From_Account"
	fieldMsgBody    = "MsgBody"
	fieldCloud      = "CloudCustomData"
)

// fire queues an after-callback of what a call did. Callers ask wants before
// they build the fields, so that callbacks that nobody wants cost nothing.
func (s *Simulator) fire(c *call, command string, fields answer, tally tallyKey) {
	event := &callbackEvent{command: command, origin: c.origin, at: c.now, fields: fields, tally: tally}
	if c.load != nil && tally != (tallyKey{}) {
		event.retries, event.done = c.load.retries, c.load.told()
	}
	s.callbacks.fire(event)
}

// groupFields are those of most callbacks about a group.
func groupFields(g *group, operator string) answer {
	return answer{fieldGroupID: g.id, fieldType: string(g.kind), fieldOperator: operator}
}

// memberEntries lists accounts as callbacks do.
func memberEntries(ids []string) []answer {
	entries := make([]answer, 0, len(ids))
	for _, id := range ids {
		entries = append(entries, answer{fieldMember: id})
	}
	return entries
}

// groupMessageID makes the MsgId of a group message. The client makes it, so
// that it is the same before and after acceptance.
func groupMessageID(c *call, draft groupDraft) string {
	sender := 144115188075855872 + uint64(crc32.ChecksumIEEE([]byte(draft.from)))
	return fmt.Sprintf("%d-%d-%d", sender, c.began.Unix(), draft.random)
}

func groupMessageFields(c *call, g *group, draft groupDraft) answer {
	fields := groupFields(g, c.identifier)
	fields[fieldFrom] = draft.from
	fields["Random"] = draft.random
	fields["OnlineOnlyFlag"] = boolNumber(draft.onlineOnly)
	fields[fieldMsgBody] = draft.body.elements
	fields[fieldCloud] = draft.body.cloud
	fields[fieldMsgID] = groupMessageID(c, draft)
	return fields
}

// messageName is what a message is tallied as: the Data of its custom element,
// which applications use as the name of an event, or the type of its first
// element.
func messageName(elements []any) string {
	for _, element := range elements {
		object, _ := element.(map[string]any)
		content, _ := object["MsgContent"].(map[string]any)
		if name, _ := content["Data"].(string); object["MsgType"] == "TIMCustomElem" && name != "" {
			return name
		}
	}
	object, _ := elements[0].(map[string]any)
	name, _ := object["MsgType"].(string)
	return name
}

func (s *Simulator) fireGroupMessage(c *call, g *group, draft groupDraft, sent sentMessage) {
	if draft.forbidAfter || !s.callbacks.wants(afterSendToGroup) {
		return
	}
	fields := groupMessageFields(c, g, draft)
	fields[fieldMsgSeq], fields["MsgTime"] = sent.seq, sent.time
	s.fire(c, afterSendToGroup, fields, tallyKey{group: g.id, sender: draft.from, name: messageName(draft.body.elements)})
}

// fireGroupSendFailure tells of a message that was refused, whatever the
// reason; what could not be read of it is as it was given.
func (s *Simulator) fireGroupSendFailure(c *call, g *group, draft groupDraft, refusal *Refusal) {
	if !s.callbacks.wants(onGroupSendFailure) {
		return
	}
	if draft.body.elements == nil {
		given, _ := c.fields[fieldMsgBody].([]any)
		draft.body.elements = append([]any{}, given...)
	}
	fields := groupMessageFields(c, g, draft)
	fields["ErrorCode"], fields["ErrorInfo"] = refusal.Code, refusal.Info
	s.fire(c, onGroupSendFailure, fields, tallyKey{})
}

func (s *Simulator) fireRecalled(c *call, g *group, sequences []uint64) {
	if len(sequences) == 0 || !s.callbacks.wants(afterRecall) {
		return
	}
	listed := make([]answer, 0, len(sequences))
	for _, sequence := range sequences {
		listed = append(listed, answer{fieldMsgSeq: sequence})
	}
	fields := groupFields(g, c.identifier)
	fields["MsgSeqList"] = listed
	s.fire(c, afterRecall, fields, tallyKey{})
}

func (s *Simulator) fireCreated(c *call, g *group, members []string) {
	if !s.callbacks.wants(afterCreateGroup) {
		return
	}
	fields := groupFields(g, c.identifier)
	fields[fieldOwner], fields[fieldName] = g.owner, g.name
	fields[fieldMembers] = memberEntries(members)
	if custom := customEntries(g.custom); len(custom) > 0 {
		fields["UserDefinedDataList"] = custom
	}
	s.fire(c, afterCreateGroup, fields, tallyKey{})
}

// customEntries lists custom fields by name.
func customEntries(values map[string]string) []answer {
	entries := make([]answer, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		entries = append(entries, answer{"Key": name, fieldValue: values[name]})
	}
	return entries
}

// fireDestroyed tells of the end of a group. A community never lists its
// members, and a live group has none that are stored.
func (s *Simulator) fireDestroyed(c *call, g *group) {
	if !s.callbacks.wants(afterGroupDestroy) {
		return
	}
	fields := answer{fieldGroupID: g.id, fieldType: string(g.kind), fieldOwner: g.owner, fieldName: g.name}
	if g.kind.storesMembers() && g.kind != typeCommunity {
		members := make([]string, 0, len(g.members.order))
		for _, m := range g.members.order {
			members = append(members, m.id)
		}
		fields[fieldMembers] = memberEntries(members)
	}
	s.fire(c, afterGroupDestroy, fields, tallyKey{})
}

// toldFields are the base fields whose change a callback tells.
var toldFields = []string{fieldName, "Introduction", "Notification", "FaceUrl"}

func (s *Simulator) fireInfoChanged(c *call, g *group, operator string, changed []ChangedField) {
	if !s.callbacks.wants(afterInfoChange) {
		return
	}
	fields, told := groupFields(g, operator), false
	for _, field := range changed {
		if !field.Custom && slices.Contains(toldFields, field.Name) {
			fields[field.Name], told = field.Value, true
		}
	}
	if told {
		s.fire(c, afterInfoChange, fields, tallyKey{})
	}
}

func (s *Simulator) fireOwnerChanged(c *call, g *group, former string) {
	if !s.callbacks.wants(afterOwnerChange) {
		return
	}
	fields := groupFields(g, c.identifier)
	fields["OldOwner_Account"], fields["NewOwner_Account"] = former, g.owner
	s.fire(c, afterOwnerChange, fields, tallyKey{})
}

// How attributes were written, as the callback spells it.
const (
	attributesSet    = "set"
	attributesModify = "modify"
	attributesDelete = "delete"
	attributesClear  = "clear"
)

// fireAttributes tells of written attributes: with their values when they were
// set, by their keys when they were deleted, none when all were cleared.
func (s *Simulator) fireAttributes(c *call, g *group, option string, keys []string) {
	if !s.callbacks.wants(afterAttrChange) {
		return
	}
	listed := make([]answer, 0, len(keys))
	for _, key := range keys {
		entry := answer{"key": key}
		if option != attributesDelete {
			entry["value"] = g.attributes[key]
		}
		listed = append(listed, entry)
	}
	fields := groupFields(g, c.identifier)
	fields["OptionType"], fields["GroupAttr"] = option, listed
	s.fire(c, afterAttrChange, fields, tallyKey{})
}
