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
	"net/http"
	"strings"
)

// command is one call of the API.
type command struct {
	// name is the path behind /cgi-bin/.
	name   string
	method string // empty for any
	// bySecret: the call brings AppID and AppSecret instead of a token.
	bySecret bool
	// verified: only verified accounts have the right to call it.
	verified bool
	// daily is the documented number of calls per day. 0 means no limit.
	daily int
	// upload: the body is a file.
	upload bool
	run    func(*Simulator, *call) (any, error)
}

// The commands by name. Their number bounds that of the counters.
var commands = map[string]*command{}

var (
	unknownCommand = &command{name: "unknown"}
	// serviceCommand stands for everything about WeChat's own customer
	// service, which is simulated as not enabled.
	serviceCommand = &command{name: "customservice", verified: true, run: runService}
)

func init() {
	for _, c := range []*command{
		{name: "token", method: http.MethodGet, bySecret: true, daily: 2000, run: runToken},
		{name: "stable_token", method: http.MethodPost, bySecret: true, daily: 500_000, run: runStableToken},
		{name: "getcallbackip", method: http.MethodGet, run: runCallbackIP},
		{name: "get_api_domain_ip", method: http.MethodGet, run: runAPIAddresses},
		{name: "message/custom/send", method: http.MethodPost, verified: true, daily: 500_000, run: runSend},
		{name: "message/custom/typing", method: http.MethodPost, verified: true, run: runTyping},
		{name: "media/upload", method: http.MethodPost, verified: true, daily: 5_000, upload: true, run: runUpload},
		{name: "media/get", method: http.MethodGet, verified: true, daily: 10_000, run: runGetMedia},
		{name: "media/get/jssdk", method: http.MethodGet, verified: true, daily: 10_000, run: runGetHDVoice},
		{name: "user/info", method: http.MethodGet, verified: true, daily: 500_000, run: runUserInfo},
		{name: "user/info/batchget", method: http.MethodPost, verified: true, daily: 500_000, run: runUserBatch},
		{name: "user/get", method: http.MethodGet, verified: true, daily: 500, run: runUserList},
		serviceCommand,
	} {
		commands[c.name] = c
	}
}

// commandOf finds the command of a path.
func commandOf(path string) *command {
	if strings.HasPrefix(path, "/customservice/") || strings.HasPrefix(path, "/cgi-bin/customservice/") {
		return serviceCommand
	}
	if name, ok := strings.CutPrefix(path, "/cgi-bin/"); ok {
		if c, ok := commands[name]; ok && c != serviceCommand {
			return c
		}
	}
	return unknownCommand
}

// named reports whether a command is meant by a name, which is its own or the
// end of it.
func named(command, name string) bool {
	return command == name || strings.HasSuffix(command, "/"+name)
}

// knownCommand reports whether a name means any command.
func knownCommand(name string) bool {
	for known := range commands {
		if named(known, name) {
			return true
		}
	}
	return false
}
