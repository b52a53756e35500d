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

package imaccount

import (
	"context"
	"fmt"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Apply implements lifecycle.Kind.
func (k *Kind) Apply(ctx context.Context, conn *application.Connection, d Desired, change lifecycle.Change) error {
	switch value := change.Value.(type) {
	case im.NewAccount:
		return conn.Client.ImportAccount(ctx, value)
	case im.Profile:
		return conn.Client.SetProfile(ctx, d.UserID, value)
	case CustomTag:
		err := conn.Client.SetProfile(ctx, d.UserID, im.Profile{Custom: map[string]string{value.Tag: value.Value}})
		if im.IsFieldNotRegistered(err) {
			return hold.New(imv1alpha1.ReasonNotRegistered,
				"IM does not know the tag: define the tag %s in the console (Feature configuration > User custom field); a new definition takes about five minutes", value.Tag)
		}
		return err
	case UserSigIssue:
		return k.issue(ctx, conn, d, value)
	}
	return fmt.Errorf("no way to apply %s %s", change.Verb, change.Path)
}
