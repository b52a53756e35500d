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
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseObject(t *testing.T) {
	tests := map[string]struct {
		body string
		ok   bool
	}{
		"empty object":       {`{}`, true},
		"spaces around":      {" {\"a\": 1}\n", true},
		"large number":       {`{"a":18446744073709551615}`, true},
		"nothing":            {``, false},
		"null":               {`null`, false},
		"array":              {`[]`, false},
		"text":               {`"a"`, false},
		"comment":            {`{"a":1 /* one */}`, false},
		"trailing comma":     {`{"a":1,}`, false},
		"typographic quotes": {`{“a”:1}`, false},
		"two objects":        {`{}{}`, false},
		"rubbish after":      {`{}x`, false},
		"not UTF-8":          {"{\"a\":\"\xff\"}", false},
		"unfinished":         {`{"a":`, false},
		"too deep":           {strings.Repeat(`{"a":`, 100_000), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := parseObject([]byte(test.body)); (err == nil) != test.ok {
				t.Errorf("got %v, want ok %v", err, test.ok)
			}
		})
	}
}

func TestParamsRefuseWrongTypes(t *testing.T) {
	fields, err := parseObject([]byte(`{"Text":"t","Number":7,"Big":5000000000,"Half":1.5,"List":["a"],"Mixed":["a",1],
		"Objects":[{"A":1}],"Object":{"A":"x"},"Null":null,"Old":"o"}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		read func(params)
		want int
	}{
		"text":                      {func(p params) { p.text("Text") }, 0},
		"text is number":            {func(p params) { p.text("Number") }, 10004},
		"text of other case":        {func(p params) { p.requiredText("text") }, 10004},
		"null is absent":            {func(p params) { p.text("Null") }, 0},
		"required null":             {func(p params) { p.requiredText("Null") }, 10004},
		"old name":                  {func(p params) { p.requiredText("New", "Old") }, 0},
		"account is number":         {func(p params) { p.account("Number") }, 60015},
		"account missing":           {func(p params) { p.requiredAccount("Missing") }, 10004},
		"accounts":                  {func(p params) { p.requiredAccounts(1, 10005, "List") }, 0},
		"accounts of numbers":       {func(p params) { p.accounts("Mixed") }, 60015},
		"too many accounts":         {func(p params) { p.requiredAccounts(0, 10005, "List") }, 10005},
		"no accounts":               {func(p params) { p.requiredAccounts(1, 10005, "Missing") }, 10004},
		"list is text":              {func(p params) { p.texts("Text") }, 10004},
		"integer":                   {func(p params) { p.integer(0, 7, "Number") }, 0},
		"integer too large":         {func(p params) { p.integer(0, 6, "Number") }, 10004},
		"integer has a half":        {func(p params) { p.integer(0, 9, "Half") }, 10004},
		"integer is text":           {func(p params) { p.integer(0, 9, "Text") }, 10004},
		"seconds beyond 32 bits":    {func(p params) { p.seconds("Big") }, 10004},
		"seconds missing":           {func(p params) { p.seconds("Missing") }, 10004},
		"flag of 7":                 {func(p params) { p.flag("Number") }, 10004},
		"object":                    {func(p params) { p.object("Object") }, 0},
		"object is list":            {func(p params) { p.object("List") }, 10004},
		"objects":                   {func(p params) { p.requiredObjects(1, 10005, "Objects") }, 0},
		"objects are texts":         {func(p params) { p.objects("List") }, 10004},
		"too many objects":          {func(p params) { p.requiredObjects(0, 10005, "Objects") }, 10005},
		"wrong type inside":         {func(p params) { objects, _ := p.objects("Objects"); objects[0].text("A") }, 10004},
		"choice":                    {func(p params) { p.choice("Text", "s", "t") }, 0},
		"no such choice":            {func(p params) { p.choice("Text", "s") }, 10004},
		"cursor":                    {func(p params) { p.cursor("Number") }, 0},
		"cursor is text":            {func(p params) { p.cursor("Text") }, 10004},
		"the first refusal is kept": {func(p params) { p.account("Number"); p.text("Number") }, 60015},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newParams(fields, groupService)
			test.read(p)
			if got := codeOf(p.verdict.refusal); got != test.want {
				t.Errorf("got %v, want code %d", p.err(), test.want)
			}
		})
	}
}

// FuzzRequestBody runs arbitrary bodies through every command. None may panic,
// and every answer must be encodable. The seeds are in testdata.
func FuzzRequestBody(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		fields, err := parseObject(body)
		if err != nil {
			return
		}
		if !utf8.Valid(body) {
			t.Error("a body that is not UTF-8 was taken")
		}
		for _, kind := range []string{"AVChatRoom", "Public"} {
			runAll(t, kind, fields)
		}
	})
}

// runAll runs every command on a simulator that has a group g with members
// alice and bob.
func runAll(t *testing.T, kind string, fields map[string]any) {
	t.Helper()
	s := New(Options{SDKAppID: vectorApp, SecretKey: vectorKey, RateLimit: -1, GroupFields: []FieldDefinition{{Name: "a"}}})
	for _, command := range commandTable {
		if err := s.SeedAccounts(AccountSeed{UserID: "alice"}, AccountSeed{UserID: "bob"}); err != nil {
			t.Fatal(err)
		}
		if _, exists := s.Group("g"); !exists {
			if err := s.SeedGroup(GroupSeed{GroupID: "g", Type: kind, Members: []string{"alice", "bob"}}); err != nil {
				t.Fatal(err)
			}
		}
		if command.ask != nil {
			q, err := s.prepare(func() (*question, error) {
				return command.ask(s, s.newCall(fields, command.service, "administrator", origin{}))
			})
			if q != nil && err != nil {
				t.Errorf("%s asks %+v, %v", command.path(), q, err)
			}
		}
		result, requestID, refusal := s.run(command, s.newCall(fields, command.service, "administrator", origin{}))
		payload, _ := encodeAnswer(command, result, refusal, requestID)
		if !json.Valid(payload) {
			t.Errorf("%s answered %q", command.path(), payload)
		}
		if refusal != nil && (refusal.Code == 0 || refusal.Info == "") {
			t.Errorf("%s refused without code or text: %+v", command.path(), refusal)
		}
	}
}
