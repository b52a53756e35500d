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
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/hack/measure"
	simim "github.com/liveroom-io/liveroom-operator/internal/sim/im"
)

const (
	namespace     = "bench"
	secretKey     = "a key that only this simulator knows"
	sdkAppID      = 1400000001
	callsPerSec   = 200
	latency       = 20 * time.Millisecond
	elapsedFactor = 1.5
	// callLogPerRoom lets the simulator remember every call of a scenario, also
	// when something goes wrong.
	callLogPerRoom = 4
)

// bench is the installation that is measured.
type bench struct {
	rooms       int
	folder      string
	environment *envtest.Environment
	client      client.WithWatch
	audit       *audit
	simulator   *simim.Simulator
	http        *httptest.Server
	binary      string
	kubeconfig  string
	controller  *controller
	died        chan struct{} // receives when a controller ends by itself
	apiFloor    time.Duration
	results     measure.Results
}

func prepare(ctx context.Context, folder string, rooms int) (*bench, error) {
	ctrl.SetLogger(logr.Discard())
	b := &bench{
		rooms: rooms, folder: folder, binary: filepath.Join(folder, "liveroom-operator"),
		kubeconfig: filepath.Join(folder, "kubeconfig"), died: make(chan struct{}, 1),
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", b.binary, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("building the operator: %w", err)
	}
	locate := exec.CommandContext(ctx, "go", "run", "./hack/controlplane")
	locate.Stderr = os.Stderr
	assets, err := locate.Output()
	if err != nil {
		return nil, fmt.Errorf("getting the control plane: %w", err)
	}
	b.environment = &envtest.Environment{
		BinaryAssetsDirectory: strings.TrimSpace(string(assets)),
		CRDDirectoryPaths:     []string{"config/crd/bases"}, ErrorIfCRDPathMissing: true,
	}
	if b.audit, err = newAudit(folder, b.environment); err != nil {
		return nil, err
	}
	config, err := b.environment.Start()
	if err != nil {
		return nil, fmt.Errorf("starting the control plane: %w", err)
	}
	config.QPS = -1
	scheme := runtime.NewScheme()
	err = errors.Join(clientgoscheme.AddToScheme(scheme), imv1alpha1.AddToScheme(scheme),
		os.WriteFile(b.kubeconfig, b.environment.KubeConfig, 0o600))
	if err == nil {
		b.client, err = client.NewWithWatch(config, client.Options{Scheme: scheme})
	}
	if err == nil {
		err = b.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	}
	if err != nil {
		return nil, errors.Join(err, b.environment.Stop())
	}
	b.simulator = simim.New(simim.Options{
		SDKAppID: sdkAppID, SecretKey: secretKey, Administrators: []string{"administrator"}, RateLimit: callsPerSec, Latency: latency,
		GroupFields: []simim.FieldDefinition{{Name: "add_goods"}, {Name: "room_status"}},
		CallLogSize: callLogPerRoom * (rooms + 100),
	})
	b.http = httptest.NewServer(b.simulator)
	return b, nil
}

func (b *bench) stop() error {
	var err error
	if b.controller != nil {
		err = b.controller.stop()
	}
	b.http.Close()
	return errors.Join(err, b.environment.Stop())
}

// application makes what the rooms need, and waits until the fields are proven.
func (b *bench) application(ctx context.Context) error {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }
	ref := imv1alpha1.AppReference{Name: "app"}
	objects := []client.Object{
		&corev1.Secret{ObjectMeta: meta("credentials"), Data: map[string][]byte{imv1alpha1.SecretKeyName: []byte(secretKey)}},
		&imv1alpha1.ImApp{ObjectMeta: meta("app"), Spec: imv1alpha1.ImAppSpec{
			SDKAppID: sdkAppID, Endpoint: b.http.URL, Administrator: "administrator",
			CredentialsSecretRef: imv1alpha1.SecretReference{Name: "credentials"},
		}},
		&imv1alpha1.ImAccount{ObjectMeta: meta("host"), Spec: imv1alpha1.ImAccountSpec{AppRef: ref}},
	}
	for object, field := range map[string]string{"add-goods": "add_goods", "room-status": "room_status"} {
		objects = append(objects, &imv1alpha1.GroupCustomField{ObjectMeta: meta(object), Spec: imv1alpha1.GroupCustomFieldSpec{
			AppRef: ref, Name: field, Scope: imv1alpha1.FieldScopeGroup,
			GroupTypes: []imv1alpha1.FieldGroupType{{Type: imv1alpha1.RoomTypeAVChatRoom}},
		}})
	}
	for _, obj := range objects {
		if err := b.client.Create(ctx, obj); err != nil {
			return fmt.Errorf("creating %T: %w", obj, err)
		}
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	if _, err := b.untilReady(ctx, &imv1alpha1.ImAccountList{}, 1); err != nil {
		return fmt.Errorf("the account: %w", err)
	}
	if _, err := b.untilReady(ctx, &imv1alpha1.GroupCustomFieldList{}, 2); err != nil {
		return fmt.Errorf("the custom fields: %w", err)
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	return b.controller.stop()
}

// room is one of the measured rooms.
func (b *bench) room(scenario string, i int) *imv1alpha1.LiveRoom {
	announcement, goods, status := "今晚八点，童装上新", `[{"id":"a"}]`, "open"
	return &imv1alpha1.LiveRoom{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: fmt.Sprintf("%s-%05d", scenario, i), Labels: map[string]string{"scenario": scenario},
		},
		Spec: imv1alpha1.LiveRoomSpec{
			AppRef: imv1alpha1.AppReference{Name: "app"}, Type: imv1alpha1.RoomTypeAVChatRoom, Name: "童装直播间", Announcement: &announcement,
			Owner: &imv1alpha1.UserReference{AccountRef: &imv1alpha1.AccountReference{Name: "host"}},
			CustomFields: []imv1alpha1.RoomCustomField{
				{Name: "add_goods", Value: &goods}, {Name: "room_status", Value: &status, Policy: imv1alpha1.WritePolicyInitialize},
			},
		},
	}
}
