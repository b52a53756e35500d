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

package live

import (
	"maps"
	"time"
)

// Options of a simulator. All may be left out, apart from the domains.
type Options struct {
	// PushDomain and PlaybackDomain of the account, and its application (path). Absent
	// means live.
	PushDomain, PlaybackDomain, AppName string
	// AccountAppID is the APPID in callbacks. Absent means 1250000000.
	AccountAppID int64
	// MasterKey and BackupKey of the push domain; push authentication is off without.
	MasterKey, BackupKey string
	// PlaybackKey and PlaybackBackupKey of the playback domain; playback
	// authentication is off without.
	PlaybackKey, PlaybackBackupKey string
	// AuthDelta is the validity beside these keys.
	AuthDelta time.Duration
	// Templates are the names of transcoding templates: a stream can be watched as
	// its name, an underscore and one of them.
	Templates []string
	// CSS and TRTC are where callbacks go, and their keys.
	CSS  CSSCallback
	TRTC Callback
	// Credentials of the API: SecretKeys by SecretId.
	Credentials map[string]string

	// SDKAppID and SecretKey of the TRTC application.
	SDKAppID  int64
	SecretKey string
	// PermissionControl asks everybody for a privateMapKey.
	PermissionControl bool
	// BizID makes TRTC relay what is published to the CDN, as
	// <BizID>.livepush.myqcloud.com. 0 means that it does not.
	BizID int64

	// RefusalsCallBack has the end of a push told also when it was refused, which the
	// documents leave open.
	RefusalsCallBack bool

	// TimeScale multiplies the gaps between tries of callbacks, and TimeoutScale the
	// time that a receiver has for its answer. 0 means 1.
	TimeScale, TimeoutScale float64
	// Clock tells the time. Nil means the system's.
	Clock func() time.Time
	// Seed repeats the faults that have a probability.
	Seed uint64
}

// Callback is where callbacks go, and the key that signs them. Without a URL there are
// none, and without a key they are not signed.
type Callback struct{ URL, Key string }

// CSSCallback is a callback template (section 3.1).
type CSSCallback struct {
	Callback
	// URLs by event type are for those that do not go to URL. An empty one means that
	// there are none of the type.
	URLs map[int]string
}

// of an event type: its URL.
func (c *CSSCallback) of(kind int) string {
	if own, found := c.URLs[kind]; found {
		return own
	}
	return c.URL
}

func (o Options) withDefaults() Options {
	if o.AppName == "" {
		o.AppName = "live"
	}
	if o.AccountAppID == 0 {
		o.AccountAppID = 1250000000
	}
	if o.TimeScale == 0 {
		o.TimeScale = 1
	}
	if o.TimeoutScale == 0 {
		o.TimeoutScale = 1
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.CSS.URLs, o.Credentials = maps.Clone(o.CSS.URLs), maps.Clone(o.Credentials)
	return o
}
