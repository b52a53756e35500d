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

package testenv

import (
	"mime"
	"net/http"
	"strings"
)

// Request says what one call asked of the API server: it is the key by which
// calls are counted.
type Request struct {
	// UserAgent is the header's value, as given to Config.
	UserAgent string
	// Verb is create, update, patch, apply, delete, deletecollection, get, list
	// or watch; a dry run of a write is "dryrun".
	Verb string
	// Group is empty for the core group.
	Group    string
	Resource string
	// Subresource is status, scale, finalize and so on, or empty.
	Subresource string
	// Namespace is empty for cluster-scoped objects and for calls across all namespaces.
	Namespace string
}

// describe reads a call's meaning from its method, path and query, like the API
// server itself does. It returns false for what concerns no object: discovery,
// health, version.
func describe(call *http.Request) (Request, bool) {
	segments := strings.Split(strings.Trim(call.URL.Path, "/"), "/")
	described := Request{UserAgent: call.Header.Get("User-Agent")}
	switch {
	case len(segments) > 2 && segments[0] == "api": // api/v1/...
		segments = segments[2:]
	case len(segments) > 3 && segments[0] == "apis": // apis/group/version/...
		described.Group, segments = segments[1], segments[3:]
	default:
		return Request{}, false
	}
	// A namespace is itself a resource: namespaces/name and its subresources
	// status and finalize are about it, anything else is about what lies in it.
	if len(segments) > 2 && segments[0] == "namespaces" && segments[2] != "status" && segments[2] != "finalize" {
		described.Namespace, segments = segments[1], segments[2:]
	}
	described.Resource = segments[0]
	if len(segments) > 2 {
		described.Subresource = segments[2]
	}
	described.Verb = verb(call, len(segments) > 1)
	return described, true
}

// verb names what a method means for one object or for a collection.
func verb(call *http.Request, single bool) string {
	query := call.URL.Query()
	write := call.Method != http.MethodGet && call.Method != http.MethodHead
	if write && query.Has("dryRun") {
		return "dryrun"
	}
	switch call.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		media, _, _ := mime.ParseMediaType(call.Header.Get("Content-Type"))
		if strings.HasPrefix(media, "application/apply-patch") {
			return "apply"
		}
		return "patch"
	case http.MethodDelete:
		if single {
			return "delete"
		}
		return "deletecollection"
	}
	if value := query.Get("watch"); value == "true" || value == "1" {
		return "watch"
	}
	if single {
		return "get"
	}
	return "list"
}

// kind sorts requests by what a bar on writes has to tell apart.
type kind int

const (
	read kind = iota
	write
	event
	lease
)

// kind returns event and lease only for writes. Access reviews are asked with
// create and change nothing, so they are reads.
func (r Request) kind() kind {
	switch r.Verb {
	case "get", "list", "watch", "dryrun":
		return read
	}
	switch {
	case r.Group == "authentication.k8s.io", r.Group == "authorization.k8s.io":
		return read
	case r.Resource == "events" && (r.Group == "" || r.Group == "events.k8s.io"):
		return event
	case r.Resource == "leases" && r.Group == "coordination.k8s.io":
		return lease
	}
	return write
}
