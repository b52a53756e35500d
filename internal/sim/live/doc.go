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

// Package live is a stateful stand-in for Tencent Cloud's live streaming: the gate
// that hosts of CSS push to, the callbacks about it, playback, TRTC rooms with their
// callbacks and their copies on the CDN, and the cloud API that controls both (live
// contract). It checks every signature with code of its own.
//
// The API is at /. The side door is at /sim/, without credentials; it takes and
// answers JSON, with lengths of time such as "1.5s".
//
// What hosts and viewers do:
//
//	POST   push {url}                        an encoder connects: 200 {streamName, sequence}, or 409 {errcode, sub} (section 3.3)
//	POST   stop {streamName, errcode, sub}   its connection ends; errcode absent means 1, the host's own wish
//	GET    play?url=URL                      200, 403 (wrong signature, or its time has ended), 404 (nobody pushes)
//	POST   trtc/enter {sdkAppID, roomID, userID, userSig, privateMapKey, role, publish, streamID}
//	POST   trtc/enter {url}                  the same with a room:// URL, as the TWebLive component does
//	POST   trtc/role {roomID, userID, role, privateMapKey}   20 anchor, 21 audience
//	POST   trtc/media {roomID, userID, media, on}            media: video, audio, screen
//	POST   trtc/leave {roomID, userID, reason}               reason absent means 1 (section 7.2)
//	POST   event {type, streamName, fields}  a callback that nothing here causes: 100, 200, 314, 315, 317, 321, 332, 341
//
// A roomID is a number or a string, and these are different rooms.
//
// What there is:
//
//	GET    streams                           who pushes, and what is forbidden
//	GET    trtc/rooms                        who is in which room: {"12345": {"anchor01": true}}, true for those who publish
//	GET    deliveries?after=N                callbacks with their answers; at most the last 4096 are kept
//	GET    stats                             pushes, plays, calls by action, refusals, callbacks
//
// What is changed:
//
//	POST   deliveries/{number}               sends a callback once more, byte by byte
//	PUT    callbacks {css, cssKey, cssURLs, trtc, trtcKey}   what the console's forms say; cssURLs by event type
//	PUT    disorder {wrongSign, expired, duplicate, holdStarts, tabs, roomsAsText, leaveBeforeDismiss}
//	GET    faults
//	POST   faults {action, match, times, probability, latency, code, message, commit, httpStatus, reset, slowAnswer}
//	DELETE faults
package live
