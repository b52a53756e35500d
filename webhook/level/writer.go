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
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/webhook/directory"
	"github.com/liveroom-io/liveroom-operator/webhook/journal"
	"github.com/liveroom-io/liveroom-operator/webhook/policy"
)

const (
	// workers write profiles; the client's limiter sets the pace.
	workers = 8
	// maxWaiting bounds the users who wait. Beyond it they are left out, and
	// found again in the journal once there is room.
	maxWaiting = 50_000
	// firstRetry and lastRetry bound the rest of a line after a write that failed.
	firstRetry = time.Second
	lastRetry  = time.Minute
	// writeTimeout bounds one write with its announcement.
	writeTimeout = 20 * time.Second
)

// WriterConfig is what a writer works with.
type WriterConfig struct {
	Directory *directory.Directory
	Policies  *policy.Set
	// Change runs in the fold of the user's partition; false from it changes nothing.
	Change func(ctx context.Context, name string, change func(*User) bool) error
	// Rescan makes the journal show every user to Review again.
	Rescan  func(context.Context)
	Clock   clock.Clock
	Log     logr.Logger
	Metrics *Metrics
	// OnTrouble is told when a policy's levels cannot be written any more, or can
	// be again. It must not block.
	OnTrouble func()
}

// Writer writes levels to profiles: once for each user however many messages
// came meanwhile, and again until IM takes it.
type Writer struct {
	WriterConfig

	troubles troubles

	mu      sync.Mutex
	waiting map[string][]task // by user
	busy    map[string]bool   // users who are being written: one write at a time for each
	lines   map[string]*line  // by application and policies
	omitted bool
	ready   chan struct{}
	missed  chan struct{}
}

// task is one level to write.
type task struct {
	policy string
	level  imv1alpha1.UserLevel
	// rise: the level is higher than the one in the profile.
	rise bool
	room string
}

// NewWriter returns a writer that has not started.
func NewWriter(config WriterConfig) *Writer {
	return &Writer{
		WriterConfig: config, waiting: map[string][]task{}, busy: map[string]bool{}, lines: map[string]*line{},
		ready: make(chan struct{}, 1), missed: make(chan struct{}, 1),
	}
}

// Review notes the levels that a user's profile should have and has not. The
// user's points must be safe in the journal. It does not block, and does not
// keep the user.
func (w *Writer) Review(name string, user *User) {
	tasks := w.tasks(name, user)
	w.mu.Lock()
	defer w.mu.Unlock()
	_, queued := w.waiting[name]
	switch {
	case len(tasks) == 0:
		delete(w.waiting, name) // its place in the order is skipped
		return
	case !queued && len(w.waiting) >= maxWaiting:
		w.omitted = true
		return
	}
	w.waiting[name] = tasks
	if !queued && !w.busy[name] {
		w.enqueue(name)
	}
}

// due compares a standing with the levels of its policy as they are now.
func (w *Writer) due(name, uid string, standing *Standing) (task, bool) {
	compiled := w.Policies.Scoring(uid)
	if compiled == nil {
		return task{}, false
	}
	reached, some := compiled.Levels.At(standing.Points)
	if !some || standing.Leveled && standing.Written == reached.Level || w.excluded(name, compiled.Policy.Tag()) {
		return task{}, false
	}
	return task{policy: uid, level: reached, rise: !standing.Leveled || reached.Level > standing.Written, room: standing.Room}, true
}

// excluded reports whether an ImAccount declares the field itself.
func (w *Writer) excluded(name, tag string) bool {
	app, userID := w.user(name)
	if app == nil {
		return false
	}
	account := w.Directory.Account(app.Key, userID)
	return account != nil && account.Declares(tag)
}

func (w *Writer) user(name string) (*directory.App, string) {
	number, userID, _ := strings.Cut(name, "/")
	sdkAppID, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, ""
	}
	return w.Directory.BySDKAppID(sdkAppID), userID
}

// Run writes until the context ends.
func (w *Writer) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for range workers {
		group.Go(func() { w.work(ctx) })
	}
	group.Go(func() { w.catchUp(ctx) })
	group.Wait()
	return nil
}

func (w *Writer) work(ctx context.Context) {
	for ctx.Err() == nil {
		name, tasks, wait := w.next()
		if tasks != nil {
			w.finish(name, tasks, w.write(ctx, name, tasks))
			continue
		}
		var rested <-chan time.Time
		if wait > 0 {
			rested = w.Clock.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-w.ready:
		case <-rested:
		}
	}
}

// catchUp looks for users who were left out, once there is room for them.
func (w *Writer) catchUp(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.missed:
			w.Rescan(ctx)
		}
	}
}

