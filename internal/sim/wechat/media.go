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

package wechat

import (
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// mediaLife is how long a media id is good.
	mediaLife = 3 * 24 * time.Hour
	// maxMedia is how many files of one account are kept.
	maxMedia = 100_000
	// filesPath is where files can be loaded from without a token.
	filesPath = "/files/"
	// mediaIDLength is that of the provider's ids.
	mediaIDLength = 64
)

// mediaFile is a temporary file.
type mediaFile struct {
	id          string
	key         string // under which it can be loaded without a token
	kind        string // image, voice, video or thumb
	contentType string
	extension   string
	created     time.Time
	highQuality bool // a voice recorded by a page, in 16 kHz
	data        []byte
}

// describe writes the headers of a download.
func (f *mediaFile) describe(header http.Header) {
	header.Set("Content-Type", f.contentType)
	header.Set("Content-Disposition", `attachment; filename="`+f.id+"."+f.extension+`"`)
}

// mediaStore keeps the files of one account. The oldest give way when there
// are too many or too large ones.
type mediaStore struct {
	most int64 // bytes

	mu    sync.Mutex
	byID  map[string]*mediaFile
	byKey map[string]*mediaFile
	order []*mediaFile
	bytes int64
}

func newMediaStore(most int64) *mediaStore {
	return &mediaStore{most: most, byID: map[string]*mediaFile{}, byKey: map[string]*mediaFile{}}
}

func (m *mediaStore) add(files ...*mediaFile) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, file := range files {
		m.byID[file.id], m.byKey[file.key] = file, file
		m.order = append(m.order, file)
		m.bytes += int64(len(file.data))
	}
	for len(m.order) > 1 && (m.bytes > m.most || len(m.order) > maxMedia) {
		m.drop(m.order[0])
		m.order = m.order[1:]
	}
}

// drop forgets a file, under the lock. Its place in the order stays.
func (m *mediaStore) drop(file *mediaFile) {
	if _, kept := m.byID[file.id]; !kept {
		return
	}
	delete(m.byID, file.id)
	delete(m.byKey, file.key)
	m.bytes -= int64(len(file.data))
}

// get finds a file that is not too old.
func (m *mediaStore) get(id string, now time.Time) (*mediaFile, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, ok := m.byID[id]
	if !ok || now.Sub(file.created) >= mediaLife {
		return nil, false
	}
	return file, true
}

// holds reports whether an id is that of a good file of the kind.
func (m *mediaStore) holds(id, kind string, now time.Time) bool {
	file, ok := m.get(id, now)
	return ok && file.kind == kind
}

func (m *mediaStore) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.byID)
}

// expire forgets a file as if it were too old.
func (m *mediaStore) expire(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, ok := m.byID[id]
	if ok {
		m.drop(file)
	}
	return ok
}

// newFile makes a file with an id of its own.
func (s *Simulator) newFile(kind, contentType string, data []byte, now time.Time) *mediaFile {
	return &mediaFile{
		id: s.randomText(lettersAndDigits, mediaIDLength), key: s.randomText(lettersAndDigits, 32), kind: kind,
		contentType: contentType, extension: extensions[contentType], created: now, data: data,
	}
}

// ExpireMedia makes a media id invalid, as three days would.
func (s *Simulator) ExpireMedia(appID, mediaID string) error {
	a, err := s.account(appID)
	if err != nil {
		return err
	}
	if !a.media.expire(mediaID) {
		return notFound("media", mediaID)
	}
	return nil
}

// Media returns the content of a file that the account holds, whether a
// follower has sent it or the account has uploaded it.
func (s *Simulator) Media(appID, mediaID string) (content []byte, contentType string, err error) {
	a, err := s.account(appID)
	if err != nil {
		return nil, "", err
	}
	file, ok := a.media.get(mediaID, s.now())
	if !ok {
		return nil, "", notFound("media", mediaID)
	}
	return file.data, file.contentType, nil
}

