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
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const (
	teaRoom   = "tea-room"
	fruitRoom = "fruit-room"
	// nickTag is where a profile has the nickname.
	nickTag = "Tag_Profile_IM_Nick"
)

// viewer is somebody in the room, on the platform where the client runs.
type viewer struct{ id, nick, platform string }

var viewers = []viewer{{"xiaoming", "小明", "iOS"}, {"xiaohong", "小红", "Android"}, {"ahua", "阿花", "Web"}, {"laowang", "老王", "Web"}}

// said is what viewers say and do, as im-live-sells sends it: events are custom
// messages with a name as Data and JSON as Ext.
var said = []simim.ClientMessage{
	{From: "xiaoming", Text: "主播好，今天的春茶新鲜吗？"},
	{From: "xiaohong", Text: "明前龙井多少钱一斤？"},
	{From: "ahua", CustomData: "LIKE", Priority: "Lowest"},
	{From: "ahua", CustomData: "LIKE", Priority: "Lowest"},
	{From: "xiaohong", CustomData: "ATTENTION"},
	{From: "xiaohong", CustomData: "BUY", CustomExt: `{"id":"tea-01","price":12800}`},
	{From: "laowang", CustomData: "SHARE"},
	{From: "laowang", Text: "已经下单啦"},
}

func groupID(room string) string { return namespace + "." + room }

func groupPath(room string) string { return "groups/" + url.PathEscape(groupID(room)) }

// open lets viewers in, under the eyes of kubectl get -w.
func (d *demo) open(ctx context.Context) error {
	heading("The room is open, and kubectl get liverooms -w is looking on")
	return d.watch(ctx, "liverooms", func(ctx context.Context) error {
		for _, step := range []func(context.Context) error{d.join, d.chat, d.moderate, d.rise, d.repair, d.recreate, d.appear, d.leave} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return d.settle(ctx, teaRoom)
	})
}

func (d *demo) join(ctx context.Context) error {
	seeds := make([]simim.AccountSeed, len(viewers))
	nicks := make([]string, len(viewers))
	for i, v := range viewers {
		seeds[i], nicks[i] = simim.AccountSeed{UserID: v.id, Profile: map[string]any{nickTag: v.nick}}, v.nick
	}
	if err := d.im.call(ctx, http.MethodPost, "accounts", map[string]any{"accounts": seeds}, nil); err != nil {
		return err
	}
	for _, v := range viewers {
		body := map[string]any{"userIDs": []string{v.id}, "platform": v.platform}
		if err := d.im.call(ctx, http.MethodPost, groupPath(teaRoom)+"/join", body, nil); err != nil {
			return err
		}
	}
	note("%s join the %s.", strings.Join(nicks, "、"), teaRoom)
	return d.received(ctx)
}

func (d *demo) leave(ctx context.Context) error {
	gone := viewers[len(viewers)-1]
	body := map[string]any{"userIDs": []string{gone.id}, "platform": gone.platform}
	if err := d.im.call(ctx, http.MethodPost, groupPath(teaRoom)+"/leave", body, nil); err != nil {
		return err
	}
	note("%s leaves.", gone.nick)
	return nil
}

func (d *demo) chat(ctx context.Context) error {
	note("They chat, like, follow and buy.")
	for _, m := range said {
		if err := d.say(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// say sends a message into the tea room from the sender's platform.
func (d *demo) say(ctx context.Context, m simim.ClientMessage) error {
	sender := viewers[slices.IndexFunc(viewers, func(v viewer) bool { return v.id == m.From })]
	m.Platform = sender.platform
	shown := m.Text
	if m.CustomData != "" {
		shown = strings.TrimSpace("[" + m.CustomData + "] " + m.CustomExt)
	}
	fmt.Printf("    %s：%s\n", sender.nick, shown)
	var receipt simim.MessageReceipt
	if err := d.im.call(ctx, http.MethodPost, groupPath(teaRoom)+"/messages", m, &receipt); err != nil {
		return err
	}
	if receipt.Dropped != "" {
		return fmt.Errorf("a message of %s was dropped: %s", sender.nick, receipt.Dropped)
	}
	return nil
}

// moderate lets somebody swear, and then be refused.
func (d *demo) moderate(ctx context.Context) error {
	note("Somebody recruits customers: what the room sees is masked.")
	const swearing, masked = "想便宜的加微信，懂的来", "想便宜的***，懂的来"
	if err := d.say(ctx, simim.ClientMessage{From: "laowang", Text: swearing}); err != nil {
		return err
	}
	messages, err := d.im.messages(ctx, groupID(teaRoom))
	if err != nil {
		return err
	}
	if len(messages) == 0 || messages[len(messages)-1].text != masked {
		return fmt.Errorf("the room sees %q at the end, not %q", messages, masked)
	}
	fmt.Printf("      the room sees：%s\n", masked)

	note("A link is refused, and its sender told why.")
	var manners imv1alpha1.ModerationPolicy
	if err := d.read(ctx, "manners", &manners); err != nil {
		return err
	}
	var told *refusal
	err = d.say(ctx, simim.ClientMessage{From: "laowang", Text: "同款半价 https://cheap.example/tea"})
	if !errors.As(err, &told) {
		return fmt.Errorf("a link was not refused: %w", err)
	}
	if told.Code != int(*manners.Spec.RejectCode) || told.Text != manners.Spec.Message {
		return fmt.Errorf("a link was not refused as the policy says, but %w", told)
	}
	fmt.Printf("      %d %s\n", told.Code, told.Text)
	after, err := d.im.messages(ctx, groupID(teaRoom))
	if err == nil && len(after) != len(messages) {
		err = errors.New("a message that was refused is in the room")
	}
	return err
}

// note says what happens next.
func note(format string, arguments ...any) { fmt.Printf("- "+format+"\n", arguments...) }
