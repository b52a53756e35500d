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
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The paths and the fixed parts of questions.
const (
	account = "im_open_login_svc/"
	group   = "group_open_http_svc/"
	live    = "group_open_avchatroom_http_svc/"
	filter  = `"ResponseFilter":{"GroupBaseInfoFilter":["Type","Name","Introduction","Notification","FaceUrl",` +
		`"Owner_Account","CreateTime","ApplyJoinOption","MuteAllMember"]`
	tags = `"Tag_Profile_IM_Nick","Tag_Profile_IM_Image","Tag_Profile_IM_Gender","Tag_Profile_IM_AllowType",` +
		`"Tag_Profile_IM_Level","Tag_Profile_IM_Role"`
)

// answerWith is a successful answer with the given members.
func answerWith(members string) string {
	return `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"",` + members + `}`
}

// nothing is the result of a method that has none but its error.
func nothing(err error) (any, error) { return nil, err }

// knock is one use of a method: what it sends for what it is asked, and what it makes of the answers.
type knock struct {
	answers map[string][]string
	call    func(context.Context, *Client) (any, error)
	asked   []string
	want    any
	class   Class
}

func knockAll(t *testing.T, tests map[string]knock) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			for command, answers := range test.answers {
				p.answers(command, answers...)
			}
			got, err := test.call(t.Context(), newClient(t, p.URL))
			if ClassOf(err) != test.class || err != nil && test.class == "" {
				t.Errorf("got error %v, want class %q", err, test.class)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			var asked []string
			for _, one := range p.received() {
				asked = append(asked, one.command+" "+one.body)
			}
			if !slices.Equal(asked, test.asked) {
				t.Errorf("asked %s\nwant  %s", strings.Join(asked, "\n      "), strings.Join(test.asked, "\n      "))
			}
		})
	}
}
