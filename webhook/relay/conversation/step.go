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

package conversation

import (
	"encoding/json"
	"time"
)

// Lane is a direction. The two lanes of a customer are worked on independently,
// each one step at a time.
type Lane string

const (
	// ToAgent is from the customer to an agent in IM.
	ToAgent Lane = "ToAgent"
	// ToCustomer is from an agent to the customer in WeChat.
	ToCustomer Lane = "ToCustomer"
)

// Reason says why a lane waits: one of the constants, or the kind or class of a
// provider's refusal.
type Reason string

const (
	// ReasonOrder: an earlier reply may still come.
	ReasonOrder Reason = "Order"
	// ReasonTrouble: an attempt failed and is repeated after a pause.
	ReasonTrouble Reason = "Trouble"
	// ReasonNoAgents: the account has no agents.
	ReasonNoAgents Reason = "NoAgents"
	// ReasonOutcome: the outcome of an attempt can be looked up shortly.
	ReasonOutcome Reason = "Outcome"
	// ReasonNoRight: the account may only answer what the customer writes.
	ReasonNoRight Reason = "NoRight"
)

// Step is what a lane has to do next: one of Idle, Wait, Store, Import, Assign,
// Prepare, Deliver, LookUp, PrepareReply, Commit, Send, GiveUp, Bury, Drop, Fetch
// and Erase. What it holds must not be changed.
type Step interface{ step() }

// Idle means nothing to do until the next entry.
type Idle struct{}

// Wait means nothing to do until a time, or until the next entry or another setting.
type Wait struct {
	Until  time.Time
	Reason Reason
}

// Store the customer before this lane goes on. MarkStored tells that it is done.
type Store struct{}

// Import the customer's account into IM, and answer with RecordImported or
// RecordImportFailed.
type Import struct{}

// Assign an agent: Choose one, and answer with RecordAssigned.
type Assign struct {
	// ID of the message for which an agent is needed.
	ID string
	// Former is the agent of the customer's last session, "" without one.
	Former string
	// Avoid are agents whom IM does not know, out of Settings.Agents; never all of them.
	Avoid []string
}

// Prepare several messages for IM: answer with RecordPrepared.
type Prepare struct{ Items []Address }

// Address is a message and whom it is for.
type Address struct{ ID, Agent string }

// Stamp is how IM tells one message from another.
type Stamp struct{ MsgSeq, MsgRandom uint32 }

// Deliver one part of a message to an agent: answer with RecordDelivered or
// RecordDeliverFailed. The fields are to be sent as they are, every time.
type Deliver struct {
	ID              string
	Part            int
	Agent           string
	Body            json.RawMessage
	CloudCustomData string
	Stamp           Stamp
	// Notice: not the customer's words, but a notice to the agent.
	Notice bool
}

// LookUp whether parts have arrived, in the history of the conversation from the
// agent's side: answer with RecordLookedUp or RecordLookUpFailed.
type LookUp struct {
	Agent string
	// Since is a little before the first attempt.
	Since time.Time
	Parts []Sought
}

// Sought is a part that may have arrived.
type Sought struct {
	ID    string
	Part  int
	Stamp Stamp
	// prepared is the time of the preparation that the question is about.
	prepared int64
}

// PrepareReply makes requests to WeChat of an agent's message: translate it,
// upload its media, render it. Answer with RecordReplyPrepared or
// RecordReplyText, with RecordUnfit when it cannot be shown in WeChat, or with
// RecordFailed.
type PrepareReply struct {
	ID       string
	Outbound *Outbound
	// TextOnly: the account can only be answered for with text. Answer with RecordReplyText.
	TextOnly bool
	// Texts, if there are any, are what is left of the message: send these.
	Texts []string
	// Confirmed: nothing that agents wrote before it can be missing any more, because a
	// reading of the history has found it, or began after it was known; or because it
	// is under way already.
	Confirmed bool
}

// Commit to an attempt: answer with RecordCommitted, before anything is sent.
type Commit struct {
	ID   string
	Part int
	// Confirmed as in PrepareReply.
	Confirmed bool
}

// Send one part of a reply to WeChat: answer with RecordSent or RecordSendFailed.
type Send struct {
	ID      string
	Part    int
	Request json.RawMessage
	// openings of the window before the attempt.
	openings uint64
}

// GiveUp a message: answer with RecordGivenUp. When that is stored it is buried.
type GiveUp struct {
	Lane  Lane
	ID    string
	Cause Cause
	code  int
}

// Bury a message: append the letter to the dead letters, under its ID, then answer
// with RecordBuried.
type Bury struct {
	Lane   Lane
	Letter *Letter
}

// Drop a notice that is too late: answer with RecordDropped.
type Drop struct{ ID string }

// Fetch entries from the log for which there was no room: answer with
// RecordFetched.
type Fetch struct {
	Lane      Lane
	Sequences []uint64
}

// Erase what is held of a customer who left: the dead letters, the account in IM
// if the policy says so. Answer with RecordErased, and remove the state.
type Erase struct {
	// Totals to keep, without a name.
	Totals Totals
	// left is when the customer left.
	left int64
}

func (Idle) step()         {}
func (Wait) step()         {}
func (Store) step()        {}
func (Import) step()       {}
func (Assign) step()       {}
func (Prepare) step()      {}
func (Deliver) step()      {}
func (LookUp) step()       {}
func (PrepareReply) step() {}
func (Commit) step()       {}
func (Send) step()         {}
func (GiveUp) step()       {}
func (Bury) step()         {}
func (Drop) step()         {}
func (Fetch) step()        {}
func (Erase) step()        {}
