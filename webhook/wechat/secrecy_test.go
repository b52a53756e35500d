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

package wechat

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/push"
	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// Whatever comes, no log, no refusal and no metric holds the token, a key, the
// secret part of the path, or anything of a follower.
func TestSecrecy(t *testing.T) {
	segment := officialaccount.Segment(token, accountKey.Namespace, accountKey.Name)
	sealer := newSealer(t, appID, encodingKey)
	calls := []request{
		sealedPush(t, text), pushed(text), compatiblePush(t, text), sealedPush(t, "<xml>"+follower+token+"</xml>"), sealedPush(t, token),
		sealedPush(t, text, signs(follower, stamped)), sealedPush(t, text, at(0)), sealedPush(t, text, query("msg_signature", token)),
		sealedPush(t, text, query("nonce", strings.Repeat(token, 9))), sealedPush(t, text, through("/"+segment+"/"+token)),
		sealedPush(t, text, through("/wechat/"+token+"/"+encodingKey+"/"+segment)), sealedPush(t, text, method(http.MethodPut)),
		sealedPush(t, text, func(r *request) { r.body = token }), envelopeOf(token + encodingKey), envelopeOf(foreignE4),
		verificationOf(token, signs("other", stamped)), verificationOf(""), verificationOf(strings.Repeat(token, 99)),
		sealedPush(t, strings.Replace(text, "[text]", "["+token+"]", 1)), sealedPush(t, strings.Replace(text, "24920000000000001", token, 1)),
	}
	behaviours := map[string]func(*desk){
		"accepts": func(*desk) {},
		"replies": func(d *desk) { d.reply = push.TextReply{Content: "hello " + follower} },
		"unsendable": func(d *desk) {
			d.reply = push.TextReply{Content: strings.Repeat(follower, 99)}
		},
		"fails":  func(d *desk) { d.err = errDown },
		"late":   func(d *desk) { d.before = func(ctx context.Context) { <-ctx.Done() }; d.err = errDown },
		"panics": func(d *desk) { d.before = func(context.Context) { panic(token + follower) } },
	}
	secrets := []string{
		token, encodingKey, segment, seal.Signature(token, stamped, nonce), follower, "hello", "你好", "24920000000000001", original,
	}
	for name, behave := range behaviours {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.handler.Patience = 50 * time.Millisecond
			if name != "late" {
				s.handler.Patience = Patience
			}
			behave(s.desk)
			var refusals strings.Builder
			for _, r := range calls {
				a := s.send(r)
				if a.status == http.StatusOK {
					if a.body != push.Success {
						unsealed(t, a, token, sealer)
					}
					continue
				}
				refusals.WriteString(a.body)
				for key, values := range a.header {
					refusals.WriteString(key + strings.Join(values, ","))
				}
			}
			if name != "accepts" && name != "replies" && s.logs.String() == "" {
				t.Error("nothing was logged")
			}
			texts := map[string]string{"log": s.logs.String(), "refusal": refusals.String()}
			for metric := range s.counts() {
				texts["metric"] += metric
			}
			for where, content := range texts {
				for _, secret := range secrets {
					if strings.Contains(content, secret) {
						t.Errorf("a %s holds %q: %s", where, secret, content)
					}
				}
			}
		})
	}
}

// To somebody who does not know the path, an account looks like none, whatever
// is configured; to somebody who does, every doubt looks the same.
func TestRefusalsLookTheSame(t *testing.T) {
	elsewhere, guess := through("/wechat/shop/none/0"), through("/wechat/shop/support/0")
	bare := func(a *officialaccount.Account) { a.Keys = nil }
	unknown := []reply{
		newStage(t).send(sealedPush(t, text, elsewhere)), newStage(t).send(sealedPush(t, text, guess)), newStage(t, bare).send(sealedPush(t, text)),
		newStage(t, plaintext).send(verificationOf("7", guess)), newStage(t).send(request{method: http.MethodGet, path: "/"}),
	}
	doubtful := []reply{
		newStage(t).send(sealedPush(t, text, signs("other", stamped))), newStage(t).send(envelopeOf(foreignE4)), newStage(t).send(pushed(text)),
		newStage(t).send(envelopeOf(sealText(t, newSealer(t, appID, otherKey), text))), newStage(t).send(envelopeOf("!!")),
		newStage(t).send(sealedPush(t, text, at(0))), newStage(t).send(sealedPush(t, text, query("nonce", ""))),
	}
	for _, group := range [][]reply{unknown, doubtful} {
		for _, a := range group {
			a.header.Del("Date")
			same(t, "answer", a, group[0])
		}
	}
	same(t, "statuses", []int{unknown[0].status, doubtful[0].status}, []int{http.StatusNotFound, http.StatusForbidden})
}
