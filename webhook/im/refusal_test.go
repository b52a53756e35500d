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
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/event"
)

// joined is a callback that would be written down.
const joined = `{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"room_8801","NewMemberList":[{"Member_Account":"viewer17"}],"EventTime":1763848315000}`

// before is a callback that would be decided on.
const before = `{"CallbackCommand":"Group.CallbackBeforeSendMsg","GroupId":"room_8801","From_Account":"viewer17","Random":1,` + textBody + `,"EventTime":1763848315000}`

func nested(levels int) string {
	return `{"CallbackCommand":"Group.CallbackAfterNewMemberJoin","GroupId":"room_8801","EventTime":1763848315000,"NewMemberList":[{"Member_Account":"a","X":` +
		strings.Repeat("[", levels) + strings.Repeat("]", levels) + `}]}`
}

// padded is a genuine body of a length.
func padded(length int) string {
	head := joined[:len(joined)-1] + `,"Pad":"`
	return head + strings.Repeat("x", length-len(head)-2) + `"}`
}

func through(path string) func(*request) { return func(r *request) { r.path = path } }

func method(name string) func(*request) { return func(r *request) { r.method = name } }

// unsized sends a body without telling its length.
func unsized(r *request) { r.reader, r.length = io.MultiReader(strings.NewReader(r.body)), -1 }

