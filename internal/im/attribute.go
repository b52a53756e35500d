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

import "context"

// Attributes reads all attributes of a group.
func (c *Client) Attributes(ctx context.Context, groupID string) (map[string]string, error) {
	if groupID == "" {
		return nil, noGroupID(getGroupAttr)
	}
	var answer wireAttributes
	if err := ask(ctx, c.calls, getGroupAttr, wireGroupID{GroupID: groupID}, &answer); err != nil {
		return nil, err
	}
	attributes := make(map[string]string, len(answer.GroupAttrAry))
	for _, attribute := range answer.GroupAttrAry {
		attributes[string(attribute.Key)] = string(attribute.Value)
	}
	return attributes, nil
}

// SetAttributes writes the given attributes and leaves the others. A group has at most 16 (QuotaExceeded), and takes
// about five writes a second (RateLimited).
func (c *Client) SetAttributes(ctx context.Context, groupID string, attributes []Field) error {
	if groupID == "" {
		return noGroupID(modifyGroupAttr)
	}
	if len(attributes) == 0 {
		return nil
	}
	question := wireSetAttributes{GroupID: groupID, GroupAttr: make([]wireAttributeValue, len(attributes))}
	for i, attribute := range attributes {
		question.GroupAttr[i] = wireAttributeValue(attribute)
	}
	return ask(ctx, c.calls, modifyGroupAttr, question, nil)
}

// DeleteAttributes deletes attributes. Ones that do not exist are a success.
func (c *Client) DeleteAttributes(ctx context.Context, groupID string, keys []string) error {
	if groupID == "" {
		return noGroupID(deleteGroupAttr)
	}
	if len(keys) == 0 {
		return nil
	}
	question := wireDeleteAttributes{GroupID: groupID, GroupAttr: make([]wireAttributeKey, len(keys))}
	for i, key := range keys {
		question.GroupAttr[i].Key = key
	}
	err := ask(ctx, c.calls, deleteGroupAttr, question, nil)
	if e, ok := AsError(err); !ok || e.Code != attributeMissing {
		return err
	}
	if len(keys) == 1 {
		return nil
	}
	// Whether the others are gone when one is missing is not documented.
	for _, key := range keys {
		if err := c.DeleteAttributes(ctx, groupID, []string{key}); err != nil {
			return err
		}
	}
	return nil
}

// attributeMissing is the code for deleting an attribute that does not exist. The group's own absence has another one.
const attributeMissing = 10050

// Attributes have lower-case member names, unlike everything else.
type wireAttributes struct {
	GroupAttrAry []struct {
		Key   text `json:"key"`
		Value text `json:"value"`
	} `json:"GroupAttrAry"`
}

type wireAttributeValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type wireAttributeKey struct {
	Key string `json:"key"`
}

type wireSetAttributes struct {
	GroupID   string               `json:"GroupId"`
	GroupAttr []wireAttributeValue `json:"GroupAttr"`
}

type wireDeleteAttributes struct {
	GroupID   string             `json:"GroupId"`
	GroupAttr []wireAttributeKey `json:"GroupAttr"`
}
