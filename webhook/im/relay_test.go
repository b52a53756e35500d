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
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
)

const answered = `{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"agent-lin","To_Account":"wx-oia2TjuEGTNoeX76QEjQNrcURxG8",` +
	`"MsgSeq":4711,"MsgRandom":99887766,"MsgTime":1763848314,"MsgKey":"4711_99887766_1763848314","OnlineOnlyFlag":0,"SendMsgResult":0,` +
	`"ErrorInfo":"send msg succeed","UnreadMsgNum":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"5月份会上新"}}],"CloudCustomData":"x","EventTime":1763848315123}`

// relayBook stands for the relay: it takes what goes to a customer, each key once.
type relayBook struct {
	taken   []PeerMessage
	keys    map[string]bool
	refusal error
}

func (b *relayBook) Take(_ context.Context, app *directory.App, m *PeerMessage) (taken, duplicate bool, err error) {
	switch {
	case b.refusal != nil:
		return true, false, b.refusal
	case app.Key != appKey || !strings.HasPrefix(m.To, "wx-"):
		return false, false, nil
	case b.keys[m.Key]:
		return true, true, nil
	}
	if b.keys == nil {
		b.keys = map[string]bool{}
	}
	b.keys[m.Key] = true
	b.taken = append(b.taken, *m)
	return true, false, nil
}

func TestMessagesToCustomers(t *testing.T) {
	message := func(changes ...func(*PeerMessage)) []PeerMessage {
		m := PeerMessage{
			From: "agent-lin", To: "wx-oia2TjuEGTNoeX76QEjQNrcURxG8", Key: "4711_99887766_1763848314", Seq: 4711, Random: 99887766,
			Time: time.Unix(1763848314, 0), Body: json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"5月份会上新"}}]`), CloudCustomData: "x",
		}
		for _, change := range changes {
			change(&m)
		}
		return []PeerMessage{m}
	}
	for _, c := range []struct {
		name    string
		old     string
		new     string
		want    []PeerMessage
		outcome outcome
	}{
		{name: "as documented", want: message(), outcome: outcomeWritten},
		{name: "numbers as texts", old: `"MsgSeq":4711`, new: `"MsgSeq":"4711"`, want: message(), outcome: outcomeWritten},
		{name: "without a key", old: `"MsgKey":"4711_99887766_1763848314",`, want: message(), outcome: outcomeWritten},
		{name: "with the other name of the random", old: `"MsgRandom"`, new: `"Random"`, want: message(), outcome: outcomeWritten},
		{
			name: "without its second", old: `"MsgTime":1763848314,`, outcome: outcomeWritten,
			want: message(func(m *PeerMessage) { m.Time = time.Unix(1763848315, 0) }),
		},
		{name: "refused by IM", old: `"SendMsgResult":0`, new: `"SendMsgResult":20006`, outcome: outcomeIgnored},
		{name: "for those who are online", old: `"OnlineOnlyFlag":0`, new: `"OnlineOnlyFlag":1`, outcome: outcomeIgnored},
		{name: "to nobody", old: `"wx-oia2TjuEGTNoeX76QEjQNrcURxG8"`, new: `""`, outcome: outcomeIgnored},
		{name: "to a colleague", old: `"wx-oia2TjuEGTNoeX76QEjQNrcURxG8"`, new: `"agent-zhou"`, outcome: outcomeIgnored},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, book := newStage(t), &relayBook{}
			s.handler.Relay = book
			body := strings.Replace(answered, c.old, c.new, 1)
			s.accepts(callback(body))
			same(t, "taken", book.taken, c.want)
			s.counted(map[string]float64{"callbacks/C2C.CallbackAfterSendMsg/" + string(c.outcome): 1})
			// Another body must not change what was taken.
			s.accepts(callback(strings.Replace(answered, "5月份会上新", "不会上新不会", 1)))
			same(t, "taken and kept", book.taken[:len(c.want)], append([]PeerMessage{}, c.want...))
		})
	}
}

// What the relay could not make safe is not answered with success, and may come again.
func TestRelayRefuses(t *testing.T) {
	s, book := newStage(t), &relayBook{refusal: errDown}
	s.handler.Relay = book
	if a := s.send(callback(answered)); a.status != http.StatusServiceUnavailable {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	book.refusal = nil
	s.accepts(callback(answered))
	s.accepts(callback(answered))
	same(t, "taken", len(book.taken), 1)
	s.counted(map[string]float64{
		"callbacks_rejected/journal": 1, "callbacks/C2C.CallbackAfterSendMsg/failed": 1,
		"callbacks/C2C.CallbackAfterSendMsg/written": 1, "callbacks/C2C.CallbackAfterSendMsg/duplicate": 1,
	})
}

// Without a relay the command is acknowledged.
func TestNoRelay(t *testing.T) {
	s := newStage(t)
	s.accepts(callback(answered))
	s.counted(map[string]float64{"callbacks/C2C.CallbackAfterSendMsg/ignored": 1})
}
