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
	"fmt"
	"os"
	"path/filepath"
)

// replacement is a value that an object of a kind, named "shop", has in the samples,
// and the one that it has in the demo.
type replacement struct{ kind, path, sample, actual string }

// manifests returns what to apply: samples, or, when a port is taken, a
// kustomization of them in which objects name other endpoints.
func manifests(folder, name, samples string, replacements ...replacement) (string, error) {
	patches := ""
	for _, r := range replacements {
		if r.sample != r.actual {
			patches += fmt.Sprintf(`- target: {kind: %s, name: shop}
  patch: |
    - {op: replace, path: %s, value: %q}
`, r.kind, r.path, r.actual)
		}
	}
	if patches == "" {
		return samples, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the samples: %w", err)
	}
	overlay := filepath.Join(folder, "overlay-"+name)
	if err := os.Mkdir(overlay, 0o700); err != nil {
		return "", fmt.Errorf("making an overlay: %w", err)
	}
	base, err := filepath.Rel(overlay, filepath.Join(here, samples))
	if err != nil {
		return "", fmt.Errorf("finding the samples: %w", err)
	}
	text := fmt.Sprintf("resources:\n- %s\npatches:\n%s", base, patches)
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("making an overlay: %w", err)
	}
	return overlay, nil
}
