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
	"time"
)

// command is a call of the API.
type command struct {
	// name is what errors and metrics call it.
	name   string
	method string
	path   string
	// timeout bounds one HTTP exchange, with the transfer of its bodies.
	timeout time.Duration
	// once: doing it twice is not the same as doing it once, so a lost answer leaves the outcome unknown.
	once bool
}

const (
	// callTimeout is for a question and an answer of a few hundred bytes.
	callTimeout = 10 * time.Second
	// mediaTimeout is for the largest file over a slow line.
	mediaTimeout = 2 * time.Minute
)

// The commands.
var (
	stableToken = &command{
		name: "stable_token", method: http.MethodPost, path: "/cgi-bin/stable_token", timeout: callTimeout,
	}
	customSend = &command{
		name: "custom_send", method: http.MethodPost, path: "/cgi-bin/message/custom/send", timeout: callTimeout, once: true,
	}
	customTyping = &command{
		name: "custom_typing", method: http.MethodPost, path: "/cgi-bin/message/custom/typing", timeout: callTimeout,
	}
	mediaUpload = &command{
		name: "media_upload", method: http.MethodPost, path: "/cgi-bin/media/upload", timeout: mediaTimeout,
	}
	mediaGet = &command{
		name: "media_get", method: http.MethodGet, path: "/cgi-bin/media/get", timeout: mediaTimeout,
	}
	userInfo = &command{
		name: "user_info", method: http.MethodGet, path: "/cgi-bin/user/info", timeout: callTimeout,
	}
	callbackIP = &command{
		name: "getcallbackip", method: http.MethodGet, path: "/cgi-bin/getcallbackip", timeout: callTimeout,
	}
)
