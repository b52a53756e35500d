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
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// LettersOptions of the dead letters. All may be left out.
type LettersOptions struct {
	// MaxBytes on disk; letters beyond it are refused. 0 means 256 MiB.
	MaxBytes int64
	// MaxAge after which a letter goes. 0 means 30 days.
	MaxAge time.Duration
}

const (
	lettersStream = "DEADLETTER"
	lettersPrefix = "deadletter."
	// lettersWindow is how long a letter that is written twice is one.
	lettersWindow = 20 * time.Minute
	// maxRewrites bounds how often a letter with the same ID is removed and comes
	// back within the window.
	maxRewrites = 16
	// lettersPage is how many letters are read before they are removed.
	lettersPage = 64
)

// Letters are messages that were given up, kept until somebody replays or drops
// them. Its methods may be called concurrently.
type Letters struct {
	journal *Journal
	stream  jetstream.Stream
}

// StoredLetter is one dead letter.
type StoredLetter struct {
	Sequence uint64
	// Time at which it was stored.
	Time time.Time
	// Account and Customer whose message it is.
	Account, Customer string
	Data              []byte
}

// LetterFilter selects letters; empty fields select all.
type LetterFilter struct{ Account, Customer string }

// Letters opens the dead letters, and makes their stream if it is missing.
func (j *Journal) Letters(ctx context.Context, options LettersOptions) (*Letters, error) {
	setDefault(&options.MaxBytes, 256<<20)
	setDefault(&options.MaxAge, 30*24*time.Hour)
	if err := j.family.reserve("letters", lettersStream); err != nil {
		return nil, fmt.Errorf("opening the dead letters: %w", err)
	}
	stream, err := ensureStream(ctx, j, jetstream.StreamConfig{
		Name:        lettersStream,
		Description: "Messages that were given up, until they are replayed or dropped",
		Subjects:    []string{lettersPrefix + "*.*"},
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew,
		MaxBytes:    options.MaxBytes,
		MaxAge:      options.MaxAge,
		Duplicates:  min(lettersWindow, options.MaxAge),
		Storage:     jetstream.FileStorage,
		Replicas:    j.replicas(),
		Metadata:    map[string]string{partitionsKey: strconv.Itoa(Partitions)},
	})
	if err != nil {
		return nil, fmt.Errorf("opening the dead letters: %w", err)
	}
	return &Letters{journal: j, stream: stream}, nil
}

func (f LetterFilter) subject() string {
	token := func(name string) string {
		if name == "" {
			return "*"
		}
		return nameToken(name)
	}
	return lettersPrefix + token(f.Account) + "." + token(f.Customer)
}

// Append stores a letter and returns its sequence. The same ID of a customer is
// stored once within twenty minutes, unless the letter has been removed meanwhile: a
// message that was replayed and failed again is a letter again. It is ErrFull when
// there is no room, and tries again what may pass as the journal's Append does.
func (l *Letters) Append(ctx context.Context, id, account, customer string, data []byte) (uint64, error) {
	if id == "" || account == "" || customer == "" {
		return 0, fmt.Errorf("%w: a letter has an ID, an account and a customer", ErrInvalid)
	}
	subject := LetterFilter{account, customer}.subject()
	for range maxRewrites {
		a, _ := l.journal.publish(ctx, subject, nats.Header{msgIDHeader: {digest(subject + "/" + id)}}, data)
		if a.err != nil || !a.duplicate {
			return a.sequence, a.err
		}
		switch _, err := l.Get(ctx, a.sequence); {
		case err == nil:
			return a.sequence, nil
		case !errors.Is(err, ErrNotFound):
			return 0, err
		}
		id += "/" + strconv.FormatUint(a.sequence, 10)
	}
	return 0, fmt.Errorf("%w: a letter comes back too often", ErrUnavailable)
}

// Get reads a letter, or returns ErrNotFound.
func (l *Letters) Get(ctx context.Context, sequence uint64) (StoredLetter, error) {
	if sequence == 0 { // the server would not understand
		return StoredLetter{}, ErrNotFound
	}
	msg, err := l.stream.GetMsg(ctx, sequence)
	if err != nil {
		return StoredLetter{}, readError(err)
	}
	return storedLetter(msg), nil
}

// List reads up to a number of letters from a sequence on, in the order in which
// they were stored, and tells where to go on; 0 when there are no more. After an
// error it returns those that it has read.
func (l *Letters) List(ctx context.Context, filter LetterFilter, from uint64, limit int) (letters []StoredLetter, next uint64, err error) {
	next = max(from, 1)
	for len(letters) < limit {
		msg, err := l.stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(filter.subject()))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return letters, 0, nil
		}
		if err != nil {
			return letters, next, readError(err)
		}
		letters, next = append(letters, storedLetter(msg)), msg.Sequence+1
	}
	return letters, next, nil
}

func storedLetter(msg *jetstream.RawStreamMsg) StoredLetter {
	letter := StoredLetter{Sequence: msg.Sequence, Time: msg.Time, Data: msg.Data}
	account, customer, _ := strings.Cut(strings.TrimPrefix(msg.Subject, lettersPrefix), ".")
	// What cannot be read was not written here; the letter is shown without it.
	letter.Account, _ = parseName(account)
	letter.Customer, _ = parseName(customer)
	return letter
}

// Delete removes a letter and overwrites what it held; one that is gone already is
// no error.
func (l *Letters) Delete(ctx context.Context, sequence uint64) error {
	err := l.stream.SecureDeleteMsg(ctx, sequence)
	if err == nil {
		return nil
	}
	// The server says little about why; whether there is still something says more.
	if _, missing := l.Get(ctx, sequence); errors.Is(missing, ErrNotFound) {
		return nil
	}
	return readError(err)
}

// DeleteCustomer removes all letters of a customer as Delete does.
func (l *Letters) DeleteCustomer(ctx context.Context, account, customer string) error {
	if account == "" || customer == "" { // which would select others
		return fmt.Errorf("%w: a letter has an account and a customer", ErrInvalid)
	}
	for from := uint64(1); from > 0; {
		letters, next, err := l.List(ctx, LetterFilter{account, customer}, from, lettersPage)
		if err != nil {
			return err
		}
		for i := range letters {
			if err := l.Delete(ctx, letters[i].Sequence); err != nil {
				return err
			}
		}
		from = next
	}
	return nil
}

// Count is the number of letters of an account.
func (l *Letters) Count(ctx context.Context, account string) (int64, error) {
	info, err := l.stream.Info(ctx, jetstream.WithSubjectFilter(LetterFilter{Account: account}.subject()))
	if err != nil {
		return 0, readError(err)
	}
	var all int64
	for _, n := range info.State.Subjects {
		all += int64(n)
	}
	return all, nil
}
