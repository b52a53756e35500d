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
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

var testPeerMessage = PeerMessage{
	From: "wx-alice", To: "lin", Seq: 7, Random: 99, Body: json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]`),
}

// Whoever gets UnknownOutcome must look first, whoever gets anything else may send again or give up. A wrong answer to
// this question loses a message or delivers it twice.
func TestOutcomesOfPeerMessages(t *testing.T) {
	tests := map[string]struct {
		steps    []step
		class    Class
		code     int
		attempts int
	}{
		"taken":                           {[]step{says(answerWith(`"MsgTime":1,"MsgKey":"k"`))}, "", 0, 1},
		"connection reset":                {[]step{resets}, UnknownOutcome, 0, 1},
		"bad gateway":                     {[]step{saysStatus(502)}, UnknownOutcome, 0, 1},
		"no JSON":                         {[]step{says("<html>")}, UnknownOutcome, 0, 1},
		"neither code nor status":         {[]step{says(`{}`)}, UnknownOutcome, 0, 1},
		"failure without a code":          {[]step{says(`{"ActionStatus":"FAIL","ErrorCode":0}`)}, UnknownOutcome, 0, 1},
		"taken, rest not understood":      {[]step{says(answerWith(`"MsgTime":{}`))}, UnknownOutcome, 0, 1},
		"time-out of the service":         {[]step{says(refusalAnswer(60008))}, UnknownOutcome, 60008, 1},
		"answer broken in the service":    {[]step{says(refusalAnswer(60013))}, UnknownOutcome, 60013, 1},
		"internal error of messages":      {[]step{says(refusalAnswer(20005))}, UnknownOutcome, 20005, 1},
		"callback server":                 {[]step{says(refusalAnswer(90992))}, UnknownOutcome, 90992, 1},
		"internal error of the service":   {[]step{says(refusalAnswer(91000))}, UnknownOutcome, 91000, 1},
		"internal error without a name":   {[]step{says(refusalAnswer(90999))}, UnknownOutcome, 90999, 1},
		"frequency, then taken":           {[]step{says(refusalAnswer(60007)), says(answerOK)}, "", 0, 2},
		"frequency, then reset":           {[]step{says(refusalAnswer(60011)), resets}, UnknownOutcome, 0, 2},
		"too many requests, then taken":   {[]step{saysStatus(429), says(answerOK)}, "", 0, 2},
		"frequency for good":              {[]step{says(refusalAnswer(60007))}, RateLimited, 60007, 3},
		"old UserSig, then taken":         {[]step{says(refusalAnswer(20002)), says(answerOK)}, "", 0, 2},
		"network of the service":          {[]step{says(refusalAnswer(20004)), says(answerOK)}, "", 0, 2},
		"no such recipient":               {[]step{says(refusalAnswer(90012))}, NotFound, 90012, 1},
		"no such sender":                  {[]step{says(refusalAnswer(20003))}, NotFound, 20003, 1},
		"refused by the own callback":     {[]step{says(refusalAnswer(20006))}, NotPermitted, 20006, 1},
		"own callback failed":             {[]step{says(refusalAnswer(80003))}, NotPermitted, 80003, 1},
		"own code of the callback":        {[]step{says(refusalAnswer(120001))}, NotPermitted, 120001, 1},
		"text blocked":                    {[]step{says(refusalAnswer(80001))}, Invalid, 80001, 1},
		"too long":                        {[]step{says(refusalAnswer(93000))}, Invalid, 93000, 1},
		"key changed":                     {[]step{says(refusalAnswer(70009))}, Unauthorized, 70009, 1},
		"a code that is not documented":   {[]step{says(refusalAnswer(90777))}, Invalid, 90777, 1},
		"reset, though an answer follows": {[]step{resets, says(answerOK)}, UnknownOutcome, 0, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.steps("sendmsg", test.steps...)
			_, err := newClient(t, p.URL).SendPeerMessage(t.Context(), testPeerMessage)
			code := 0
			if e, ok := AsError(err); ok {
				code = e.Code
			}
			if ClassOf(err) != test.class || code != test.code || (err == nil) != (test.class == "") {
				t.Errorf("got %v, want class %q and code %d", err, test.class, test.code)
			}
			requests := p.received()
			if len(requests) != test.attempts {
				t.Errorf("%d attempts, want %d", len(requests), test.attempts)
			}
			for _, one := range requests {
				if one.body != requests[0].body {
					t.Errorf("a repeat has another body: %s and %s", one.body, requests[0].body)
				}
			}
		})
	}
}

// Nothing listens: not a byte was sent, so the message was not.
func TestPeerMessageThatCouldNotBeWritten(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, endpoint)
	for range breakerTrip { // the last ones are refused by the breaker
		if _, err := c.SendPeerMessage(t.Context(), testPeerMessage); !IsUnavailable(err) {
			t.Errorf("got %v", err)
		}
	}
}

// A caller who leaves while the answer is awaited does not know the outcome either, whatever made it leave.
func TestCallerLeavesAPeerMessage(t *testing.T) {
	tests := map[string]struct {
		leave func(context.Context) (context.Context, context.CancelFunc)
		cause error
	}{
		"cancelled": {context.WithCancel, context.Canceled},
		"too late": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 100*time.Millisecond)
		}, context.DeadlineExceeded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arrived := make(chan struct{}, maxAttempts)
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				// Only once the request is read does the server notice that its client leaves.
				_, _ = io.Copy(io.Discard, r.Body)
				arrived <- struct{}{}
				<-r.Context().Done()
			}))
			t.Cleanup(server.Close)
			c := newClient(t, server.URL)
			ctx, leave := test.leave(t.Context())
			defer leave()
			ended := make(chan error, 1)
			go func() {
				_, err := c.SendPeerMessage(ctx, testPeerMessage)
				ended <- err
			}()
			<-arrived
			if errors.Is(test.cause, context.Canceled) {
				leave()
			}
			if err := <-ended; !IsUnknownOutcome(err) || !errors.Is(err, test.cause) {
				t.Errorf("got %v", err)
			}
			if len(arrived) != 0 {
				t.Error("it was sent again")
			}

			// Who has left before does know it.
			_, err := c.SendPeerMessage(ctx, testPeerMessage)
			if IsUnknownOutcome(err) || err == nil || len(arrived) != 0 {
				t.Errorf("got %v after %d more requests", err, len(arrived))
			}
		})
	}
}
