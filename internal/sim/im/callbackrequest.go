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

package im

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxCallbackAnswer bounds what is read of an answer: a replaced message has
// at most 12 KB, a list of refused members 300 names.
const maxCallbackAnswer = 256 << 10

// maxCallbackDrain is how much of a refused answer is read so that its
// connection can be used again.
const maxCallbackDrain = 64 << 10

// outgoing is one attempt to send a callback.
type outgoing struct {
	command string
	origin  origin
	at      time.Time
	fields  answer
	try     int
}

// callbackSign signs a callback as its receiver checks it.
func callbackSign(token, requestTime string) string {
	sum := sha256.Sum256([]byte(token + requestTime))
	return hex.EncodeToString(sum[:])
}

// callbackURLs returns the URL of a callback, its parameters in the documented
// order, and the same without the signature, for the log.
func (c *callbacks) callbackURLs(settings *callbackSettings, out outgoing) (full, shown string) {
	var query strings.Builder
	fmt.Fprintf(&query, "%s?SdkAppid=%d&CallbackCommand=%s&contenttype=json", settings.URL, c.app, url.QueryEscape(out.command))
	if out.origin != (origin{}) {
		fmt.Fprintf(&query, "&ClientIP=%s&OptPlatform=%s", url.QueryEscape(out.origin.ip), url.QueryEscape(out.origin.platform))
	}
	unsigned := query.String()
	if settings.Token == "" {
		return unsigned, unsigned
	}
	requestTime := strconv.FormatInt(c.clock().Unix(), 10)
	stamp := "&RequestTime=" + requestTime
	return unsigned + "&Sign=" + callbackSign(settings.Token, requestTime) + stamp, unsigned + stamp
}

// callbackBody encodes the body of a callback in the form that the settings
// ask for.
func callbackBody(settings *callbackSettings, out outgoing) ([]byte, error) {
	body := maps.Clone(out.fields)
	body["CallbackCommand"] = out.command
	if settings.MessageIDs || !strings.HasPrefix(out.command, "C2C.") {
		milliseconds := out.at.UnixMilli()
		body["EventTime"] = milliseconds
		if settings.StringEventTime {
			body["EventTime"] = strconv.FormatInt(milliseconds, 10)
		}
	}
	if !settings.MessageIDs {
		delete(body, fieldMsgID)
	}
	if settings.OmitEventCause {
		delete(body, fieldEventCause)
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(encoded.Bytes(), []byte("\n")), nil
}

// send makes one attempt and returns the fields of the answer. An error is a
// failed callback: no answer in time, a status other than 200, or a body that
// is not a JSON object.
func (c *callbacks) send(settings *callbackSettings, out outgoing) (map[string]any, error) {
	full, shown := c.callbackURLs(settings, out)
	record := CallbackRecord{Time: c.clock(), Command: out.command, URL: shown, Try: out.try}
	c.book.sending(out.command)
	begin := time.Now()
	fields, status, err := c.exchange(settings, out, full)
	record.Latency, record.Status = time.Since(begin), status
	if err != nil {
		record.Error = err.Error()
	}
	record.ErrorCode, _ = wholeNumber(fields["ErrorCode"])
	c.book.sent(record, err == nil)
	return fields, err
}

// exchange sends the request and reads its answer within the time-out.
func (c *callbacks) exchange(settings *callbackSettings, out outgoing, full string) (map[string]any, int, error) {
	body, err := callbackBody(settings, out)
	if err != nil {
		return nil, 0, fmt.Errorf("the body cannot be encoded: %w", err)
	}
	ctx, cancel := context.WithTimeout(c.background, settings.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, full, bytes.NewReader(body))
	if err != nil {
		return nil, 0, errors.New("the request cannot be made")
	}
	// The documented raw request has Host and Content-Length alone.
	request.Header["User-Agent"] = nil
	response, err := c.client.Do(request)
	if err != nil {
		return nil, 0, withoutURL(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		_, _ = io.CopyN(io.Discard, response.Body, maxCallbackDrain)
		return nil, response.StatusCode, fmt.Errorf("the status is %d", response.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxCallbackAnswer+1))
	switch {
	case err != nil:
		return nil, response.StatusCode, withoutURL(err)
	case len(raw) > maxCallbackAnswer:
		return nil, response.StatusCode, fmt.Errorf("the answer has more than %d bytes", maxCallbackAnswer)
	}
	fields, err := parseObject(raw)
	return fields, response.StatusCode, err
}

// withoutURL takes the URL, which holds a signature, out of an error.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return err
}
