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
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ValuesOptions of a bucket. All may be left out.
type ValuesOptions struct {
	// MaxBytes bounds the bucket; values beyond it are refused. 0 means 1 MiB.
	MaxBytes int64
	// TTL after which a value expires, counted from its Put; at least one second. 0:
	// never.
	TTL time.Duration
}

// Values are few small values that several processes share, such as a token which
// one of them has fetched for all. Each value has a revision, and is replaced only
// by whoever knows it. In a cluster the leader answers every question, never a
// copy that lags. Its methods may be called concurrently.
type Values struct {
	journal *Journal
	stream  jetstream.Stream
	prefix  string
	ttl     time.Duration
}

const (
	// maxKeyBytes bounds a key, which becomes part of a subject.
	maxKeyBytes = 1024
	// writerHeader tells a value's writer its own value again, when the confirmation
	// was lost.
	writerHeader = "Liveroom-Writer"
)

// Values opens the bucket with a name (capital letters, digits and '_') and makes
// it if it is missing. Several may be open, also of the same name.
func (j *Journal) Values(ctx context.Context, name string, options ...ValuesOptions) (*Values, error) {
	var o ValuesOptions
	if len(options) > 0 {
		o = options[0]
	}
	setDefault(&o.MaxBytes, 1<<20)
	if err := checkName(name); err != nil {
		return nil, fmt.Errorf("opening a bucket: %w", err)
	}
	if o.TTL != 0 && o.TTL < time.Second {
		return nil, fmt.Errorf("opening the bucket %s: %w: values expire after %s, which is less than a second", name, ErrInvalid, o.TTL)
	}
	at := bucketPlace(name)
	if err := j.family.reserve("values", at.stream); err != nil {
		return nil, fmt.Errorf("opening the bucket %s: %w", name, err)
	}
	stream, err := ensureStream(ctx, j, j.bucketConfig(at, o.MaxBytes))
	if err != nil {
		return nil, fmt.Errorf("opening the bucket %s: %w", name, err)
	}
	return &Values{journal: j, stream: stream, prefix: at.prefix, ttl: o.TTL}, nil
}

func (v *Values) subject(key string) (string, error) {
	if len(key) > maxKeyBytes {
		return "", fmt.Errorf("%w: a key has at most %d bytes", ErrInvalid, maxKeyBytes)
	}
	return v.prefix + nameToken(key), nil
}

// Get returns a value and its revision, or ErrNotFound. A key is any text.
func (v *Values) Get(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	subject, err := v.subject(key)
	if err != nil {
		return nil, 0, err
	}
	have, err := last(ctx, v.stream, subject)
	switch {
	case err != nil:
		return nil, 0, err
	case !have.present:
		return nil, 0, ErrNotFound
	}
	return have.value, have.revision, nil
}

// Put stores a value, if the key still has the revision that Get or Put returned;
// revision 0 means that it must not exist. It returns the new revision, or
// ErrConflict when somebody else was faster. What may pass is tried again as by
// Append; after another error it is not known whether the value is stored.
func (v *Values) Put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	subject, err := v.subject(key)
	if err != nil {
		return 0, err
	}
	header := expecting(revision)
	header[writerHeader] = []string{rand.Text()}
	if v.ttl > 0 {
		header[ttlHeader] = []string{ttlSeconds(v.ttl)}
	}
	for again := false; ; again = true {
		a, repeated := v.journal.publish(ctx, subject, header, value)
		if !errors.Is(a.err, ErrConflict) || (revision > 0 || again) && !repeated {
			return a.sequence, a.err
		}
		have, err := v.stream.GetLastMsgForSubject(ctx, subject)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			have = &jetstream.RawStreamMsg{} // it expired since
		case err != nil:
			return 0, readError(err)
		case have.Header.Get(writerHeader) == header.Get(writerHeader):
			return have.Sequence, nil
		}
		if revision > 0 || again || have.Sequence > 0 && !deleted(have.Header) {
			return 0, ErrConflict
		}
		// What is there is the mark of a value that was deleted or has expired.
		header[expectedHeader] = []string{strconv.FormatUint(have.Sequence, 10)}
	}
}

// Delete removes a value, whatever its revision, or nothing. The server forgets
// the key ten minutes later.
func (v *Values) Delete(ctx context.Context, key string) error {
	subject, err := v.subject(key)
	if err != nil {
		return err
	}
	a, _ := v.journal.publish(ctx, subject, purging(), nil)
	return a.err
}
