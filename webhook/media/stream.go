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

package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

const (
	// writeTimeout bounds one write to a client: who reads slower gives the place back.
	writeTimeout = 20 * time.Second
	// chunkBytes of a file are in memory at once.
	chunkBytes = 32 << 10

	tooLarge = "the file is larger than the account allows (spec.media.maxBytes)"
)

// pass a file on, not more of it than the account allows.
func (h *Handler) pass(
	w http.ResponseWriter, r *http.Request, account *officialaccount.Account, file *wechat.Media, limit int64, until time.Time,
) outcome {
	if file.Length > limit {
		return say(w, outcomeTooLarge, http.StatusRequestEntityTooLarge, tooLarge)
	}
	begin := make([]byte, sniffed)
	n, err := fill(begin, file.Body)
	if err != nil {
		return h.refuse(w, r, account, err)
	}
	begin = begin[:n]
	header := w.Header()
	kind := contentType(file.ContentType, begin)
	header.Set("Content-Type", kind)
	if kind == unknownType {
		header.Set("Content-Disposition", "attachment")
	}
	header.Set("Cache-Control", fmt.Sprintf("private, max-age=%d, immutable", max(0, int64(until.Sub(h.clock.Now())/time.Second))))

	from := &source{content: io.MultiReader(bytes.NewReader(begin), file.Body), length: file.Length}
	to := &sink{ResponseWriter: w, controller: http.NewResponseController(w)}
	defer func() { h.metrics.bytes.Add(float64(to.written)) }()
	if file.Length < 0 {
		return h.stream(to, r, from, limit)
	}
	// Players of videos ask for parts. Several parts in one answer could go back and
	// forth, which a stream cannot: such a question gets the whole file.
	if strings.Contains(r.Header.Get("Range"), ",") {
		r.Header.Del("Range")
	}
	http.ServeContent(to, r, "", time.Time{}, from)
	switch {
	case from.err != nil:
		return h.ended(r, from.err)
	case to.err != nil:
		return outcomeAbandoned
	case to.status == http.StatusRequestedRangeNotSatisfiable:
		return outcomeRange
	default:
		return outcomeServed
	}
}

// stream a file whose length is not known beforehand.
func (h *Handler) stream(to *sink, r *http.Request, from *source, limit int64) outcome {
	if r.Method == http.MethodHead {
		return outcomeServed
	}
	_, err := io.CopyBuffer(to, io.LimitReader(from, limit), make([]byte, chunkBytes))
	switch {
	case to.err != nil:
		return outcomeAbandoned
	case err != nil:
		return h.ended(r, err)
	}
	// Is there more? What was passed on may be all of it.
	switch _, err = io.ReadFull(from, make([]byte, 1)); {
	case err == nil:
		return outcomeOverrun
	case !errors.Is(err, io.EOF):
		return h.ended(r, err)
	default:
		return outcomeServed
	}
}

// ended tells why a file ended early.
func (h *Handler) ended(r *http.Request, err error) outcome {
	switch {
	case r.Context().Err() != nil:
		return outcomeAbandoned
	case errors.Is(err, wechat.ErrMediaTooLong):
		return outcomeOverrun
	default:
		return outcomeInterrupted
	}
}

// source is a stream in which one can only go forward. Its first error is kept.
type source struct {
	content  io.Reader
	length   int64
	at, goal int64
	err      error
}

var errBackwards = errors.New("a stream cannot go back")

// Seek implements io.Seeker. Nothing is read before Read.
func (s *source) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.goal
	case io.SeekEnd:
		offset += s.length
	}
	s.goal = offset
	return s.goal, nil
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.err == nil && s.goal > s.at {
		skipped, err := io.CopyBuffer(io.Discard, onlyReader{io.LimitReader(s.content, s.goal-s.at)}, make([]byte, chunkBytes))
		if s.at += skipped; err == nil && s.at < s.goal {
			err = io.ErrUnexpectedEOF
		}
		s.err = err
	}
	if s.err == nil && s.goal < s.at {
		s.err = errBackwards
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.content.Read(p)
	s.at += int64(n)
	s.goal = s.at
	switch {
	case errors.Is(err, io.EOF) && s.at < s.length:
		s.err = io.ErrUnexpectedEOF
		err = s.err
	case err != nil && !errors.Is(err, io.EOF):
		s.err = err
	}
	return n, err
}

// onlyReader hides other methods, so that copying uses the buffer that it is given.
type onlyReader struct{ io.Reader }

// sink passes an answer on, with a deadline for each write. Its first error is kept.
type sink struct {
	http.ResponseWriter

	controller *http.ResponseController
	status     int
	written    int64
	err        error
}

// WriteHeader implements http.ResponseWriter.
func (s *sink) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (s *sink) Write(p []byte) (int, error) {
	_ = s.controller.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := s.ResponseWriter.Write(p)
	s.written += int64(n)
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}
