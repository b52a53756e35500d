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

package im

import "context"

// Process is a kind of process of this operator. Both kinds call the provider for one application, whose limits they
// have to keep together.
type Process string

// The kinds of processes.
const (
	ProcessController Process = "Controller"
	ProcessWebhook    Process = "Webhook"
)

// DefaultWebhookPercent is the webhook's part of the limits of commands that both kinds of process make.
const DefaultWebhookPercent = 50

// unlimitedQuota is more calls per second than any share of it lets a client make.
const unlimitedQuota = 1e9

// leastShare is the smallest part of the limits that a client can be given.
const leastShare = 1.0 / 256

// user says which kind of process makes a command.
type user uint8

const (
	usedByController user = iota
	usedByWebhook
	usedByBoth
)

// part is what a kind of process may use of the command's limit, 0 to 1.
func (u user) part(process Process, webhookPercent int) float64 {
	webhook := float64(webhookPercent) / 100
	switch {
	case process == "":
		return 1
	case u == usedByBoth && process == ProcessWebhook:
		return webhook
	case u == usedByBoth:
		return 1 - webhook
	case (u == usedByWebhook) == (process == ProcessWebhook):
		return 1
	default:
		return 0
	}
}

// quota is how many calls of a command per second the process kind may make: its part of the documented limit or of the
// lower one that the application has.
func (c Config) quota() func(*command) float64 {
	if c.Unlimited {
		return func(*command) float64 { return unlimitedQuota }
	}
	perSecond, process, percent := c.RequestsPerSecond, c.Process, c.WebhookPercent
	return func(cmd *command) float64 {
		limit := cmd.limit
		if perSecond > 0 {
			limit = min(limit, perSecond)
		}
		return float64(limit) * cmd.user.part(process, percent)
	}
}

// allotted refuses commands that the other kind of process makes: the limits of both together hold only while each keeps
// to its own commands.
type allotted struct {
	next    caller
	process Process
}

func (a *allotted) call(ctx context.Context, req request) ([]byte, error) {
	if req.command.user.part(a.process, DefaultWebhookPercent) == 0 {
		return nil, invalidArgument(req.command, "the %s process does not make this call", a.process)
	}
	return a.next.call(ctx, req)
}
