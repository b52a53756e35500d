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
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/liveroom-io/liveroom-operator/internal/sim/live"
)

// liveFlags are the flags of the simulator of live streaming.
type liveFlags struct {
	address             string
	secretID, secretKey string
	eventURLs           map[string]string
	options             live.Options
}

// newLiveFlags binds the flags of the simulator of live streaming.
func newLiveFlags(command *cobra.Command) *liveFlags {
	f, flags := &liveFlags{}, command.Flags()
	o := &f.options
	flags.StringVar(&f.address, "live-addr", "", "address of the simulator of live streaming (CSS and TRTC), such as 127.0.0.1:18092; empty for none")
	flags.StringVar(&o.PushDomain, "live-push-domain", "push.example.com", "domain that hosts push to")
	flags.StringVar(&o.PlaybackDomain, "live-playback-domain", "play.example.com", "domain that viewers watch at")
	flags.StringVar(&o.AppName, "live-app-name", "live", "path before the names of streams")
	flags.StringVar(&o.MasterKey, "live-push-key", "", "key of the push domain; without it everybody may push")
	flags.StringVar(&o.BackupKey, "live-push-backup-key", "", "its backup key")
	flags.StringVar(&o.PlaybackKey, "live-playback-key", "", "key of the playback domain; without it everybody may watch")
	flags.DurationVar(&o.AuthDelta, "live-playback-auth-delta", 0, "how much longer a playback URL is valid than it says")
	flags.StringVar(&o.PlaybackBackupKey, "live-playback-backup-key", "", "its backup key")
	flags.StringSliceVar(&o.Templates, "live-template", nil, "name of a transcoding template: streams can also be watched as <stream>_<template>; repeatable")
	flags.StringVar(&o.CSS.URL, "live-callback-url", "", "URL that callbacks of CSS go to; empty for none")
	flags.StringToStringVar(&f.eventURLs, "live-event-url", nil, "URL of one event type instead, such as 100=http://127.0.0.1:8080/recordings; repeatable")
	flags.StringVar(&o.CSS.Key, "live-callback-key", "", "key that signs them")
	flags.StringVar(&o.TRTC.URL, "trtc-callback-url", "", "URL that callbacks of TRTC go to; empty for none")
	flags.StringVar(&o.TRTC.Key, "trtc-callback-key", "", "key that signs them")
	flags.Int64Var(&o.BizID, "live-biz-id", 0, "relay what is published in TRTC rooms to <id>.livepush.myqcloud.com; 0 for not")
	flags.BoolVar(&o.PermissionControl, "trtc-permission-control", false, "ask for a privateMapKey at the entrance of TRTC rooms")
	flags.Float64Var(&o.TimeScale, "live-time-scale", 1, "multiply the gaps between tries of callbacks, such as 0.01 to see them soon")
	flags.StringVar(&f.secretID, "live-secret-id", "", "SecretId that may call the API")
	flags.StringVar(&f.secretKey, "live-secret-key", "", "its SecretKey")
	return f
}

// with takes the application of the IM simulator: TRTC has the same SDKAppID.
func (f *liveFlags) with(sdkAppID int64, secretKey string) {
	f.options.SDKAppID, f.options.SecretKey = sdkAppID, secretKey
}

func (f *liveFlags) listener() (*listener, error) {
	if f.address == "" {
		return nil, nil
	}
	if (f.secretID == "") != (f.secretKey == "") {
		return nil, errors.New("--live-secret-id and --live-secret-key belong together")
	}
	for name, url := range f.eventURLs {
		kind, err := strconv.Atoi(name)
		if err != nil {
			return nil, fmt.Errorf("--live-event-url: %q is no event type", name)
		}
		if f.options.CSS.URLs == nil {
			f.options.CSS.URLs = map[int]string{}
		}
		f.options.CSS.URLs[kind] = url
	}
	if f.secretID != "" {
		f.options.Credentials = map[string]string{f.secretID: f.secretKey}
	}
	simulator := live.New(f.options)
	return &listener{name: "live", address: f.address, handler: simulator, close: simulator.Close}, nil
}