func TestRefusals(t *testing.T) {
	genuine := Path([]byte(token), appKey.Namespace, appKey.Name)
	for name, c := range map[string]struct {
		request request
		change  func(*directory.App)
		status  int
		reason  Rejection
		// text differs from the reason where the reason tells what is configured.
		text Rejection
	}{
		"GET":                       {callback(joined, method(http.MethodGet)), nil, 405, RejectedMethod, ""},
		"PUT":                       {callback(joined, method(http.MethodPut)), nil, 405, RejectedMethod, ""},
		"wrong segment":             {callback(joined, through("/im/shop/live/"+strings.Repeat("0", 40))), nil, 404, RejectedPath, ""},
		"a digit of the segment":    {callback(joined, through(genuine[:len(genuine)-1]+"x")), nil, 404, RejectedPath, ""},
		"half of the segment":       {callback(joined, through(genuine[:len(genuine)-20])), nil, 404, RejectedPath, ""},
		"no segment":                {callback(joined, through("/im/shop/live/")), nil, 404, RejectedPath, ""},
		"another namespace":         {callback(joined, through(strings.Replace(genuine, "/shop/", "/mall/", 1))), nil, 404, RejectedPath, ""},
		"another ImApp":             {callback(joined, through(strings.Replace(genuine, "/live/", "/dead/", 1))), nil, 404, RejectedPath, ""},
		"no route":                  {callback(joined, through("/im/callback")), nil, 404, RejectedPath, ""},
		"the root":                  {callback(joined, through("/")), nil, 404, RejectedPath, ""},
		"more path":                 {callback(joined, through(genuine+"/x")), nil, 404, RejectedPath, ""},
		"no token":                  {callback(joined), func(app *directory.App) { app.Token = nil }, 404, RejectedToken, RejectedPath},
		"no token and no segment":   {callback(joined, through("/im/shop/live/x")), func(app *directory.App) { app.Token, app.Segment = nil, "" }, 404, RejectedToken, RejectedPath},
		"no token, empty signature": {callback(joined, with("Sign", Sign(nil, requested))), func(app *directory.App) { app.Token = []byte{} }, 404, RejectedToken, RejectedPath},
		"another SDKAppID":          {callback(joined, with("SdkAppid", "1400000002")), nil, 403, RejectedApp, ""},
		"no SDKAppID":               {callback(joined, with("SdkAppid", "")), nil, 403, RejectedApp, ""},
		"SDKAppID spelled wrongly":  {callback(joined, with("SdkAppid", ""), with("sdkappid", strconv.Itoa(appID))), nil, 403, RejectedApp, ""},
		"SDKAppID with a sign":      {callback(joined, with("SdkAppid", "+"+strconv.Itoa(appID))), nil, 403, RejectedApp, ""},
		"unsigned":                  {callback(joined, with("Sign", "")), nil, 403, RejectedUnsigned, ""},
		"without time":              {callback(joined, with("RequestTime", "")), nil, 403, RejectedUnsigned, ""},
		"forged":                    {callback(joined, with("Sign", strings.Repeat("0", 64))), nil, 403, RejectedForged, ""},
		"signed by another token":   {callback(joined, with("Sign", Sign([]byte("xxxxyyyy"), requested))), nil, 403, RejectedForged, ""},
		"another second":            {callback(joined, with("RequestTime", "1763848316")), nil, 403, RejectedForged, ""},
		"61 s old":                  {callback(joined, at(millis/1000-61)), nil, 403, RejectedStale, ""},
		"61 s ahead":                {callback(joined, at(millis/1000+61)), nil, 403, RejectedStale, ""},
		"too long":                  {callback(padded(MaxBodyBytes + 1)), nil, 413, RejectedSize, ""},
		"too long, length not told": {callback(padded(MaxBodyBytes+1), unsized), nil, 413, RejectedSize, ""},
		"nested deeply":             {callback(nested(maxDepth - 2)), nil, 400, RejectedDepth, ""},
		"nested very deeply":        {callback(nested(100_000)), nil, 400, RejectedDepth, ""},
		"nested and not closed":     {callback(strings.Repeat(`{"a":`, 50_000), with("CallbackCommand", "")), nil, 400, RejectedDepth, ""},
		"empty":                     {callback(""), nil, 400, RejectedBody, ""},
		"cut off":                   {callback(joined[:len(joined)-1]), nil, 400, RejectedBody, ""},
		"two bodies":                {callback(joined + joined), nil, 400, RejectedBody, ""},
		"no object":                 {callback(`"Group.CallbackAfterSendMsg"`), nil, 400, RejectedBody, ""},
		"no command":                {callback(`{"GroupId":"room_8801"}`), nil, 400, RejectedBody, ""},
		"command as number":         {callback(`{"CallbackCommand":5}`), nil, 400, RejectedBody, ""},
		"group as list":             {callback(strings.Replace(joined, `"room_8801"`, `["room_8801"]`, 1)), nil, 400, RejectedBody, ""},
		"members as text":           {callback(strings.Replace(joined, `[{"Member_Account":"viewer17"}]`, `"viewer17"`, 1)), nil, 400, RejectedBody, ""},
		"time as words":             {callback(strings.Replace(joined, "1763848315000", `"yesterday"`, 1)), nil, 400, RejectedBody, ""},
		"comments, as in samples":   {callback(strings.Replace(joined, ",", ", // the group\n", 1)), nil, 400, RejectedBody, ""},
		"a form":                    {callback("CallbackCommand=Group.CallbackAfterNewMemberJoin"), nil, 400, RejectedBody, ""},
		"another command in URL":    {callback(joined, with("CallbackCommand", "Group.CallbackAfterMemberExit")), nil, 400, RejectedCommand, ""},
		"case of the command":       {callback(joined, with("CallbackCommand", "group.callbackafternewmemberjoin")), nil, 400, RejectedCommand, ""},
		"before, named as after":    {callback(before, with("CallbackCommand", "Group.CallbackAfterSendMsg")), nil, 400, RejectedCommand, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			if c.change != nil {
				s.handler.Directory.PutApp(application(c.change))
			}
			if c.text == "" {
				c.text = c.reason
			}
			got := s.send(c.request)
			want := fmt.Sprintf(`{"ActionStatus":"FAIL","ErrorInfo":%q,"ErrorCode":%d}`, c.text, c.status)
			if got.status != c.status || got.body != want || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("answered %d %s %v, want %d %s", got.status, got.body, got.header, c.status, want)
			}
			s.unchanged(c.reason, 1)
		})
	}
}

// unchanged asserts that calls were refused for one reason and changed nothing.
func (s *stage) unchanged(reason Rejection, times float64) {
	s.t.Helper()
	same(s.t, "written", s.book.written(s.t), []event.Event(nil))
	same(s.t, "offered", s.book.noted(s.t), []event.Event(nil))
	s.counted(map[string]float64{"callbacks_rejected/" + string(reason): times})
	if app := s.handler.Directory.App(appKey); !app.Heard.Last().IsZero() {
		s.t.Error("the application counts as heard of")
	}
	for _, secret := range []string{token, Segment([]byte(token), appKey.Namespace, appKey.Name)} {
		if strings.Contains(s.logs.String(), secret) {
			s.t.Errorf("the log holds a secret: %s", s.logs)
		}
	}
}

