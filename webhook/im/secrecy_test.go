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
	"strings"
	"testing"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
)

// Whatever comes, no log and no answer holds the token or the secret part of
// the path, and no refusal tells what is configured.
func TestSecrecy(t *testing.T) {
	s := newStage(t)
	segment := Segment([]byte(token), appKey.Namespace, appKey.Name)
	calls := []request{
		callback(joined), callback(before), callback(""), callback(nested(100)), callback(padded(MaxBodyBytes + 1)),
		callback(joined, with("Sign", "")), callback(joined, with("Sign", token)), callback(joined, with("Sign", Sign([]byte("x"), requested))), callback(joined, at(0)),
		callback(joined, with("SdkAppid", "1")), callback(joined, method("GET")), callback(joined, through("/im/shop/live/x")),
		callback(joined, through("/"+segment+"/"+token)), callback(joined, with("CallbackCommand", token)),
		callback(`{"CallbackCommand":"`+token+segment+`"}`, with("CallbackCommand", "")),
	}
	var answers strings.Builder
	for _, refusal := range []error{nil, errDown} {
		s.book.refusal = refusal
		for _, r := range calls {
			a := s.send(r)
			answers.WriteString(a.body)
			for name, values := range a.header {
				answers.WriteString(name + strings.Join(values, ","))
			}
		}
	}
	if !strings.Contains(s.logs.String(), "down") {
		t.Fatalf("nothing was logged: %s", s.logs)
	}
	for _, secret := range []string{token, segment, Sign([]byte(token), requested), "1400000001", "viewer17", "how much"} {
		if strings.Contains(s.logs.String(), secret) {
			t.Errorf("the log holds %q: %s", secret, s.logs)
		}
		if strings.Contains(answers.String(), secret) {
			t.Errorf("an answer holds %q: %s", secret, answers.String())
		}
	}
	for name := range s.counts() {
		if strings.Contains(name, token) || strings.Contains(name, segment) {
			t.Errorf("a metric holds a secret: %s", name)
		}
	}
}

// To somebody who does not know the path, an application looks like none,
// whatever is configured.
func TestUnknownAndUnconfiguredLookTheSame(t *testing.T) {
	guess := callback(joined, through("/im/shop/live/guess"))
	elsewhere := callback(joined, through("/im/shop/dead/guess"))
	var first answer
	for i, change := range []func(*directory.App){
		func(*directory.App) {},
		func(app *directory.App) { app.Token, app.Segment = nil, "" },
		func(app *directory.App) { app.Sources = admitting("10.0.0.0/8") },
		func(app *directory.App) { app.SDKAppID = 1 },
	} {
		s := newStage(t)
		s.handler.Directory.PutApp(application(change))
		for _, r := range []request{guess, elsewhere} {
			a := s.send(r)
			a.header.Del("Date")
			if i == 0 && first.status == 0 {
				first = a
			}
			same(t, "answer", a, first)
		}
	}
}
