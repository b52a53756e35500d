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

// Package message reads what people write into rooms. A message body is JSON of
// elements (section 2.3 of the callback contract); the package finds all text in
// it, and replaces text without touching anything else.
package message

import "k8s.io/apimachinery/pkg/types"

// Message is a group message with what is known about where it was written.
type Message struct {
	// App is the ImApp that the message belongs to.
	App types.NamespacedName
	// Sender is the UserID of the author, Operator that of the account that
	// asked for the message to be sent: the same, or an administrator.
	Sender, Operator string
	// Platform is OptPlatform of the callback, RESTAPI for a server's message.
	Platform string
	// GroupID and GroupType are IM's.
	GroupID, GroupType string
	// Room is the LiveRoom of the group; zero when no LiveRoom declares it.
	Room Room
	// Body of the message. Nil when it could not be read.
	Body *Body
	// Raw is what could not be read.
	Raw string
}

// Room is what rules can ask about a LiveRoom.
type Room struct {
	Namespace, Name string
	// Labels are read only.
	Labels map[string]string
}
