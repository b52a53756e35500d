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

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// operatorAgent is how the controller's user agent begins.
const operatorAgent = "liveroom-operator/"

// auditPolicy makes the API server log every request that is not a read, when it
// has been answered.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  verbs: [get, list, watch]
- level: Metadata
`

// audit follows the API server's audit log: it knows each request and whose it
// was, whatever the outcome.
type audit struct {
	path string

	mu     sync.Mutex
	offset int64
	total  written
}

// written counts what the operator sent to the API server, by verb and resource.
// Events and leases are apart.
type written struct {
	objects map[string]int
	events  int
	leases  int
}

// newAudit tells an API server that has not started to keep an audit log.
func newAudit(folder string, environment *envtest.Environment) (*audit, error) {
	policy := filepath.Join(folder, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return nil, fmt.Errorf("writing the audit policy: %w", err)
	}
	a := &audit{path: filepath.Join(folder, "audit.log"), total: written{objects: map[string]int{}}}
	environment.ControlPlane.GetAPIServer().Configure().
		Set("audit-policy-file", policy).
		Set("audit-log-path", a.path).
		Set("audit-log-maxsize", "4096") // MiB: never rotated
	return a, nil
}

// request is what the bench reads of an audit event.
type request struct {
	Verb       string `json:"verb"`
	RequestURI string `json:"requestURI"`
	UserAgent  string `json:"userAgent"`
	ObjectRef  struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
}

// counts returns all writes of the operator so far.
func (a *audit) counts() (written, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	file, err := os.Open(a.path)
	if errors.Is(err, fs.ErrNotExist) {
		return written{objects: map[string]int{}}, nil
	}
	if err != nil {
		return written{}, fmt.Errorf("reading the audit log: %w", err)
	}
	defer func() { _ = file.Close() }() // read only
	text, err := io.ReadAll(io.NewSectionReader(file, a.offset, 1<<32))
	if err != nil {
		return written{}, fmt.Errorf("reading the audit log: %w", err)
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // the last line may be half written
	for line := range bytes.Lines(text) {
		var one request
		if err := json.Unmarshal(line, &one); err != nil {
			return written{}, fmt.Errorf("reading the audit log: %w", err)
		}
		a.total.add(one)
	}
	a.offset += int64(len(text))
	return a.total.minus(written{}), nil
}

func (w *written) add(one request) {
	if !strings.HasPrefix(one.UserAgent, operatorAgent) || strings.Contains(one.RequestURI, "dryRun=") {
		return
	}
	switch resource := one.ObjectRef.Resource; resource {
	case "events":
		w.events++
	case "leases":
		w.leases++
	default:
		if one.ObjectRef.Subresource != "" {
			resource += "/" + one.ObjectRef.Subresource
		}
		w.objects[one.Verb+" "+resource]++
	}
}

// minus returns what came after an earlier count.
func (w written) minus(earlier written) written {
	later := written{objects: map[string]int{}, events: w.events - earlier.events, leases: w.leases - earlier.leases}
	for request, count := range w.objects {
		if more := count - earlier.objects[request]; more != 0 {
			later.objects[request] = more
		}
	}
	return later
}

// sum is the number of writes other than events and leases.
func (w written) sum() (sum int) {
	for _, count := range w.objects {
		sum += count
	}
	return sum
}
