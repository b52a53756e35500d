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
	"slices"
	"time"
)

// groupQuery asks for one group.
type groupQuery struct {
	groupID string
	// fieldKeys are sorted and distinct.
	fieldKeys []string
}

func (q groupQuery) merge(other groupQuery) groupQuery {
	q.fieldKeys = union(q.fieldKeys, other.fieldKeys)
	return q
}

// Group reads a group with the named custom fields, without its members. Calls made at about the same time share one
// request. NotFound: the group does not exist or was disbanded.
func (c *Client) Group(ctx context.Context, groupID string, fieldKeys []string) (Group, error) {
	if groupID == "" {
		return Group{}, noGroupID(getGroupInfo)
	}
	query := groupQuery{groupID: groupID, fieldKeys: union(fieldKeys, nil)}
	group, err := c.groups.submit(ctx, groupID, query)
	if err != nil {
		return Group{}, err
	}
	return group.only(query.fieldKeys), nil
}

// Groups reads at most 50 groups in one call. The error is that of the call as a whole, which each
// result then has too.
func (c *Client) Groups(ctx context.Context, groupIDs, fieldKeys []string) (map[string]GroupResult, error) {
	if len(groupIDs) > getGroupInfo.maxItems {
		return nil, tooManyItems(getGroupInfo, len(groupIDs))
	}
	keys := union(fieldKeys, nil)
	queries := make([]groupQuery, len(groupIDs))
	for i, id := range groupIDs {
		queries[i] = groupQuery{groupID: id, fieldKeys: keys}
	}
	results := make(map[string]GroupResult, len(groupIDs))
	if len(queries) == 0 {
		return results, nil
	}
	outcomes := c.readGroups(ctx, queries)
	for i, one := range outcomes {
		results[groupIDs[i]] = GroupResult{Group: one.value, Err: one.err}
	}
	return results, wholeError(outcomes)
}

// groupBaseInfo are the base fields that a Group holds. Naming them keeps the members and the rest out of the answer.
var groupBaseInfo = []string{
	"Type", "Name", "Introduction", "Notification", "FaceUrl", "Owner_Account", "CreateTime", "ApplyJoinOption",
	"MuteAllMember",
}

type wireGetGroups struct {
	GroupIDList    []string        `json:"GroupIdList"`
	ResponseFilter wireGroupFilter `json:"ResponseFilter"`
}

type wireGroupFilter struct {
	GroupBaseInfoFilter []string `json:"GroupBaseInfoFilter"`
	FieldKeys           []string `json:"AppDefinedDataFilter_Group,omitempty"`
}

type wireGroups struct {
	GroupInfo []wireGroup `json:"GroupInfo"`
}

type wireGroup struct {
	ErrorCode       number      `json:"ErrorCode"`
	ErrorInfo       text        `json:"ErrorInfo"`
	GroupID         text        `json:"GroupId"`
	Type            text        `json:"Type"`
	Name            text        `json:"Name"`
	Introduction    text        `json:"Introduction"`
	Notification    text        `json:"Notification"`
	FaceURL         text        `json:"FaceUrl"`
	OwnerAccount    text        `json:"Owner_Account"`
	CreateTime      number      `json:"CreateTime"`
	ApplyJoinOption text        `json:"ApplyJoinOption"`
	MuteAllMember   toggle      `json:"MuteAllMember"`
	ShutUpAllMember toggle      `json:"ShutUpAllMember"` // the older name
	AppDefinedData  []wireField `json:"AppDefinedData"`
}

type wireField struct {
	Key   text `json:"Key"`
	Value text `json:"Value"`
}

// readGroups asks for all groups in one call, with every custom field that any of them wants.
func (c *Client) readGroups(ctx context.Context, queries []groupQuery) []outcome[Group] {
	return inParts(getGroupInfo, queries, func(queries []groupQuery) ([]outcome[Group], error) {
		question := wireGetGroups{
			GroupIDList:    make([]string, len(queries)),
			ResponseFilter: wireGroupFilter{GroupBaseInfoFilter: groupBaseInfo},
		}
		for i, query := range queries {
			question.GroupIDList[i] = query.groupID
			question.ResponseFilter.FieldKeys = union(question.ResponseFilter.FieldKeys, query.fieldKeys)
		}
		var answer wireGroups
		if err := ask(ctx, c.calls, getGroupInfo, question, &answer); err != nil {
			return nil, err
		}
		return answer.groups(question.GroupIDList), nil
	}, func(queries []groupQuery) bool {
		return slices.ContainsFunc(queries, func(q groupQuery) bool {
			return !slices.Equal(q.fieldKeys, queries[0].fieldKeys)
		})
	})
}

// groups finds the result for each group, by its id: the order is not documented. Nor is the form of an element for a
// group that does not exist: one without an id is taken by its place, and no element at all means no group.
func (w *wireGroups) groups(groupIDs []string) []outcome[Group] {
	byID := make(map[string]outcome[Group], len(w.GroupInfo))
	for i, element := range w.GroupInfo {
		id := string(element.GroupID)
		if id == "" && len(w.GroupInfo) == len(groupIDs) {
			id = groupIDs[i]
		}
		if err := itemError(getGroupInfo, int(element.ErrorCode), string(element.ErrorInfo)); err != nil {
			byID[id] = outcome[Group]{err: err}
			continue
		}
		byID[id] = outcome[Group]{value: element.group(id)}
	}
	return inOrder(groupIDs, byID, outcome[Group]{err: &Error{
		Class: NotFound, Command: getGroupInfo.name, Info: "the answer does not mention the group",
	}})
}

func (w *wireGroup) group(id string) Group {
	group := Group{
		ID:           id,
		Type:         groupTypeFromWire(string(w.Type)),
		Name:         string(w.Name),
		Introduction: string(w.Introduction),
		Announcement: string(w.Notification),
		AvatarURL:    string(w.FaceURL),
		OwnerUserID:  string(w.OwnerAccount),
		JoinOption:   JoinOption(w.ApplyJoinOption),
		AllMuted:     bool(w.MuteAllMember || w.ShutUpAllMember),
	}
	if w.CreateTime > 0 {
		group.CreateTime = time.Unix(int64(w.CreateTime), 0).UTC()
	}
	for _, field := range w.AppDefinedData {
		if field.Value == "" {
			continue
		}
		if group.Fields == nil {
			group.Fields = make(map[string]string, len(w.AppDefinedData))
		}
		group.Fields[string(field.Key)] = string(field.Value)
	}
	return group
}

// only is a copy without the custom fields that other callers of the same batch asked for.
func (g Group) only(fieldKeys []string) Group {
	g.Fields = pick(g.Fields, fieldKeys)
	return g
}

// groupTypeFromWire reads both spellings; an unknown type stays as it is.
func groupTypeFromWire(wire string) GroupType {
	switch wire {
	case "Private":
		return GroupTypeWork
	case "ChatRoom":
		return GroupTypeMeeting
	default:
		return GroupType(wire)
	}
}

// wire is the older spelling, which every version of the documentation accepts.
func (t GroupType) wire() string {
	switch t {
	case GroupTypeWork:
		return "Private"
	case GroupTypeMeeting:
		return "ChatRoom"
	default:
		return string(t)
	}
}

func noGroupID(cmd *command) error { return invalidArgument(cmd, "the group id is empty") }