// What is just within the bounds is taken.
func TestBounds(t *testing.T) {
	for name, r := range map[string]request{
		"60 s old":                     callback(joined, at(millis/1000-60)),
		"60 s ahead":                   callback(joined, at(millis/1000+60)),
		"as long as may be":            callback(padded(MaxBodyBytes)),
		"as long, length not told":     callback(padded(MaxBodyBytes), unsized),
		"as deep as may be":            callback(nested(maxDepth - 3)),
		"no command in the URL":        callback(joined, with("CallbackCommand", "")),
		"more parameters":              callback(joined, with("RequestID", "52c68065-ed12-41c1-8661-045ea5d16695"), with("x", "%&=")),
		"neither ClientIP nor OptPlat": callback(joined, with("ClientIP", ""), with("OptPlatform", "")),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.accepts(r)
			same(t, "written", s.book.written(t), []event.Event{*about(event.Joined, count(1))})
		})
	}
}

// While the console changes over, the path and token before are taken as well:
// each path with its own token.
func TestFormerToken(t *testing.T) {
	const old = "shield-im-cb-old"
	s := newStage(t)
	formerly := &directory.Former{Token: []byte(old), Segment: Segment([]byte(old), appKey.Namespace, appKey.Name)}
	s.handler.Directory.PutApp(application(func(app *directory.App) { app.Former = formerly }))
	oldPath, oldSign := through(Path([]byte(old), appKey.Namespace, appKey.Name)), with("Sign", Sign([]byte(old), requested))
	s.accepts(callback(joined, oldPath, oldSign))
	s.accepts(callback(joined))
	for _, r := range []request{callback(joined, oldPath), callback(joined, oldSign)} {
		if a := s.send(r); a.status != http.StatusForbidden {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
	s.handler.Directory.PutApp(application())
	if a := s.send(callback(joined, oldPath, oldSign)); a.status != http.StatusNotFound {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	same(t, "written", s.book.written(t), []event.Event{*about(event.Joined, count(1))})
	s.counted(map[string]float64{
		"callbacks/Group.CallbackAfterNewMemberJoin/written": 1, "callbacks/Group.CallbackAfterNewMemberJoin/duplicate": 1,
		"callbacks_rejected/forged": 2, "callbacks_rejected/path": 1,
	})
}

// A captured call that comes again within its minute is the same event; later it
// is refused.
func TestReplay(t *testing.T) {
	s := newStage(t)
	r := callback(joined)
	s.accepts(r)
	for range 3 {
		s.accepts(r)
	}
	s.clock.SetTime(now.Add(61 * time.Second))
	if a := s.send(r); a.status != http.StatusForbidden {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	same(t, "written", s.book.written(t), []event.Event{*about(event.Joined, count(1))})
	s.counted(map[string]float64{
		"callbacks/Group.CallbackAfterNewMemberJoin/written": 1, "callbacks/Group.CallbackAfterNewMemberJoin/duplicate": 3,
		"callbacks_rejected/stale": 1,
	})
}

// A caller that goes away in the middle of a body leaves nothing behind.
func TestTruncated(t *testing.T) {
	r := callback(joined)
	for name, frame := range map[string]string{
		"with a length": fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(joined)+10, joined),
		"in chunks":     fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(joined), joined),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := fmt.Fprintf(conn, "POST %s?%s HTTP/1.1\r\nHost: x\r\n%s", r.path, r.query.Encode(), frame); err != nil {
				t.Fatal(err)
			}
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusBadRequest {
				t.Errorf("answered %s", resp.Status)
			}
			s.unchanged(RejectedRead, 1)
		})
	}
}

// The body of a call that is not authentic is not looked at.
func TestForgedBodyIsNotRead(t *testing.T) {
	s := newStage(t)
	r := callback(joined, with("Sign", strings.Repeat("0", 64)))
	body := &watched{}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, r.path+"?"+r.query.Encode(), body)
	req.SetPathValue("namespace", appKey.Namespace)
	req.SetPathValue("imapp", appKey.Name)
	req.SetPathValue("segment", Segment([]byte(token), appKey.Namespace, appKey.Name))
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, req)
	if w.Code != http.StatusForbidden || body.reads != 0 {
		t.Errorf("answered %d after %d reads", w.Code, body.reads)
	}
	s.unchanged(RejectedForged, 1)
}

