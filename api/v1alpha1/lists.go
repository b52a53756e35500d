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

package v1alpha1

// Objects returns pointers to the items.
func (l *ImAppList) Objects() []*ImApp { return pointers(l.Items) }

// Objects returns pointers to the items.
func (l *ImAccountList) Objects() []*ImAccount { return pointers(l.Items) }

// Objects returns pointers to the items.
func (l *GroupCustomFieldList) Objects() []*GroupCustomField { return pointers(l.Items) }

// Objects returns pointers to the items.
func (l *LiveRoomList) Objects() []*LiveRoom { return pointers(l.Items) }

// Objects returns pointers to the items.
func (l *ModerationPolicyList) Objects() []*ModerationPolicy { return pointers(l.Items) }

// Objects returns pointers to the items.
func (l *UserLevelPolicyList) Objects() []*UserLevelPolicy { return pointers(l.Items) }

// Objects returns pointers to the items.
func (l *WeChatOfficialAccountList) Objects() []*WeChatOfficialAccount { return pointers(l.Items) }

func pointers[T any](items []T) []*T {
	all := make([]*T, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	return all
}
