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
// # Callbacks
//
// With a URL in Options.Callback, or set later, the simulator fires the
// callbacks of CallbackCommands at it. Those before an action are asked while
// no lock is held, and the checks of the action are repeated afterwards; those
// after it go through a bounded queue, several at once. A simulator that has
// had a URL must be closed. Choices where the documents are silent:
//
//   - A code outside the documented ones refuses as 1 does. An answer without a
//     verdict, with ActionStatus FAIL and code 0, or with a MsgBody that is no
//     message is a failed callback.
//   - BlockOnFailure answers 80003 to messages and 10016 to everything else.
//   - A silently dropped group message is answered with MsgSeq 0, as one that
//     the frequency control has dropped. A repeated message fires nothing.
//   - The local keyword filter sees what the callback has made of a message,
//     and MsgTime is the time of acceptance, in one-to-one messages that of
//     sending, since their key holds it.
//   - Group.CallbackSendMsgException fires for every refused message of an
//     existing group, also for one that the callback has rejected.
//     C2C.CallbackAfterSendMsg fires for one that was not delivered because of
//     a mute, the keyword filter or BlockOnFailure.
//   - Changes are told when something has changed: writing the same name or
//     attribute again fires nothing. Profiles are told whenever written.
//   - A deleted attribute is told by its key, clearing by an empty GroupAttr.
//   - ban_group_member fires Group.CallbackAfterMemberExit (Kicked); a deleted
//     account fires nothing; kick fires State.StateChange (LinkClose).
//   - Group.CallbackAfterGroupDestroyed lists no members of a live group.
//   - Closed features FeatureOnlineMembers and FeatureUserStatus silence
//     Group.CallbackOnMemberStateChange and State.StateChange.
//
// What is seeded fires nothing. Requests have no Content-Type, as in the
// documented sample, and fields in alphabetical order, as in captured ones.
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
//	PUT    /sim/accounts/{id}/presence      {"state":"Online","platforms":[{"platform":"Web","status":"Online"}]}:
//	                                        PresenceChange
//	PUT    /sim/accounts/{id}/profile       as the account itself: {"platform":"iOS","profile":{"Tag_Profile_IM_Nick":"A"}}
//	GET    /sim/groups/{id}                 one group
//	POST   /sim/groups                      make a group as if somebody had before: GroupSeed
//	PATCH  /sim/groups/{id}                 change it as another back end would: GroupChange
//	DELETE /sim/groups/{id}                 destroy it behind the back
//	GET    /sim/groups/{id}/notices         what SDK clients were told, also after destruction
//	GET    /sim/groups/{id}/messages        the kept messages
//	POST   /sim/groups/{id}/messages        send as a client: ClientMessage
//	POST   /sim/groups/{id}/join            {"userIDs":["alice"],"platform":"Web"}; viewers of a live group
//	POST   /sim/groups/{id}/leave           {"userIDs":["alice"],"platform":"Web"}
//	POST   /sim/groups/{id}/presence        {"userIDs":["alice"],"online":false}: their heartbeat is lost, or back
//	GET    /sim/chats?between=a&and=b       the kept one-to-one messages
//	GET    /sim/chats?viewer=a&peer=b       what a client of a shows of its conversation with b
//	POST   /sim/chats/messages              send as a client: {"to":"bob"} with ClientMessage
//	POST   /sim/chats/read                  {"reader":"bob","peer":"alice","platform":"Web"}
//	GET    /sim/callback                    callback settings without the token, counters; ?log=true the last
//	                                        attempts, ?answered=true totals per group and sender, ?wait=5s
//	                                        once no after-callback is pending, or after that time
//	PUT    /sim/callback                    replace the settings: {"url":"http://127.0.0.1:8080/im/ns/app","token":"t",
//	                                        "commands":[],"timeout":"2s","blockOnFailure":false,"retryAfter":false,
//	                                        "retryDelays":["1s","2s"],"stringEventTime":false,"omitEventCause":false,
//	                                        "messageIDs":false}
//	DELETE /sim/callback                    forget counters, log and totals
//	POST   /sim/load                        traffic of clients, made in the simulator: {"groups":10 or ["a","b"],"users":1000,
//	                                        "events":50000,"perSecond":2000,"duration":"2m","seed":7,
//	                                        "mix":{"text":70,"SEND_GIFT":20,"join":5,"leave":5}}; see Load
//	GET    /sim/load                        what it did and what of it was answered with success, per kind, group and
//	                                        user; counters of callbacks; ?wait=5s once all is through
//	DELETE /sim/load                        end it
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
// A load makes its users and, given a number of groups, its groups, if they do
// not exist, and lets the users in without callbacks. Its messages are past the
// frequency control and are not kept; everything else happens as with clients
// that are not simulated. Its fields are those of Load, with groups as a number
// or a list of IDs, and with before, retry and retries (3 unless given). Mix
// weighs "text", "gift" (custom messages with a Data of giftEvents and giftExt
// as Ext), "join", "leave" and custom messages by name. The report counts an
// event as answered exactly when an answer with status 200 and ErrorCode 0 has
// been read for it.
//
// # Bounds
//
// The simulator keeps the last 1000 messages and 512 notices of a group, 500
// messages of each of 20,000 conversations, notices of the last 4096 destroyed
// groups, the last 4096 calls and callbacks (Options.CallLogSize), at most
// 100,000 keys in each de-duplication window, 65,536 callbacks that wait
// (CallbackOptions.QueueSize), and totals of callbacks for 20,000 groups and
// 200,000 senders.
package im
