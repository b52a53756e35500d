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

// Package conversation is the pure core of the relay between the customers of a
// WeChat Official Account and the agents in IM: what one customer's entries of
// the log come to, what has to be done next, and what that changes. It has no
// client, no clock, no goroutine and no log.
//
// An Entry is a push of WeChat, a message of an agent, or a command of the
// operator. The owner of a customer folds entries in the order of the log with
// Customer.Apply. Then it works in two lanes, ToAgent and ToCustomer, one step at
// a time in each: Next says what to do, whoever asked does it and says how it
// went with one of the Record methods, and asks again.
//
// # What survives a kill
//
// What must be known after a kill is stored before a provider is called. Next
// sees to it: it gives Store until MarkStored has told that what it relies on is
// stored, and gives Deliver or Send only then. Everything else may be stored
// later.
//
// Towards IM the body, the agent, MsgSeq and MsgRandom are stored first. IM drops
// an equal repeat within 120 s, so an unknown outcome is repeated for 100 s and
// looked up afterwards. A customer that was loaded does not know what was tried,
// so what it finds prepared counts as tried.
//
// Towards WeChat, which drops nothing, each attempt is stored before it is made,
// and an attempt without a known outcome is never repeated: it becomes a dead
// letter, and the agent is told.
//
// # Recording
//
// A Record method may run again on a state that holds other things than the one
// that its step came from. It finds what it is about by id, checks that it is
// still as the step saw it, and otherwise changes nothing. It reports whether
// there is something to store.
package conversation
