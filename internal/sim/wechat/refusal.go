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

import "fmt"

// Codes that the API answers.
const (
	codeSystem          = -1
	codeInvalidToken    = 40001
	codeGrantType       = 40002
	codeOpenID          = 40003
	codeMediaType       = 40004
	codeFileType        = 40005
	codeMediaID         = 40007
	codeMessageType     = 40008
	codeImageSize       = 40009
	codeVoiceSize       = 40010
	codeVideoSize       = 40011
	codeThumbSize       = 40012
	codeAppID           = 40013
	codeMalformedToken  = 40014
	codeURL             = 40066
	codeSecret          = 40125
	codeForeignAddress  = 40164
	codeTokenMissing    = 41001
	codeAppIDMissing    = 41002
	codeSecretMissing   = 41004
	codeMediaMissing    = 41005
	codeMediaIDMissing  = 41006
	codeOpenIDMissing   = 41009
	codeTokenExpired    = 42001
	codeGetRequired     = 43001
	codePostRequired    = 43002
	codeNotFollowing    = 43004
	codeEmptyBody       = 44002
	codeEmptyContent    = 44004
	codeContentSize     = 45002
	codePlayTime        = 45007
	codeArticleSize     = 45008
	codeDailyQuota      = 45009
	codeMinuteQuota     = 45011
	codeWindow          = 45015
	codeCount           = 45047
	codeTypingCommand   = 45072
	codeTypingStale     = 45080
	codeTypingActive    = 45081
	codeFormat          = 47001
	codeArgument        = 47003
	codeUnauthorized    = 48001
	codeNoServiceAgents = 65400
	codeUnknownAgent    = 65401
	codeTooManyOpenIDs  = 40032
)

// refusalTexts are the beginnings of errmsg. The service appends a request id,
// which differs from answer to answer.
var refusalTexts = map[int]string{ //nolint:gosec // texts about credentials
	codeSystem:          "system error",
	codeInvalidToken:    "invalid credential, access_token is invalid or not latest",
	codeGrantType:       "invalid grant_type",
	codeOpenID:          "invalid openid",
	codeMediaType:       "invalid media type",
	codeFileType:        "invalid file type",
	codeMediaID:         "invalid media_id",
	codeMessageType:     "invalid message type",
	codeImageSize:       "invalid image size",
	codeVoiceSize:       "invalid voice size",
	codeVideoSize:       "invalid video size",
	codeThumbSize:       "invalid thumb size",
	codeAppID:           "invalid appid",
	codeMalformedToken:  "invalid access_token",
	codeURL:             "invalid url",
	codeSecret:          "invalid appsecret",
	codeTokenMissing:    "access_token missing",
	codeAppIDMissing:    "appid missing",
	codeSecretMissing:   "appsecret missing",
	codeMediaMissing:    "media data missing",
	codeMediaIDMissing:  "missing media_id",
	codeOpenIDMissing:   "missing openid",
	codeTokenExpired:    "access_token expired",
	codeGetRequired:     "require GET method",
	codePostRequired:    "require POST method",
	codeNotFollowing:    "require subscribe",
	codeEmptyBody:       "empty post data",
	codeEmptyContent:    "empty content",
	codeContentSize:     "content size out of limit",
	codePlayTime:        "playtime out of limit",
	codeArticleSize:     "article size out of limit",
	codeDailyQuota:      "reach max api daily quota limit",
	codeMinuteQuota:     "api minute-quota reach limit, must slower, retry next minute",
	codeWindow:          "response out of time limit or subscription is canceled",
	codeCount:           "out of response count limit",
	codeTypingCommand:   "invalid command",
	codeTypingStale:     "need interaction with the user first",
	codeTypingActive:    "already typing",
	codeFormat:          "data format error",
	codeArgument:        "argument invalid!",
	codeUnauthorized:    "api unauthorized",
	codeNoServiceAgents: "please enable new custom service, or wait for a while if you have enabled",
	codeUnknownAgent:    "invalid kf account",
	codeTooManyOpenIDs:  "invalid openid list size",
}

// Refusal is what the API answers instead of doing something.
type Refusal struct {
	// Code is the errcode.
	Code int
	// Text is the errmsg without the request id at its end.
	Text string
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("%d %s", r.Code, r.Text) }

// refuse makes the refusal of a code in the table.
func refuse(code int) *Refusal { return &Refusal{Code: code, Text: refusalTexts[code]} }

// refuseAs makes a refusal with a text of its own.
func refuseAs(code int, format string, arguments ...any) *Refusal {
	return &Refusal{Code: code, Text: fmt.Sprintf(format, arguments...)}
}
