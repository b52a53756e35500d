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

package relay

import (
	"context"
	"errors"
	"fmt"

	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
)

// ErrNotServed says that the account of a letter does not exist any more, or is not
// served.
var ErrNotServed = errors.New("the account is not served")

// Replay puts a dead letter into its customer's conversation again, as something
// new, and returns when the log holds that. The name is of this replay of this
// letter: given twice, it is tried once. Errors are ErrNotServed, those of the
// conversation's encoding, and the log's.
func (r *Relay) Replay(ctx context.Context, name string, letter *conversation.Letter) error {
	account, openID := letter.Entry.Account, letter.Entry.OpenID
	if r.Accounts.ByUID(account) == nil {
		return ErrNotServed
	}
	_, err := r.append(ctx, &conversation.Entry{Account: account, OpenID: openID, Command: &conversation.Command{
		Name: name, Replay: letter, Received: r.Clock.Now().UnixMilli(),
	}})
	if err != nil {
		return fmt.Errorf("writing the replay down: %w", err)
	}
	return nil
}
