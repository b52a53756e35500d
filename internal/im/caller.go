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

import (
	"context"
	"encoding/json"
	"net/url"
)

// request is one call on its way down: a command of the table, the JSON of its body and, for the few commands that have
// any, its own parameters in the URL.
type request struct {
	command    *command
	body       []byte
	parameters url.Values
}

// caller is a layer. It returns the provider's answer, which has been checked to be a success (see checkAnswer), or
// an error; below the retry layer that error is a *failure.
type caller interface {
	call(ctx context.Context, req request) (answer []byte, err error)
}

// ask encodes a question, makes the call and decodes what is wanted of the answer; a nil into wants nothing.
func ask(ctx context.Context, c caller, cmd *command, question, into any) error {
	return askWith(ctx, c, cmd, nil, question, into)
}

// askWith is ask for a command with parameters in the URL.
func askWith(ctx context.Context, c caller, cmd *command, parameters url.Values, question, into any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return &Error{Class: Invalid, Command: cmd.name, Info: "the request cannot be encoded", Err: err}
	}
	answer, err := c.call(ctx, request{command: cmd, body: body, parameters: parameters})
	if err != nil {
		return err
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return notUnderstood(cmd, err)
	}
	return nil
}

// notUnderstood is the error for an answer that reports success in a form that we cannot read. What must not be repeated
// has probably been done. The decoder's own text may quote the answer, so only its kind is kept.
func notUnderstood(cmd *command, err error) error {
	class := Unavailable
	if cmd.once {
		class = UnknownOutcome
	}
	why := cleanInfo("the answer is not understood: " + decodeProblem(err))
	return &Error{Class: class, Command: cmd.name, Info: why}
}
