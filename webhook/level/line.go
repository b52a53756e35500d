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

package level

import (
	"slices"
	"strings"
	"time"
)

// line is the users who wait for levels of the same policies. An application
// whose IM does not answer, or a policy whose field IM does not know, holds up
// no other.
type line struct {
	key   string
	order []string
	// rests is until when nothing is tried, pause how long that was.
	rests time.Time
	pause time.Duration
}

// enqueue gives a user a place in the line of what there is to write. The lock is held.
func (w *Writer) enqueue(name string) {
	l := w.line(name, w.waiting[name])
	l.order = append(l.order, name)
	w.wake()
}

// line is that of an application and of some of its policies. The lock is held.
func (w *Writer) line(name string, tasks []task) *line {
	key, _, _ := strings.Cut(name, "/")
	for _, t := range tasks {
		key += "/" + t.policy
	}
	l := w.lines[key]
	if l == nil {
		l = &line{key: key}
		w.lines[key] = l
	}
	return l
}

func (w *Writer) wake() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// next takes out a user who can be written now. Without one, wait is how long
// some line still rests; 0 when nobody waits.
func (w *Writer) next() (name string, tasks []task, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Clock.Now()
	for _, l := range w.lines {
		for len(l.order) > 0 && tasks == nil {
			if left := l.rests.Sub(now); left > 0 {
				if wait == 0 || left < wait {
					wait = left
				}
				break
			}
			name, l.order = l.order[0], l.order[1:]
			if !w.busy[name] { // else it is queued again when that write ends
				tasks = w.waiting[name]
			}
		}
		if tasks != nil {
			delete(w.waiting, name)
			w.busy[name] = true
			w.wake() // another worker looks for the next one
			return name, tasks, 0
		}
		if len(l.order) == 0 && len(w.busy) == 0 {
			delete(w.lines, l.key)
		}
	}
	if w.omitted && len(w.waiting) <= maxWaiting/2 {
		w.omitted = false
		select {
		case w.missed <- struct{}{}:
		default:
		}
	}
	return "", nil, wait
}

// finish ends the write of a user. News that came meanwhile is next; what
// failed is tried again after a rest of its line.
func (w *Writer) finish(name string, tasks []task, written bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, name)
	news, l := w.waiting[name], w.line(name, tasks)
	if written {
		l.rests, l.pause = time.Time{}, 0
		news = slices.DeleteFunc(news, func(t task) bool {
			return slices.ContainsFunc(tasks, func(done task) bool { return done.policy == t.policy && done.level.Level == t.level.Level })
		})
	} else {
		if now := w.Clock.Now(); !l.rests.After(now) {
			l.pause = min(max(2*l.pause, firstRetry), lastRetry)
			l.rests = now.Add(l.pause)
		}
		if len(news) == 0 {
			news = tasks
		}
	}
	delete(w.waiting, name)
	if len(news) > 0 {
		w.waiting[name] = news
		w.enqueue(name)
	}
	if len(l.order) == 0 {
		delete(w.lines, l.key)
	}
}
