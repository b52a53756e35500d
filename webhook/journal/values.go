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

package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ErrConflict means that a value was written by somebody else since its revision.
var ErrConflict = errors.New("the value has another revision")

// valuesMaxBytes bounds a bucket of values. They are few and small.
const valuesMaxBytes = 4 << 20

// Values is a small bucket of what the replicas share. Reads see every write that
// was confirmed before.
type Values struct {
	js     jetstream.JetStream
	stream jetstream.Stream
	prefix string
}

// Values opens a bucket, and makes it if it is missing. The name is of upper-case
// letters.
func (j *Journal) Values(ctx context.Context, name string) (*Values, error) {
	if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return nil, fmt.Errorf("opening the values %q: their name has to be of upper-case letters", name)
	}
	v := &Values{js: j.js, prefix: "$KV." + name + "."}
	var err error
	if v.stream, err = ensureStream(ctx, j, j.bucketConfig("KV_"+name, v.prefix, valuesMaxBytes)); err != nil {
		return nil, fmt.Errorf("opening the values %s: %w", name, err)
	}
	return v, nil
}

// Get returns the value of a key, which is any text, and its revision: nil and a
// revision to write with when there is none.
func (v *Values) Get(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	found, err := last(ctx, v.stream, v.prefix+nameToken(key))
	if err != nil {
		return nil, 0, err
	}
	return found.value, found.revision, nil
}

// Put stores a value if the key has still the revision that Get told, and returns
// the new one; otherwise it changes nothing and returns ErrConflict. A ttl of 0
// keeps the value for good; a nil value removes it.
func (v *Values) Put(ctx context.Context, key string, value []byte, revision uint64, ttl time.Duration) (uint64, error) {
	header := expecting(revision)
	if value == nil {
		header[kvOperationHeader], ttl = []string{"PURGE"}, markerTTL
	}
	if ttl > 0 {
		header[ttlHeader] = []string{max(ttl, time.Second).Truncate(time.Second).String()}
	}
	ack, err := v.js.PublishMsg(ctx, &nats.Msg{Subject: v.prefix + nameToken(key), Header: header, Data: value}, jetstream.WithRetryAttempts(0))
	var refused *jetstream.APIError
	switch {
	case err == nil:
		return ack.Sequence, nil
	case errors.As(err, &refused):
		if err := serverError(int(refused.ErrorCode), refused.Description); !errors.Is(err, errConflict) {
			return 0, fmt.Errorf("storing a value: %w", err)
		}
		return 0, ErrConflict
	}
	return 0, fmt.Errorf("storing a value: %w: %w", ErrUnavailable, err)
}
