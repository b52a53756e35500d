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

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/hack/measure"
	"github.com/liveroom-io/liveroom-operator/internal/testenv"
)

const (
	namespace  = "bench"
	sdkAppID   = 1400000001
	token      = "a token that only this run knows"
	roomCount  = 1000
	wordCount  = 10_000
	userCount  = 10_000
	writers    = 16
	controller = client.FieldOwner("liveroom-controller")
)

// bench is the installation that is measured.
type bench struct {
	settings
	folder      string
	environment *testenv.Environment
	client      client.WithWatch
	binary      string
	kubeconfig  string
	rooms       []*imv1alpha1.LiveRoom
	policy      *imv1alpha1.UserLevelPolicy
	results     measure.Results
}

func prepare(ctx context.Context, folder string, s settings) (*bench, error) {
	b := &bench{
		settings: s, folder: folder, binary: filepath.Join(folder, "liveroom-operator"),
		kubeconfig: filepath.Join(folder, "kubeconfig"), environment: testenv.New(),
	}
	// As it is shipped: see the Makefile and the Dockerfile.
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-pgo", "webhook.pgo", "-o", b.binary, ".")
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("building the operator: %w", err)
	}
	if err := b.environment.Start(); err != nil {
		return nil, fmt.Errorf("starting the control plane: %w", err)
	}
	scheme := runtime.NewScheme()
	err := errors.Join(clientgoscheme.AddToScheme(scheme), imv1alpha1.AddToScheme(scheme),
		os.WriteFile(b.kubeconfig, b.environment.Kubeconfig(), 0o600))
	if err == nil {
		b.client, err = client.NewWithWatch(b.environment.Config("bench"), client.Options{Scheme: scheme})
	}
	if err == nil {
		err = b.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	}
	if err != nil {
		return nil, errors.Join(err, b.environment.Stop())
	}
	return b, nil
}

func meta(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }

// declare makes an application and rooms that look as if a controller had made
// them: IM plays no part in what is measured here.
func (b *bench) declare(ctx context.Context) error {
	for _, obj := range []client.Object{
		&corev1.Secret{ObjectMeta: meta("callback"), Data: map[string][]byte{imv1alpha1.CallbackTokenKeyName: []byte(token)}},
		&imv1alpha1.ImApp{ObjectMeta: meta("app"), Spec: imv1alpha1.ImAppSpec{
			SDKAppID: sdkAppID, Region: imv1alpha1.RegionChina, Administrator: "administrator",
			CredentialsSecretRef: imv1alpha1.SecretReference{Name: "credentials"},
			Callbacks:            &imv1alpha1.Callbacks{TokenSecretRef: imv1alpha1.SecretReference{Name: "callback"}},
		}},
	} {
		if err := b.client.Create(ctx, obj); err != nil {
			return fmt.Errorf("creating %T: %w", obj, err)
		}
	}
	return b.makeRooms(ctx)
}

// makeRooms makes the rooms and their statuses.
func (b *bench) makeRooms(ctx context.Context) error {
	b.rooms = make([]*imv1alpha1.LiveRoom, roomCount)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for i := range b.rooms {
		group.Go(func() error {
			b.rooms[i] = &imv1alpha1.LiveRoom{ObjectMeta: meta(fmt.Sprintf("room-%04d", i)), Spec: imv1alpha1.LiveRoomSpec{
				AppRef: imv1alpha1.AppReference{Name: "app"}, Type: imv1alpha1.RoomTypeAVChatRoom, Name: "童装直播间",
			}}
			if err := b.client.Create(ctx, b.rooms[i]); err != nil {
				return fmt.Errorf("creating a room: %w", err)
			}
			return b.settle(ctx, b.rooms[i])
		})
	}
	return group.Wait()
}

// settle writes the status that a controller writes for a room that is as declared.
func (b *bench) settle(ctx context.Context, room *imv1alpha1.LiveRoom) error {
	body, err := json.Marshal(map[string]any{
		"apiVersion": imv1alpha1.GroupVersion.String(), "kind": "LiveRoom",
		"metadata": map[string]any{"name": room.Name, "namespace": room.Namespace},
		"status": map[string]any{
			"groupID": room.GroupID(), "observedGeneration": room.Generation,
			"conditions": []metav1.Condition{{
				Type: imv1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonAsDeclared,
				LastTransitionTime: metav1.Now(), ObservedGeneration: room.Generation,
			}},
		},
	})
	if err != nil {
		return err
	}
	patch := client.RawPatch(types.ApplyPatchType, body)
	if err := b.client.Status().Patch(ctx, room.DeepCopy(), patch, controller, client.ForceOwnership); err != nil {
		return fmt.Errorf("writing a room's status: %w", err)
	}
	return nil
}