// watched counts how often it is read.
type watched struct{ reads int }

func (w *watched) Read([]byte) (int, error) {
	w.reads++
	return 0, io.EOF
}

func TestTooManyAtOnce(t *testing.T) {
	s := newStage(t)
	const most = 2
	s.handler.underway = make(chan struct{}, most)
	inside, release := make(chan struct{}, most), make(chan struct{})
	s.book.before = func() {
		inside <- struct{}{}
		<-release
	}
	var group sync.WaitGroup
	for i := range most {
		group.Go(func() { s.accepts(callback(strings.Replace(joined, "viewer17", "viewer"+strconv.Itoa(i), 1))) })
	}
	for range most {
		<-inside
	}
	for _, r := range []request{callback(joined), callback(joined, with("Sign", "")), callback("", method(http.MethodGet))} {
		if a := s.send(r); a.status != http.StatusServiceUnavailable || a.body != `{"ActionStatus":"FAIL","ErrorInfo":"busy","ErrorCode":503}` {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
	s.accepts(callback(before)) // does not stand behind those that wait for the journal
	close(release)
	group.Wait()
	s.book.before = nil
	s.accepts(callback(joined))
	same(t, "entries", len(s.book.written(t)), most+1)
	s.counted(map[string]float64{"callbacks_rejected/busy": 3, "callbacks/Group.CallbackAfterNewMemberJoin/written": most + 1, "callbacks/Group.CallbackBeforeSendMsg/allowed": 1})
}

// An event that the journal does not take is not answered with success, and can
// be sent again.
func TestJournalRefuses(t *testing.T) {
	s := newStage(t)
	s.book.refusal = errDown
	if a := s.send(callback(joined)); a.status != http.StatusServiceUnavailable || a.body != `{"ActionStatus":"FAIL","ErrorInfo":"journal","ErrorCode":503}` {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	same(t, "written", s.book.written(t), []event.Event(nil))
	if !strings.Contains(s.logs.String(), "down") || !strings.Contains(s.logs.String(), "shop/live") {
		t.Errorf("the log does not say why: %s", s.logs)
	}
	s.book.refusal = nil
	s.accepts(callback(joined))
	same(t, "written", s.book.written(t), []event.Event{*about(event.Joined, count(1))})
	s.counted(map[string]float64{
		"callbacks_rejected/journal": 1, "callbacks/Group.CallbackAfterNewMemberJoin/failed": 1, "callbacks/Group.CallbackAfterNewMemberJoin/written": 1,
	})
}

// A caller that gives up is not waited for by the journal.
func TestCallerGivesUp(t *testing.T) {
	s := newStage(t)
	s.book.stall = true
	ctx, cancel := context.WithCancel(t.Context())
	s.book.before = cancel
	r := callback(joined)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server.URL+r.path+"?"+r.query.Encode(), strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.client.Do(req)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.server.Close() // waits for the handler
	s.counted(map[string]float64{"callbacks_rejected/journal": 1, "callbacks/Group.CallbackAfterNewMemberJoin/failed": 1})
}

// Every reason is exposed before it first occurs, and none of them is undeclared.
func TestReasonsAreExposed(t *testing.T) {
	s := newStage(t)
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	exposed := map[Rejection]bool{}
	for _, family := range families {
		if family.GetName() != "liveroom_webhook_callbacks_rejected_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			exposed[Rejection(metric.GetLabel()[0].GetValue())] = true
		}
	}
	if len(exposed) != 15 || len(rejections) != 15 {
		t.Errorf("exposed are %v", exposed)
	}
}

// FAIL without an error code is undefined for IM, and is never answered.
func TestFailureHasACode(t *testing.T) {
	s := newStage(t)
	for _, r := range []request{
		callback(joined), callback(before), callback(""), callback(joined, method(http.MethodGet)), callback(joined, with("Sign", "")),
		callback(joined, through("/")), callback(nested(100)), callback(padded(MaxBodyBytes + 1)),
	} {
		a := s.send(r)
		var envelope Answer
		if err := json.Unmarshal([]byte(a.body), &envelope); err != nil {
			t.Fatal(err)
		}
		if (envelope.ActionStatus == "OK") != (a.status == http.StatusOK) || envelope.ActionStatus == "FAIL" && envelope.ErrorCode == 0 {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
}
