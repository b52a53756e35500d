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

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

// rise lets a viewer give, and looks for the levels in the profile and in the
// room.
func (d *demo) rise(ctx context.Context) error {
	note("Gifts make a viewer rise: the level is in the profile, and the room is told.")
	const giver = "xiaoming"
	var fans imv1alpha1.UserLevelPolicy
	if err := d.read(ctx, "fans", &fans); err != nil {
		return err
	}
	for _, gift := range []struct {
		ext string
		// level is the one that is reached, counted from 0.
		level int
	}{
		{`{"id":"rose","price":10,"count":3}`, 0},
		{`{"id":"rocket","price":5000}`, 2},
	} {
		if err := d.say(ctx, simim.ClientMessage{From: giver, CustomData: "SEND_GIFT", CustomExt: gift.ext, Priority: "High"}); err != nil {
			return err
		}
		reached := fans.Spec.Levels[gift.level]
		took, err := d.await(ctx, "the viewer rises", soon, func(ctx context.Context) (string, error) {
			return d.unreached(ctx, giver, reached, fans.Spec.Announcement.Event)
		})
		if err != nil {
			return err
		}
		fmt.Printf("      %s=%d in the profile, [%s] %s in the room, after %.1fs\n",
			imv1alpha1.ProfileTagLevel, reached.Level, fans.Spec.Announcement.Event, reached.Title, took.Seconds())
	}
	return nil
}

// unreached says what is missing of a level; empty when nothing is.
func (d *demo) unreached(ctx context.Context, user string, level imv1alpha1.UserLevel, event string) (string, error) {
	var account struct {
		Profile struct {
			Level int64 `json:"Tag_Profile_IM_Level"`
		} `json:"profile"`
	}
	if err := d.im.call(ctx, http.MethodGet, "accounts/"+user, nil, &account); err != nil {
		return "", err
	}
	if account.Profile.Level != level.Level {
		return fmt.Sprintf("the profile has the level %d", account.Profile.Level), nil
	}
	messages, err := d.im.messages(ctx, groupID(teaRoom))
	if err != nil {
		return "", err
	}
	for _, m := range messages {
		var told struct {
			UserID, Title string
			Level         int64
		}
		if m.event == event && json.Unmarshal([]byte(m.ext), &told) == nil &&
			told.UserID == user && told.Level == level.Level && told.Title == level.Title {
			return "", nil
		}
	}
	return fmt.Sprintf("no %s of level %d is in the room", event, level.Level), nil
}
