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

package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/liveroom-io/liveroom-operator/webhook/directory"
)

// Service sends callbacks about streams. It is the first part of their path, and a
// label of metrics.
type Service string

// The services.
const (
	// Live is Cloud Streaming Services (CSS).
	Live Service = "live"
	// TRTC is Tencent Real-Time Communication.
	TRTC Service = "trtc"
)

func (s Service) receiver(app *directory.App) *directory.Receiver {
	if s == Live {
		return app.Live
	}
	return app.TRTC
}

// Route is the pattern that the endpoint of the service serves.
func (s Service) Route() string { return "/" + string(s) + "/{namespace}/{imapp}/{segment}" }

// segmentBytes of the digest make the secret part of a path: 160 bits.
const segmentBytes = 20

// Segment is the unguessable last part of a path. It comes from the callback key, so
// that whoever can read it in status learns nothing about the key.
func (s Service) Segment(key, namespace, name string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(string(s) + " callback path of " + namespace + "/" + name))
	return hex.EncodeToString(mac.Sum(nil)[:segmentBytes])
}

// Path is where the callbacks about an ImApp's streams are taken.
func (s Service) Path(key, namespace, name string) string {
	return "/" + string(s) + "/" + namespace + "/" + name + "/" + s.Segment(key, namespace, name)
}

// Receiver takes callbacks that are signed with a key, or with the one before.
func (s Service) Receiver(key, former, namespace, name string) *directory.Receiver {
	receiver := &directory.Receiver{}
	for _, k := range []string{key, former} {
		if k != "" {
			receiver.Keys = append(receiver.Keys, directory.ReceiverKey{Key: k, Segment: s.Segment(k, namespace, name)})
		}
	}
	return receiver
}
