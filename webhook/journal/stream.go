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
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// partitionsKey names the metadata that says with how many partitions a stream was made.
	partitionsKey = "partitions"
	// markerTTL is how long the mark of a state that expired or was removed is kept,
	// for watches that were away for a while, and for former owners.
	markerTTL = 10 * time.Minute
	// membersMaxAge removes the heartbeats of the dead. Whether a member lives is
	// decided by its latest heartbeat, not by this.
	membersMaxAge = time.Minute
	// recordsMaxBytes is ample for Partitions short records, and for the heartbeats
	// of a hundred members. The server keeps the latest block of a stream in memory,
	// and makes blocks small for a bound as low as this.
	recordsMaxBytes = 120 << 10
	// streamRetry is the pause between attempts to make a stream while a cluster
	// has no leader yet.
	streamRetry = 250 * time.Millisecond
	// streamTimeout bounds one such attempt.
	streamTimeout = 3 * time.Second
)

// ErrPartitions means that the stream was made with another number of partitions, so the
// keys of its states belong elsewhere.
var ErrPartitions = errors.New("the stream was made for another number of partitions")

func (j *Journal) ensureStreams(ctx context.Context) error {
	for _, s := range []struct {
		stream *jetstream.Stream
		config jetstream.StreamConfig
	}{
		{&j.events, j.eventsConfig()},
		{&j.state, j.bucketConfig(j.layout.state, j.options.StateMaxBytes)},
		{&j.records, j.bucketConfig(j.layout.records, recordsMaxBytes)},
		{&j.members, j.membersConfig()},
	} {
		stream, err := ensureStream(ctx, j, s.config)
		if err != nil {
			return fmt.Errorf("stream %s: %w", s.config.Name, err)
		}
		*s.stream = stream
	}
	return nil
}

func (j *Journal) eventsConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:        j.layout.entries.stream,
		Description: j.layout.about,
		Subjects:    []string{j.layout.entries.prefix + "*.*"},
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew,
		MaxBytes:    j.options.Events.MaxBytes,
		MaxAge:      j.options.Events.MaxAge,
		Duplicates:  j.options.Events.DuplicateWindow,
		Storage:     jetstream.FileStorage,
		Replicas:    j.replicas(),
		Metadata:    map[string]string{partitionsKey: strconv.Itoa(Partitions)},
	}
}

// bucketConfig is that of a key-value bucket, apart from direct reads, which a
// replica answers that may lag: a state that misses its last entries would be
// folded on and written back. A single server has no replica.
func (j *Journal) bucketConfig(at place, maxBytes int64) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:                   at.stream,
		Subjects:               []string{at.prefix + ">"},
		MaxMsgsPerSubject:      1,
		Discard:                jetstream.DiscardNew,
		MaxBytes:               maxBytes,
		Storage:                jetstream.FileStorage,
		Replicas:               j.replicas(),
		AllowRollup:            true,
		AllowDirect:            j.options.Embedded != nil,
		AllowMsgTTL:            true,
		SubjectDeleteMarkerTTL: markerTTL,
		Metadata:               map[string]string{partitionsKey: strconv.Itoa(Partitions)},
	}
}

func (j *Journal) membersConfig() jetstream.StreamConfig {
	config := j.bucketConfig(j.layout.members, recordsMaxBytes)
	config.MaxAge = membersMaxAge
	return config
}

func (j *Journal) replicas() int {
	switch {
	case j.options.Embedded != nil:
		return 1
	case j.options.External.Replicas == 0:
		return 3
	}
	return j.options.External.Replicas
}

// ensureStream makes a stream, or brings the limits of one that exists to what
// is wanted. Errors that pass while a cluster starts are waited out.
func ensureStream(ctx context.Context, j *Journal, config jetstream.StreamConfig) (jetstream.Stream, error) {
	for {
		// A cluster without a leader does not answer at all.
		attempt, cancel := context.WithTimeout(ctx, streamTimeout)
		stream, err := ensureStreamOnce(attempt, j.js, config)
		cancel()
		if err == nil || ctx.Err() != nil || !j.passes(err) {
			return stream, err
		}
		j.log.V(1).Info("A stream is not available yet", "stream", config.Name, "error", err.Error())
		if sleep(ctx, j.clock, streamRetry) != nil {
			return nil, err
		}
	}
}

func ensureStreamOnce(ctx context.Context, js jetstream.JetStream, config jetstream.StreamConfig) (jetstream.Stream, error) {
	stream, err := js.Stream(ctx, config.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		// Another member may make it at the same time; equal configurations agree.
		return js.CreateStream(ctx, config)
	}
	if err != nil {
		return nil, err
	}
	have := stream.CachedInfo().Config
	if made := have.Metadata[partitionsKey]; made != config.Metadata[partitionsKey] {
		return nil, fmt.Errorf("%w: %s, this version has %d", ErrPartitions, made, Partitions)
	}
	if have.MaxBytes == config.MaxBytes && have.MaxAge == config.MaxAge && have.Replicas == config.Replicas &&
		have.AllowDirect == config.AllowDirect && (config.Duplicates == 0 || have.Duplicates == config.Duplicates) {
		return stream, nil
	}
	if config.Duplicates == 0 {
		config.Duplicates = have.Duplicates
	}
	return js.UpdateStream(ctx, config)
}

// passes tells the errors of a slow disk, and of a cluster that is about to have a
// leader, from those that stay.
func (j *Journal) passes(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, jetstream.ErrNoStreamResponse) {
		return true
	}
	var api *jetstream.APIError
	return j.options.External != nil && errors.As(err, &api) && (api.Code == 503 || api.ErrorCode == errCodeNoPeers)
}
