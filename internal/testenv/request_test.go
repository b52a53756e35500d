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
	"net/http"
	"net/http/httptest"
	"testing"

	. "github.com/onsi/gomega"
)

func TestDescribe(t *testing.T) {
	const rooms = "/apis/im.liveroom.io/v1alpha1/namespaces/shop/liverooms"
	apply := http.Header{"Content-Type": {"application/apply-patch+yaml"}}
	merge := http.Header{"Content-Type": {"application/merge-patch+json; charset=utf-8"}}
	liveRoom := func(verb, subresource string) Request {
		return Request{Verb: verb, Group: "im.liveroom.io", Resource: "liverooms", Subresource: subresource, Namespace: "shop"}
	}
	tests := []struct {
		name     string
		method   string
		target   string
		header   http.Header
		want     Request
		wantKind kind
	}{
		{"create", "POST", rooms, nil, liveRoom("create", ""), write},
		{"update", "PUT", rooms + "/a", nil, liveRoom("update", ""), write},
		{"update status", "PUT", rooms + "/a/status", nil, liveRoom("update", "status"), write},
		{"patch", "PATCH", rooms + "/a/status", merge, liveRoom("patch", "status"), write},
		{"apply", "PATCH", rooms + "/a/status?fieldManager=x", apply, liveRoom("apply", "status"), write},
		{"dry run", "PATCH", rooms + "/a?dryRun=All", apply, liveRoom("dryrun", ""), read},
		{"delete", "DELETE", rooms + "/a", nil, liveRoom("delete", ""), write},
		{"delete all", "DELETE", rooms, nil, liveRoom("deletecollection", ""), write},
		{"get", "GET", rooms + "/a", nil, liveRoom("get", ""), read},
		{"list", "GET", rooms + "?limit=500", nil, liveRoom("list", ""), read},
		{"watch", "GET", rooms + "?watch=true", nil, liveRoom("watch", ""), read},
		{"watch, as a number", "GET", rooms + "?watch=1", nil, liveRoom("watch", ""), read},
		{
			"list in all namespaces", "GET", "/apis/im.liveroom.io/v1alpha1/liverooms", nil,
			Request{Verb: "list", Group: "im.liveroom.io", Resource: "liverooms"}, read,
		},
		{
			"core group", "POST", "/api/v1/namespaces/shop/secrets", nil,
			Request{Verb: "create", Resource: "secrets", Namespace: "shop"}, write,
		},
		{
			"a namespace", "GET", "/api/v1/namespaces/shop", nil,
			Request{Verb: "get", Resource: "namespaces"}, read,
		},
		{
			"all namespaces", "GET", "/api/v1/namespaces", nil,
			Request{Verb: "list", Resource: "namespaces"}, read,
		},
		{
			"a namespace's end", "PUT", "/api/v1/namespaces/shop/finalize", nil,
			Request{Verb: "update", Resource: "namespaces", Subresource: "finalize"}, write,
		},
		{
			"event", "POST", "/api/v1/namespaces/shop/events", nil,
			Request{Verb: "create", Resource: "events", Namespace: "shop"}, event,
		},
		{
			"new event", "PATCH", "/apis/events.k8s.io/v1/namespaces/shop/events/a", merge,
			Request{Verb: "patch", Group: "events.k8s.io", Resource: "events", Namespace: "shop"}, event,
		},
		{
			"reading events", "GET", "/api/v1/namespaces/shop/events", nil,
			Request{Verb: "list", Resource: "events", Namespace: "shop"}, read,
		},
		{
			"lease", "PUT", "/apis/coordination.k8s.io/v1/namespaces/shop/leases/a", nil,
			Request{Verb: "update", Group: "coordination.k8s.io", Resource: "leases", Namespace: "shop"}, lease,
		},
		{
			"access review", "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", nil,
			Request{Verb: "create", Group: "authorization.k8s.io", Resource: "subjectaccessreviews"}, read,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := NewWithT(t)
			call := httptest.NewRequest(test.method, test.target, nil)
			for name, values := range test.header {
				call.Header[name] = values
			}
			call.Header.Set("User-Agent", "manager")
			want := test.want
			want.UserAgent = "manager"
			got, ok := describe(call)
			g.Expect(ok).To(BeTrue())
			g.Expect(got).To(Equal(want))
			g.Expect(got.kind()).To(Equal(test.wantKind))
		})
	}
	for _, target := range []string{"/", "/healthz", "/version", "/api", "/api/v1", "/apis", "/apis/im.liveroom.io/v1alpha1", "/openapi/v3"} {
		t.Run("no object in "+target, func(t *testing.T) {
			_, ok := describe(httptest.NewRequest(http.MethodGet, target, nil))
			NewWithT(t).Expect(ok).To(BeFalse())
		})
	}
}
