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
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	doorPath     = "/sim/live/"
	maxDoorBytes = 1 << 20
	maxFaults    = 1000
)

// Fault is a disturbance of calls of the API.
type Fault struct {
	// Action to disturb, such as ForbidLiveStream, or * for all.
	Action string `json:"action"`
	// Times is how many calls. 0 means all.
	Times int `json:"times"`
	// Latency in milliseconds, before the call takes effect.
	Latency int `json:"latency"`
	// Code is answered instead, HTTPStatus as a failing gateway would.
	Code       string `json:"code"`
	HTTPStatus int    `json:"httpStatus"`
	// Reset breaks the connection: BeforeCommit or AfterCommit.
	Reset string `json:"reset"`

	used int
}

// InjectFault adds a fault.
func (s *Simulator) InjectFault(f Fault) error {
	if _, known := perform[f.Action]; !known && f.Action != "*" {
		return fmt.Errorf("fault: unknown action %q", f.Action)
	}
	if f.Reset != "" && f.Reset != "BeforeCommit" && f.Reset != "AfterCommit" {
		return errors.New("fault: reset must be BeforeCommit or AfterCommit")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) >= maxFaults {
		return errors.New("fault: there are too many")
	}
	s.faults = append(s.faults, f)
	return nil
}

// ClearFaults removes all faults.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault of a call: the first that concerns it. With the lock held.
func (s *Simulator) fault(action string) Fault {
	for i := range s.faults {
		f := &s.faults[i]
		if f.Action != "*" && f.Action != action || f.Times > 0 && f.used >= f.Times {
			continue
		}
		f.used++
		return *f
	}
	return Fault{}
}

// Emit sends a callback about a stream that the simulator does not make by itself:
// recordings, screenshots, moderation, exceptions (sections 3.4 to 3.8). Fields that
// all have are filled in where they are missing.
func (s *Simulator) Emit(kind int, streamName string, fields map[string]any) error {
	if !slices.Contains([]int{100, 200, 314, 315, 317, 321, 332, 341}, kind) {
		return fmt.Errorf("the simulator makes no event %d on demand", kind)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]any{"event_type": kind, "appid": s.options.AccountAppID, "app": s.options.PushDomain, "appname": s.options.AppName}
	switch kind {
	case 317:
		all["streamId"], all["channelId"] = streamName, streamName
	case 315, 321, 332, 341:
		delete(all, "app")
		all["domain"], all["path"], all["stream_id"], all["channel_id"] = s.options.PushDomain, s.options.AppName, streamName, streamName
	default:
		all["stream_id"], all["channel_id"] = streamName, streamName
	}
	maps.Copy(all, fields)
	s.notifyCSS(kind, all)
	return nil
}

func (s *Simulator) newSideDoor() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, do func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxDoorBytes)
			result, err := do(r)
			reply(w, result, err)
		})
	}
	handle("POST "+doorPath+"pushes", func(r *http.Request) (any, error) {
		body, err := read[struct{ URL string }](r)
		if err != nil {
			return nil, err
		}
		sequence, err := s.Push(body.URL)
		return map[string]any{"sequence": sequence}, err
	})
	handle("GET "+doorPath+"streams", func(*http.Request) (any, error) { return s.list(), nil })
	handle("DELETE "+doorPath+"streams/{name}", func(r *http.Request) (any, error) {
		errcode := 1
		if text := r.URL.Query().Get("errcode"); text != "" {
			var err error
			if errcode, err = strconv.Atoi(text); err != nil {
				return nil, err
			}
		}
		if !s.Stop(r.PathValue("name"), errcode) {
			return nil, errNobody
		}
		return nil, nil
	})
	handle("GET "+doorPath+"plays", func(r *http.Request) (any, error) {
		status := s.Play(r.URL.Query().Get("url"))
		if status != http.StatusOK {
			return nil, &statusError{status}
		}
		return nil, nil
	})
	handle("POST "+doorPath+"events", func(r *http.Request) (any, error) {
		body, err := read[struct {
			Type   int
			Stream string
			Fields map[string]any
		}](r)
		if err != nil {
			return nil, err
		}
		return nil, s.Emit(body.Type, body.Stream, body.Fields)
	})
	handle("POST "+doorPath+"rooms/enter", func(r *http.Request) (any, error) {
		body, err := read[Entrance](r)
		if err != nil {
			return nil, err
		}
		return nil, s.Enter(body)
	})
	handle("POST "+doorPath+"rooms/leave", func(r *http.Request) (any, error) {
		body, err := read[struct {
			RoomID int64
			UserID string
			Reason int
		}](r)
		if err != nil {
			return nil, err
		}
		return nil, s.Leave(body.RoomID, body.UserID, max(body.Reason, 1))
	})
	s.controlDoor(handle)
	return mux
}

