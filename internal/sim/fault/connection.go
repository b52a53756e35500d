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

package fault

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Wait pauses for the duration, or until the context ends.
func Wait(ctx context.Context, duration time.Duration) {
	if duration <= 0 {
		return
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// ResetConnection closes the client's connection so that it sees a reset and not an
// orderly end.
func ResetConnection(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// No connection to take over, as with HTTP/2: abort the stream.
		panic(http.ErrAbortHandler)
	}
	raw := connection
	if secure, ok := connection.(interface{ NetConn() net.Conn }); ok {
		raw = secure.NetConn()
	}
	if plain, ok := raw.(*net.TCPConn); ok {
		_ = plain.SetLinger(0)
	}
	_ = raw.Close()
}

// Dribble sends a body in pieces over the given time.
func Dribble(ctx context.Context, w http.ResponseWriter, body []byte, over time.Duration) {
	const pieces = 8
	controller := http.NewResponseController(w)
	_ = controller.Flush()
	size := max(1, len(body)/pieces)
	for len(body) > 0 {
		Wait(ctx, over/pieces)
		count := min(size, len(body))
		if _, err := w.Write(body[:count]); err != nil {
			return
		}
		_ = controller.Flush()
		body = body[count:]
	}
}