// write brings one user's profile up to date. It reports false when it has to
// be tried again.
func (w *Writer) write(ctx context.Context, name string, tasks []task) bool {
	app, userID := w.user(name)
	if app == nil {
		return true // nobody declares the application any more
	}
	if tasks = w.inForce(name, tasks); len(tasks) == 0 {
		return true
	}
	if app.Client == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	// What the user has reached by now, and only if this pod still counts for him.
	err := w.Change(ctx, name, func(user *User) bool {
		tasks = w.tasks(name, user)
		return false
	})
	switch {
	case settled(err), err == nil && len(tasks) == 0:
		return true
	case err != nil:
		return false
	}
	profile := im.Profile{}
	for _, t := range tasks {
		w.set(&profile, t)
	}
	err = app.Client.SetProfile(ctx, userID, profile)
	switch {
	case im.IsNotFound(err), im.IsInvalid(err):
		// The user is gone, or IM will never take it: not tried again before the next
		// level, and nobody else is held up.
		w.Log.V(1).Info("A level cannot be written", "user", userID, "app", app.Key.String(), "error", err.Error())
		w.Metrics.failed()
	case err != nil:
		w.Log.V(1).Info("Writing a level failed; trying again", "user", userID, "app", app.Key.String(), "error", err.Error())
		w.Metrics.failed()
		w.troubles.note(tasks, err, w.OnTrouble)
		return false
	default:
		w.Metrics.wrote()
		w.troubles.clear(tasks, w.OnTrouble)
		for _, t := range tasks {
			if !w.announce(ctx, app, userID, t) {
				return false
			}
		}
	}
	err = w.Change(ctx, name, func(user *User) bool { return settle(user, tasks) })
	return err == nil || settled(err)
}

// settled reports whether the user is another pod's business now, or nobody's.
func settled(err error) bool {
	return errors.Is(err, journal.ErrNotOwned) || errors.Is(err, journal.ErrNotCounted)
}

// tasks are the levels that a user's profile should have and has not.
func (w *Writer) tasks(name string, user *User) []task {
	var tasks []task
	for _, uid := range user.Policies() {
		if t, due := w.due(name, uid, user.Standings[uid]); due {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// inForce leaves out the levels that the policies of now would not write.
func (w *Writer) inForce(name string, tasks []task) []task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t task) bool {
		compiled := w.Policies.Scoring(t.policy)
		return compiled == nil || w.excluded(name, compiled.Policy.Tag())
	})
}

// settle notes in the journal's state what is in the profile now.
func settle(user *User, tasks []task) bool {
	changed := false
	for _, t := range tasks {
		if standing := user.Standings[t.policy]; standing != nil {
			standing.Written, standing.Leveled, changed = t.level.Level, true, true
		}
	}
	return changed
}

func (w *Writer) set(profile *im.Profile, t task) {
	compiled := w.Policies.Scoring(t.policy)
	if compiled == nil {
		return
	}
	tag := compiled.Policy.Tag()
	if name, custom := strings.CutPrefix(tag, imv1alpha1.ProfileTagCustomPrefix); custom {
		if profile.Custom == nil {
			profile.Custom = map[string]string{}
		}
		profile.Custom[name] = strconv.FormatInt(t.level.Level, 10)
		return
	}
	number := uint32(t.level.Level) // CEL bounds it
	profile.Level = &number
}

// announcement is the Ext of the custom message.
type announcement struct {
	UserID string `json:"userID"`
	Level  int64  `json:"level"`
	Title  string `json:"title,omitempty"`
}

// announce tells the room. A repeat after a crash has the same Random and
// content, which IM delivers once within five minutes.
func (w *Writer) announce(ctx context.Context, app *directory.App, userID string, t task) bool {
	compiled, room := w.Policies.Scoring(t.policy), w.Directory.RoomByUID(t.room)
	if compiled == nil || compiled.Policy.Spec.Announcement == nil || !t.rise || room == nil {
		return true
	}
	ext, err := json.Marshal(announcement{UserID: userID, Level: t.level.Level, Title: t.level.Title})
	if err != nil {
		return true
	}
	_, err = app.Client.SendGroupMessage(ctx, im.GroupMessage{
		GroupID: room.GroupID, Random: crc32.ChecksumIEEE(append([]byte(t.policy), ext...)), Priority: im.PriorityHigh,
		Elements:             []im.MessageElement{im.CustomElement(compiled.Policy.Spec.Announcement.Event, "", string(ext))},
		ForbidBeforeCallback: true, ForbidAfterCallback: true,
	})
	switch {
	case err == nil:
		return true
	case im.IsNotFound(err), im.IsInvalid(err), im.IsNotPermitted(err):
		w.Log.V(1).Info("A level was not announced", "room", room.Key.String(), "error", err.Error())
		return true
	}
	return false
}