// controlDoor is the part of the side door that is not of hosts and viewers.
func (s *Simulator) controlDoor(handle func(string, func(*http.Request) (any, error))) {
	handle("GET "+doorPath+"rooms", func(*http.Request) (any, error) { return s.listRooms(), nil })
	handle("GET "+doorPath+"deliveries", func(*http.Request) (any, error) { return s.Deliveries(), nil })
	handle("POST "+doorPath+"deliveries/{number}", func(r *http.Request) (any, error) {
		number, err := strconv.Atoi(r.PathValue("number"))
		if err != nil {
			return nil, err
		}
		return nil, s.Repeat(number)
	})
	handle("PUT "+doorPath+"callbacks", func(r *http.Request) (any, error) {
		body, err := read[struct{ CSS, CSSKey, TRTC, TRTCKey string }](r)
		if err == nil {
			s.SetCallbacks(Callback{body.CSS, body.CSSKey}, Callback{body.TRTC, body.TRTCKey})
		}
		return nil, err
	})
	handle("PUT "+doorPath+"disorder", func(r *http.Request) (any, error) {
		body, err := read[Disorder](r)
		if err == nil {
			s.SetDisorder(body)
		}
		return nil, err
	})
	handle("GET "+doorPath+"calls", func(*http.Request) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return map[string]any{"calls": maps.Clone(s.calls), "refusals": maps.Clone(s.refusals)}, nil
	})
	handle("POST "+doorPath+"faults", func(r *http.Request) (any, error) {
		body, err := read[Fault](r)
		if err != nil {
			return nil, err
		}
		return nil, s.InjectFault(body)
	})
	handle("DELETE "+doorPath+"faults", func(*http.Request) (any, error) { s.ClearFaults(); return nil, nil })
}

// read the JSON body of a call.
func read[T any](r *http.Request) (body T, err error) {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err = decoder.Decode(&body); err != nil {
		return body, fmt.Errorf("the body cannot be read: %w", err)
	}
	return body, nil
}

// statusError is an HTTP status without words.
type statusError struct{ status int }

func (e *statusError) Error() string { return http.StatusText(e.status) }

var errNobody = errors.New("nobody pushes the stream")

func reply(w http.ResponseWriter, result any, err error) {
	status := http.StatusOK
	var own *statusError
	var refusal *Refusal
	switch {
	case errors.As(err, &own):
		status = own.status
	case errors.As(err, &refusal), errors.Is(err, errNobody), errors.Is(err, errNotInRoom):
		status = http.StatusConflict
	case err != nil:
		status = http.StatusBadRequest
	case result == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if err != nil {
		result = map[string]any{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(result) // the caller is gone
}

func (s *Simulator) list() any {
	type entry struct {
		Name      string     `json:"name"`
		Sequence  string     `json:"sequence,omitempty"`
		Forbidden *time.Time `json:"forbiddenUntil,omitempty"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []entry{}
	for _, name := range slices.Sorted(maps.Keys(s.streams)) {
		e, known := entry{Name: name}, s.streams[name]
		if known.push != nil {
			e.Sequence = known.push.sequence
		}
		if s.options.Clock().Before(known.forbidden) {
			e.Forbidden = &known.forbidden
		}
		all = append(all, e)
	}
	return all
}

func (s *Simulator) listRooms() any {
	s.mu.Lock()
	ids := slices.Sorted(maps.Keys(s.rooms))
	s.mu.Unlock()
	all := map[string]map[string]bool{}
	for _, id := range ids {
		all[strconv.FormatInt(id, 10)] = s.InRoom(id)
	}
	return all
}

// Delivery is a callback and what became of it.
type Delivery = delivery

// Deliveries are the callbacks so far, in the order in which they were made.
func (s *Simulator) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Delivery, len(s.deliveries))
	for i, d := range s.deliveries {
		all[i] = *d
		all[i].Statuses = slices.Clone(d.Statuses)
	}
	return all
}

// Repeat sends a callback once more, byte by byte, as somebody would who has seen it.
func (s *Simulator) Repeat(number int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number < 0 || number >= len(s.deliveries) {
		return fmt.Errorf("there is no delivery %d", number)
	}
	d := *s.deliveries[number]
	d.Tries, d.Statuses, d.Done, d.gaps = 0, nil, false, nil
	s.send(&d)
	return nil
}
