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

package groupcustomfield

import (
	"context"
	"fmt"
	"time"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/controllers/application"
	"github.com/liveroom-io/liveroom-operator/controllers/lifecycle"
	"github.com/liveroom-io/liveroom-operator/internal/im"
)

// Observed is which scratch groups there are.
type Observed struct {
	Scratch map[imv1alpha1.RoomType]bool
}

// Exists implements lifecycle.Observed. Whether IM has the definition cannot be
// read; taking it for existing means that nothing has to be created.
func (o Observed) Exists() bool { return true }

// CreatedAt implements lifecycle.Observed.
func (o Observed) CreatedAt() time.Time { return time.Time{} }

// Observe implements lifecycle.Kind.
func (k *Kind) Observe(ctx context.Context, conn *application.Connection, d Desired) (Observed, error) {
	o := Observed{Scratch: map[imv1alpha1.RoomType]bool{}}
	for _, bound := range d.Types {
		group, err := conn.Client.Group(ctx, scratchID(bound.Type), nil)
		if err != nil && !im.IsNotFound(err) {
			return Observed{}, err
		}
		o.Scratch[bound.Type] = err == nil && isScratch(group)
	}
	return o, nil
}

// Proof is the value of a change that settles whether IM knows the field.
type Proof struct {
	Name  string
	Scope imv1alpha1.FieldScope
	Type  imv1alpha1.RoomType
}

// Scratch is the value of a change that removes a scratch group.
type Scratch struct {
	Type imv1alpha1.RoomType
}

// Plan implements lifecycle.Kind. It is pure.
func (k *Kind) Plan(d Desired, o Observed) []lifecycle.Change { return plan(d, o) }

// plan proves what is not proven, and removes scratch groups that have served:
// the field is proven, or a room will prove it, and no other field is waiting.
func plan(d Desired, o Observed) []lifecycle.Change {
	var changes []lifecycle.Change
	for _, bound := range d.Types {
		proven := bound.State == imv1alpha1.RegistrationRegistered
		if !proven {
			changes = append(changes, lifecycle.Change{
				Verb: lifecycle.Set, Path: fmt.Sprintf("groupTypes[%s]", bound.Type),
				Condition: imv1alpha1.ConditionRegistered, Value: Proof{Name: d.Name, Scope: d.Scope, Type: bound.Type},
			})
		}
		if (proven || bound.InUse) && o.Scratch[bound.Type] && !bound.ScratchNeeded {
			changes = append(changes, lifecycle.Change{
				Verb: lifecycle.Remove, Path: fmt.Sprintf("scratchGroup[%s]", bound.Type),
				Condition: imv1alpha1.ConditionRegistered, Value: Scratch{Type: bound.Type},
			})
		}
	}
	return changes
}

// scratchID is the scratch group of a type, one per application.
func scratchID(roomType imv1alpha1.RoomType) string { return "liveroom-probe-" + string(roomType) }
