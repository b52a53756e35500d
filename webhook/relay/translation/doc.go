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

// Package translation turns what WeChat's customers send into messages of IM, and
// what agents send in IM into customer messages of WeChat. It is pure: equal
// contents become equal bytes.
//
// # What an agent is shown
//
//	text                   a text, in several messages if it is long
//	picture                a picture, by a signed link
//	voice                  a voice (AMR) by a signed link, and its text where WeChat has recognised it; one in
//	                       Speex, which hardly anything plays, is a text with the link
//	video, short video     a video, by a signed link
//	location               a location
//	link                   a text: title, description, address
//	card of a mini-program a text, and a custom element with what follows below, for tools that can show it
//	tap on a menu          a text; also scans and pictures that a menu asked for
//	other events           nothing
//	anything else          a text that says what it was
//
// IM asks for sizes and durations that WeChat does not tell; plausible ones are
// given, and clients show pictures in their own size once these are loaded.
//
// The CloudCustomData of each message has a marker: {"liveroom":{"relay":"customer"}},
// or "notice" for a notice of the relay itself. "menuID" beside it is the id of the
// item of a menu that the customer tapped.
//
// # What a customer is shown
//
//	text                   a text, in several messages above 2,048 bytes
//	picture                a picture: the largest form that is at most 2 MB, in JPEG, PNG or GIF
//	voice                  a voice, if it is in AMR or MP3, at most 60 s and 2 MB long
//	video                  a video, if it is in MP4 and at most 10 MB
//	file                   a text with its name and link, as are pictures, voices and videos that WeChat does not take
//	location               a text with the description and the coordinates
//	face                   a text
//	custom element         see below
//	merged messages        nothing: the agent is told so
//
// The elements of a message become messages in their order. One element that
// cannot be shown holds the whole message back: half of it would say something
// else.
//
// # What an agent's tool can send
//
// A custom element (TIMCustomElem) may say in its Data what WeChat is to show, as
// a JSON object:
//
//	{"wechat":"news","title":"..","description":"..","url":"..","picURL":".."}
//	{"wechat":"menu","head":"..","items":[{"id":"1","content":".."}],"tail":".."}
//	{"wechat":"miniprogram","title":"..","appID":"..","pagePath":"..","thumbMediaID":".."}
//	{"wechat":"image","mediaID":".."}
//	{"wechat":"voice","mediaID":".."}
//	{"wechat":"video","mediaID":"..","thumbMediaID":"..","title":"..","description":".."}
//	{"wechat":"music","title":"..","description":"..","url":"..","hqURL":"..","thumbMediaID":".."}
//	{"wechat":"article","articleID":".."}
//	{"wechat":"card","cardID":".."}
//
// Required are url of news; id and content of each item of a menu, which needs one
// at least; title, pagePath and thumbMediaID of a mini-program's page; mediaID,
// articleID and cardID; url, hqURL and thumbMediaID of music. Media ids are WeChat's
// own, of temporary or permanent material. Any other custom element cannot be
// shown, and the agent is told so.
package translation
