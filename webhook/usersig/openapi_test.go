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

package usersig

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/liveroom-io/liveroom-operator/internal/im"
	"github.com/liveroom-io/liveroom-operator/internal/testenv"
)

// document is what the test reads of docs/usersig-openapi.yaml.
type document struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]struct {
		Post    operation `json:"post"`
		Options operation `json:"options"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Responses map[string]struct {
		Headers map[string]any `json:"headers"`
		Content map[string]struct {
			Examples map[string]struct {
				Value map[string]any `json:"value"`
			} `json:"examples"`
		} `json:"content"`
	} `json:"responses"`
}

type schema struct {
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
	Enum       []string          `json:"enum"`
	Pattern    string            `json:"pattern"`
	Maximum    int64             `json:"maximum"`
	OneOf      []schema          `json:"oneOf"`
	Items      *schema           `json:"items"`
}

func loadDocument(t *testing.T) document {
	t.Helper()
	root, err := testenv.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "usersig-openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := yaml.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestTheDocumentHasEveryOutcome, each under its status, and no other.
func TestTheDocumentHasEveryOutcome(t *testing.T) {
	g := NewWithT(t)
	d := loadDocument(t)
	g.Expect(d.OpenAPI).To(Equal("3.1.0"))
	g.Expect(slices.Collect(maps.Keys(d.Paths))).To(Equal([]string{Route}))
	found := map[Reason]int{}
	for _, o := range []operation{d.Paths[Route].Post, d.Paths[Route].Options} {
		for code, response := range o.Responses {
			status, err := strconv.Atoi(code)
			g.Expect(err).NotTo(HaveOccurred())
			if code == "204" {
				found[ReasonPreflight] = status // it has no body
				continue
			}
			examples := response.Content["application/json"].Examples
			g.Expect(examples).NotTo(BeEmpty(), code)
			for name, example := range examples {
				before, twice := found[Reason(name)]
				g.Expect(!twice || before == status).To(BeTrue(), name)
				found[Reason(name)] = status
				if status >= 400 {
					g.Expect(example.Value).To(HaveKeyWithValue("reason", name))
					g.Expect(example.Value["message"]).NotTo(BeEmpty(), name)
				}
			}
			_, waits := response.Headers["Retry-After"]
			g.Expect(waits).To(Equal(code == "429" || code == "503"), code)
		}
	}
	g.Expect(found).To(Equal(statuses))

	var refusals []string
	for reason := range statuses {
		if reason != ReasonIssued && reason != ReasonPreflight {
			refusals = append(refusals, string(reason))
		}
	}
	g.Expect(d.Components.Schemas["Refusal"].Properties["reason"].Enum).To(ConsistOf(refusals))
}

// TestTheDocumentHasEveryField of what is sent and answered, and the limits.
func TestTheDocumentHasEveryField(t *testing.T) {
	g := NewWithT(t)
	schemas := loadDocument(t).Components.Schemas
	g.Expect(schemas).To(HaveLen(4))
	for name, of := range map[string]reflect.Type{
		"Request": reflect.TypeFor[Request](), "Room": reflect.TypeFor[Room](), "Issued": reflect.TypeFor[Issued](), "Refusal": reflect.TypeFor[Refusal](),
	} {
		var fields, required []string
		for i := range of.NumField() {
			field, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			fields = append(fields, field)
			if options == "" {
				required = append(required, field)
			}
		}
		g.Expect(slices.Collect(maps.Keys(schemas[name].Properties))).To(ConsistOf(fields), name)
		g.Expect(schemas[name].Required).To(ConsistOf(required), name)
	}
	g.Expect(schemas["Request"].Properties["userID"].Pattern).To(Equal(userIDs.String()))
	room := schemas["Room"].Properties
	g.Expect(room["roomID"].Maximum).To(Equal(int64(im.MaxRoomID)))
	g.Expect(room["privileges"].OneOf[0].Maximum).To(Equal(int64(im.AllPrivileges)))
	g.Expect(room["privileges"].OneOf[1].Items.Enum).To(ConsistOf(slices.Collect(maps.Keys(privilegeNames))))
}
