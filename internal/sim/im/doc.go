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

// Package im simulates the server API of Tencent Cloud Chat (IM): accounts,
// profiles, one-to-one messages, groups of every type with their custom
// fields, attributes, counters, mutes, bans and messages, live groups, the
// local keyword filter, and the access layer in front of it all. It keeps
// state, enforces the documented limits and answers with the documented codes,
// so that a client of the API cannot tell it from the service by what the
// documents promise. Where they are silent the simulator makes a choice, and
// Options has a switch for the other plausible one.
//
// A Simulator is an http.Handler:
//
//	simulator := im.New(im.Options{SDKAppID: 1400000001, SecretKey: key})
//	server := httptest.NewServer(simulator)
//
// Its clients use server.URL as the endpoint. Tests in the same process look
// and reach into it by the methods of Simulator; others use the side door.
//
// # Side door
//
// The side door is plain JSON over HTTP under /sim/, without credentials. It
// is meant for the loopback interface. Identifiers in paths are
// percent-encoded (@TGS#1 is %40TGS%231). Answers are 200 with JSON or 204;
// errors are 400, 404 or 409 with {"error": text, "code": the API's code if it
// has one}. Bodies are at most 1 MiB and may not have unknown fields.
// Durations are text such as "250ms".
//
//	GET    /sim/state?offset=0&limit=1000   everything: accounts, groups, fields,
//	                                        keywords, mangles, faults
//	GET    /sim/accounts/{id}               one account with its profile
//	POST   /sim/accounts                    {"accounts":[{"userID":"alice","profile":{"Tag_Profile_IM_Nick":"A"}}]}
//	DELETE /sim/accounts/{id}               delete behind the back, ID stays usable
//	PUT    /sim/accounts/{id}/presence      {"state":"Online","platforms":[{"platform":"Web","status":"Online"}]}
//	GET    /sim/groups/{id}                 one group
//	POST   /sim/groups                      make a group as if somebody had before: GroupSeed
//	PATCH  /sim/groups/{id}                 change it as another back end would: GroupChange
//	DELETE /sim/groups/{id}                 destroy it behind the back
//	GET    /sim/groups/{id}/notices         what SDK clients were told, also after destruction
//	GET    /sim/groups/{id}/messages        the kept messages
//	POST   /sim/groups/{id}/messages        send as a client: ClientMessage
//	POST   /sim/groups/{id}/join            {"userIDs":["alice"]}; viewers of a live group
//	POST   /sim/groups/{id}/leave           {"userIDs":["alice"]}
//	GET    /sim/chats?between=a&and=b       the kept one-to-one messages
//	GET    /sim/calls?log=true              calls, refusals and concurrency per command; the log
//	DELETE /sim/calls                       forget them
//	GET    /sim/faults                      the active faults and their hits
//	POST   /sim/faults                      {"command":"create_group","times":1,"reset":"AfterCommit"}
//	DELETE /sim/faults                      remove all
//	POST   /sim/fields                      {"scope":"Group","name":"add_goods","groupTypes":["AVChatRoom"],"after":"2s"}
//	POST   /sim/secret-key                  {"secretKey":"..."}; the old key is dead at once
//	GET    /sim/mangle                      the rules in force
//	POST   /sim/mangle                      {"field":"Name","suffix":"!"} or {"field":"custom:add_goods","value":"x","stage":"Return"}
//	DELETE /sim/mangle                      remove all
//
// A fault applies to calls that passed credentials and rate limit. Its fields:
// command (with or without service, or "*"), match (a part of the body), times
// (0: until removed), probability (0: always), latency, code and info (answered
// instead of running, or as well with commit), httpStatus, reset
// ("BeforeCommit", "AfterCommit"), slowAnswer.
//
// # Bounds
//
// The simulator keeps the last 1000 messages and 512 notices of a group, 500
// messages of each of 20,000 conversations, notices of the last 4096 destroyed
// groups, the last 4096 calls (Options.CallLogSize) and at most 100,000 keys in
// each de-duplication window.
package im
