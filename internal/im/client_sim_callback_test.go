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

package im_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	imsim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

func TestPresenceAgainstTheSimulator(t *testing.T) {
	for name, options := range map[string]imsim.Options{"as State": {}, "as Status": {StatusField: true}} {
		t.Run(name, func(t *testing.T) {
			_, c := simulate(t, options)
			ctx := t.Context()
			importAll(t, c, "alice", "bob")
			states, err := c.OnlineStates(ctx, []string{"bob", "ghost", "alice"})
			must(t, err)
			for id, want := range map[string]im.OnlineState{"alice": im.Offline, "bob": im.Offline} {
				if got := states[id]; got.Err != nil || got.State != want {
					t.Errorf("%s: got %+v, want %s", id, got, want)
				}
			}
			want(t, im.NotFound, states["ghost"].Err)
			_, err = c.OnlineState(ctx, "ghost")
			want(t, im.NotFound, err)
		})
	}
	_, c := simulate(t, imsim.Options{ClosedFeatures: []imsim.Feature{imsim.FeatureUserStatus}})
	_, err := c.OnlineState(t.Context(), admin)
	want(t, im.NotPermitted, err)
}

func TestGroupMessagesAgainstTheSimulator(t *testing.T) {
	second := time.Now() // which does not pass, so that all messages are of one
	_, c := simulate(t, imsim.Options{RateLimit: -1, Clock: func() time.Time { return second }})
	ctx := t.Context()
	must(t, c.CreateGroup(ctx, im.NewGroup{ID: "live", Type: im.GroupTypeAVChatRoom, Name: "n"}))
	message := im.GroupMessage{GroupID: "live", Random: 1, Priority: im.PriorityLow, Elements: []im.MessageElement{
		im.TextElement("你好"), im.CustomElement("LEVEL_UP", "", `{"level":3}`),
	}}
	first, err := c.SendGroupMessage(ctx, message)
	must(t, err)
	if first.MsgSeq == 0 || first.MsgTime.IsZero() || first.DroppedReason != "" {
		t.Errorf("got %+v", first)
	}
	again, err := c.SendGroupMessage(ctx, message)
	must(t, err)
	if again != first {
		t.Errorf("the repeat is %+v, the message was %+v", again, first)
	}
	dropped := 0
	for i := range 60 { // the group takes 40 in a second
		message.Random = uint32(i + 2)
		sent, err := c.SendGroupMessage(ctx, message)
		must(t, err)
		if sent.DroppedReason != "" {
			dropped++
		}
	}
	if dropped == 0 {
		t.Error("nothing was dropped")
	}
	message.GroupID = "gone"
	_, err = c.SendGroupMessage(ctx, message)
	want(t, im.NotFound, err)
	message.GroupID, message.From = "live", "ghost"
	_, err = c.SendGroupMessage(ctx, message)
	want(t, im.NotFound, err)

	n, err := c.OnlineMembers(ctx, "live")
	if err != nil || n != 0 {
		t.Errorf("got %d members online, %v", n, err)
	}
	_, err = c.OnlineMembers(ctx, "gone")
	want(t, im.NotFound, err)
}

func TestKeywordsAgainstTheSimulator(t *testing.T) {
	_, c := simulate(t, imsim.Options{RateLimit: -1})
	ctx := t.Context()
	var words []im.Keyword
	for i := range 230 { // three pages, 23 parts of a write
		words = append(words, im.Keyword{Text: fmt.Sprintf("词%03d", i), Kind: im.KeywordWord, Filter: im.KeywordBlock})
	}
	words = append(words, im.Keyword{Text: "面[具]", Kind: im.KeywordRegex, Filter: im.KeywordReplace, Replacement: "***"})
	list := func(want ...im.Keyword) {
		t.Helper()
		got, err := c.LocalKeywords(ctx)
		for i := range got {
			if got[i].Filter == im.KeywordBlock {
				got[i].Replacement = ""
			}
		}
		if err != nil || !reflect.DeepEqual(got, slices.Clip(want)) && len(got)+len(want) > 0 {
			t.Errorf("got %d keywords, %v, want %d", len(got), err, len(want))
		}
	}
	list()
	must(t, c.AddLocalKeywords(ctx, words))
	list(words...)
	must(t, c.DeleteLocalKeywords(ctx, words[:229]))
	list(words[229:]...)
	want(t, im.Invalid, c.AddLocalKeywords(ctx, []im.Keyword{{Text: "(", Kind: im.KeywordRegex, Filter: im.KeywordBlock}}))
}

func TestCallbackAddressesAgainstTheSimulator(t *testing.T) {
	_, c := simulate(t, imsim.Options{}, func(config *im.Config) { config.Process = im.ProcessWebhook })
	got, err := c.CallbackAddresses(t.Context())
	if err != nil || len(got) == 0 {
		t.Errorf("got %v, %v", got, err)
	}
}
