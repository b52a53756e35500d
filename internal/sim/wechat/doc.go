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

// Package wechat simulates WeChat Official Accounts for whoever serves their
// customers: the pushes of messages and events in plaintext, compatible and
// safe mode with their deadline and their tries, access tokens, customer
// messages with their window and quota, media, users, and the phones of the
// followers. It keeps state, enforces the documented limits and rights, and
// answers with the documented codes.
//
// A Simulator is an http.Handler that must be closed:
//
//	simulator := wechat.New(wechat.Options{Accounts: []wechat.Account{{
//		AppID: "wx5823bf96d3bd56c7", Secret: secret, Token: token,
//		WebhookURL: webhook.URL,
//	}}})
//	defer simulator.Close()
//	server := httptest.NewServer(simulator)
//
// Clients use server.URL in place of https://api.weixin.qq.com. Tests in the
// same process act as followers and look at their phones by the methods of
// Simulator; others use the side door.
//
// # Choices
//
// Where the documents are silent, Options has a switch for the other plausible
// choice, or the simulator does this:
//
//   - A try of a push begins PushTimeout after the one before, or at once when
//     that took longer. The request is the same unless FreshRetries; a status
//     other than 200 and a broken or refused connection lead to another try as
//     a time-out does. Redirects are not followed.
//   - Only the word success, an empty body and a valid passive reply end a
//     push well. Anything else in time ends it badly, without another try: the
//     follower reads UnavailableText. So does a push whose last try failed.
//   - A clear reply is invalid in safe mode and an encrypted one in plaintext
//     mode; compatible mode takes both. MsgSignature, padding and AppID are
//     checked with the keys that the push was made with.
//   - Pushes of one follower wait for each other, unless Delivery says
//     otherwise.
//   - Every row of the table of actions counts for itself: tapping a menu does
//     not end what a message permits. A message takes from the permit that
//     ends first. Leaving ends all of them.
//   - A call is checked in this order: path, method, size, credentials, rights
//     (48001), daily quota (45009), faults, and then what the command says. A
//     customer message: JSON, type, receiver, content, window.
//   - A token that is well-formed and unknown is 40001, any other text 40014.
//     Daily quotas and forced tokens are counted by days of UTC+8.
//   - media/upload wants the extension and the content of a file to be of the
//     kind. The play time is counted for AMR and judged by the first frame for
//     MP3.
//   - Escapes by number in a customer message (\u003c) are shown just so on
//     the phone, with a mark.
//
// Not simulated: permanent material (an mpnews may name any, the media ids of
// other messages must be temporary), tags, menus, templates, and WeChat's own
// customer service beyond the names of its agents: its calls answer 65400.
//
// # Side door
//
// The side door is plain JSON over HTTP under /sim/wechat/, without
// credentials. It is meant for the loopback interface. Answers are 200 with
// JSON or 204; errors are 400, 404, 409, 413 or 503 with {"error": text}.
// Bodies are at most 16 MiB and may not have unknown fields; files are base64.
// Durations are text such as "250ms", in answers nanoseconds. {app} is an
// AppID, {id} an OpenID.
//
//	GET    /sim/wechat/state                    accounts, counters of pushes, delivery, faults
//	POST   /sim/wechat/accounts                 add an account: Account
//	GET    /sim/wechat/accounts/{app}           its state, without secrets
//	PATCH  /sim/wechat/accounts/{app}           change it as in the console: fields of Account but the ids;
//	                                            a webhookURL is not verified here
//	PUT    .../accounts/{app}/webhook           {"url":"http://127.0.0.1:8080/wechat/ns/name"}; verified first
//	POST   .../accounts/{app}/verify            {"url":"","badSignature":true}: the GET alone
//	POST   .../accounts/{app}/token             {"kind":"Stable","trouble":"Replaced"}, or Expires, Spoiled
//	DELETE .../accounts/{app}/quotas            forget today's calls
//	POST   .../accounts/{app}/voices            {"file":"..."}: a voice recorded by a page, for HD download
//	GET    .../accounts/{app}/media/{media}     the content of a file
//	DELETE .../accounts/{app}/media/{media}     let it expire
//	GET    .../accounts/{app}/followers?offset=0&limit=1000
//	POST   .../accounts/{app}/followers         {"openIDs":["o1"]} or {"count":50} or {"openID":"o1"}, with Follow
//	POST   .../accounts/{app}/messages          {"messages":[{"openID":"o1","type":"text","content":"hi"}]}
//	GET    .../followers/{id}                   one follower
//	DELETE .../followers/{id}                   leave
//	POST   .../followers/{id}/messages          write: FollowerMessage
//	POST   .../followers/{id}/taps              {"id":"101","content":"yes"}: an item of a message menu
//	POST   .../followers/{id}/clicks            {"key":"V1001"}: a menu of the account
//	POST   .../followers/{id}/scans             {"scene":"7","ticket":"t"}: a QR code
//	POST   .../followers/{id}/payments          pay
//	POST   .../followers/{id}/events            any other event: Event
//	GET    .../followers/{id}/phone             what arrived; ?after=3 with a higher sequence, ?wait=5s&count=2 once
//	                                            so many are there, or after that time
//	DELETE .../followers/{id}/window            end what is permitted, as time would
//	GET    /sim/wechat/pushes                   counters; ?log=true the last tries, ?wait=5s once none is pending
//	DELETE /sim/wechat/pushes                   forget them
//	GET    /sim/wechat/delivery                 how pushes are delivered
//	PUT    /sim/wechat/delivery                 {"unordered":false,"reorder":0.1,"duplicate":0.1}
//	GET    /sim/wechat/calls?log=true           calls, refusals and concurrency per command; the log
//	DELETE /sim/wechat/calls                    forget them
//	GET    /sim/wechat/faults                   the active faults and their hits
//	POST   /sim/wechat/faults                   {"command":"custom/send","probability":0.1,"reset":"AfterCommit"}
//	DELETE /sim/wechat/faults                   remove all
//
// The fields of a fault: command (the path behind /cgi-bin/ or the end of it,
// or "*"), appID, match (a part of the query or the body), times (0: until
// removed), probability (0: always), latency, code and info (answered instead
// of running, or as well with commit), httpStatus, reset ("BeforeCommit",
// "AfterCommit"), slowAnswer.
//
// # Bounds
//
// The simulator keeps 1000 accounts, a million followers of each, the last
// 2000 messages on a phone, 256 MiB and 100,000 files of media of an account
// (Options.MediaBytes), its last 64 tokens of either kind, the last 4096 calls
// and tries of pushes (Options.CallLogSize), and 65,536 unfinished pushes
// (Options.PushQueue); more are refused.
package wechat
