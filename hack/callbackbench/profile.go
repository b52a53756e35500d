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
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxProfile bounds a profile, compressed or not.
const maxProfile = 64 << 20

// takeProfile takes a processor profile of a process while its turns last. What
// it returns waits until the profile is in its file.
func (b *bench) takeProfile(ctx context.Context, p *process) func() error {
	done := make(chan error, 1)
	// The process rests while the bare handler has its turns.
	length := time.Duration(2*turns) * b.length
	go func() {
		profile, err := download(ctx, fmt.Sprintf("%s?seconds=%d", p.profiles, int(length.Seconds())))
		if err == nil {
			profile, err = withoutPaths(profile)
		}
		if err == nil {
			err = os.WriteFile(b.profile, profile, 0o600)
		}
		done <- err
	}()
	return func() error {
		if err := <-done; err != nil {
			return fmt.Errorf("taking a profile: %w", err)
		}
		return nil
	}
}

func download(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxProfile))
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return body, err
}

// stringTable is the field of a profile that holds its texts.
const stringTable protowire.Number = 6

// withoutPaths takes the folders of this machine out of a profile. The sources
// have none, because the build trims them; the binary has.
func withoutPaths(profile []byte) ([]byte, error) {
	packed, err := gzip.NewReader(bytes.NewReader(profile))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(packed, maxProfile))
	if err != nil {
		return nil, err
	}
	var clean bytes.Buffer
	packer := gzip.NewWriter(&clean)
	for len(data) > 0 {
		field, _, n := protowire.ConsumeField(data)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		one := data[:n]
		data = data[n:]
		if field == stringTable {
			_, _, tag := protowire.ConsumeTag(one)
			text, _ := protowire.ConsumeString(one[tag:])
			if strings.HasPrefix(text, "/") {
				one = protowire.AppendString(protowire.AppendTag(nil, stringTable, protowire.BytesType), path.Base(text))
			}
		}
		if _, err := packer.Write(one); err != nil {
			return nil, err
		}
	}
	err = packer.Close() // which also writes the rest
	return clean.Bytes(), err
}