// RecordVoice adds a voice that a page has recorded with the JS-SDK, which
// alone can be loaded in high quality, and returns its media id.
func (s *Simulator) RecordVoice(appID string, data []byte) (string, error) {
	a, err := s.account(appID)
	if err != nil {
		return "", err
	}
	if len(data) == 0 {
		data = sampleVoice("speex")
	}
	if len(data) > maxFileBytes {
		return "", errTooLarge
	}
	file := s.newFile("voice", typeSpeex, data, s.now())
	file.highQuality = true
	a.media.add(file)
	return file.id, nil
}

func runGetMedia(s *Simulator, c *call) (any, error) {
	file, refusal := c.file()
	if refusal != nil {
		return nil, refusal
	}
	if file.kind == "video" {
		base := s.options.PublicURL
		if base == "" {
			base = "http://" + c.host
		}
		return map[string]string{"video_url": base + filesPath + file.key}, nil
	}
	return file, nil
}

func runGetHDVoice(_ *Simulator, c *call) (any, error) {
	file, refusal := c.file()
	switch {
	case refusal != nil:
		return nil, refusal
	case !file.highQuality:
		return nil, refuse(codeMediaID)
	}
	return file, nil
}

// file finds what a download asks for.
func (c *call) file() (*mediaFile, *Refusal) {
	id := c.query.Get("media_id")
	if id == "" {
		return nil, refuse(codeMediaIDMissing)
	}
	file, ok := c.account.media.get(id, c.now)
	if !ok {
		return nil, refuse(codeMediaID)
	}
	return file, nil
}

// serveFile serves a file to whoever knows its address.
func (s *Simulator) serveFile(w http.ResponseWriter, r *http.Request) {
	file, ok := s.fileAt(strings.TrimPrefix(r.URL.Path, filesPath))
	if !ok {
		http.NotFound(w, r)
		return
	}
	file.describe(w.Header())
	_, _ = w.Write(file.data)
}

func (s *Simulator) fileAt(key string) (*mediaFile, bool) {
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, a := range s.accounts {
		if file, ok := a.media.byAddress(key, now); ok {
			return file, true
		}
	}
	return nil, false
}

func (m *mediaStore) byAddress(key string, now time.Time) (*mediaFile, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, ok := m.byKey[key]
	if !ok || now.Sub(file.created) >= mediaLife {
		return nil, false
	}
	return file, true
}

// uploadAnswer is the answer of an upload. A thumb has an id of another name.
type uploadAnswer struct {
	Code         *int   `json:"errcode,omitempty"`
	Text         string `json:"errmsg,omitempty"`
	Type         string `json:"type"`
	MediaID      string `json:"media_id,omitempty"`
	ThumbMediaID string `json:"thumb_media_id,omitempty"`
	CreatedAt    int64  `json:"created_at"`
}

func runUpload(s *Simulator, c *call) (any, error) {
	kind := c.query.Get("type")
	rule, ok := uploadRules[kind]
	if !ok {
		return nil, refuse(codeMediaType)
	}
	name, data, refusal := c.upload()
	if refusal != nil {
		return nil, refusal
	}
	limit := rule.bytes
	if kind == "image" && s.options.SmallImages {
		limit = smallImage
	}
	if len(data) > limit {
		return nil, refuse(rule.tooLarge)
	}
	contentType, refusal := rule.check(name, data)
	if refusal != nil {
		return nil, refusal
	}
	file := s.newFile(kind, contentType, data, c.now)
	c.account.media.add(file)
	answer := uploadAnswer{Type: kind, MediaID: file.id, CreatedAt: c.now.Unix()}
	if kind == "thumb" {
		answer.MediaID, answer.ThumbMediaID = "", file.id
	}
	if s.options.CurrentUploadAnswer {
		answer.Code, answer.Text = new(int), "ok"
	}
	return answer, nil
}

// upload reads the file of a form.
func (c *call) upload() (name string, data []byte, refusal *Refusal) {
	mediaType, parameters, err := mime.ParseMediaType(c.contentType)
	if err != nil || mediaType != "multipart/form-data" {
		return "", nil, refuse(codeMediaMissing)
	}
	return readForm(c.body, parameters["boundary"])
}
