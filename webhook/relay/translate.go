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

package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
	"github.com/liveroom-io/liveroom-operator/webhook/media"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/conversation"
	"github.com/liveroom-io/liveroom-operator/webhook/relay/translation"
)

// render makes what an agent is shown. Links end some time after the push came, so
// that the same push always has the same links.
func (r *Relay) render(account *officialaccount.Account, content conversation.Content) []conversation.Rendered {
	var until time.Time
	if content.Inbound != nil {
		_, validity := account.Object.MediaLimits()
		until = time.UnixMilli(content.Inbound.Received).Add(validity)
	}
	return translation.ToAgent(content, func(mediaID string, _ translation.Medium) string {
		if account.WeChat == nil { // the account may not fetch files
			return ""
		}
		return r.Link(account, mediaID, until)
	})
}

// prepareReply translates what an agent wrote.
func (r *Relay) prepareReply(ctx context.Context, j *job, step conversation.PrepareReply) record {
	now := r.Clock.Now()
	parts, err := partsOf(step)
	if err == nil && step.TextOnly {
		text := translation.Text(parts)
		return func(c *conversation.Customer) bool { return c.RecordReplyText(step, text, now) }
	}
	var requests []json.RawMessage
	if err == nil {
		requests, err = r.requests(ctx, j, parts, now.Sub(time.UnixMilli(step.Outbound.Received)) > fileTries)
	}
	if wechat.KindOf(err) != "" {
		r.called(j, providerWeChat, err)
	}
	return func(c *conversation.Customer) bool {
		switch {
		case err == nil:
			return c.RecordReplyPrepared(step, requests, now)
		case errors.Is(err, translation.ErrUnsupported), wechat.KindOf(err) == wechat.Invalid:
			return c.RecordUnfit(step, err.Error(), now)
		default:
			return c.RecordFailed(j.lane, conversation.RefusalOf(err).RetryAfter, now)
		}
	}
}

// partsOf the message of a step: those of its body, or the texts that are left of it.
func partsOf(step conversation.PrepareReply) ([]translation.Part, error) {
	if len(step.Texts) == 0 {
		return translation.ToCustomer(step.Outbound.Body)
	}
	parts := make([]translation.Part, len(step.Texts))
	for i, text := range step.Texts {
		parts[i] = translation.Part{Message: wechat.Text{Content: text}, Text: text}
	}
	return parts, nil
}

// fileTries is how long a file is tried to be fetched and uploaded that fails. The
// customer's other messages wait behind it.
const fileTries = 5 * time.Minute

// requests renders parts for WeChat, after what belongs to them is uploaded. A file
// that WeChat does not take is sent as a link, and with late any that fails.
func (r *Relay) requests(ctx context.Context, j *job, parts []translation.Part, late bool) ([]json.RawMessage, error) {
	requests := make([]json.RawMessage, 0, len(parts))
	for i := range parts {
		message := parts[i].Message
		if parts[i].Fetch != nil {
			mediaID, err := r.upload(ctx, j.account, parts[i].Fetch)
			switch {
			case err == nil:
				message = parts[i].Fetch.Message(mediaID)
			case late, errors.Is(err, media.ErrTooLarge), errors.Is(err, media.ErrForbidden), wechat.KindOf(err) == wechat.Invalid:
				message = wechat.Text{Content: parts[i].Text}
			default:
				return nil, err
			}
		}
		request, err := wechat.Render(j.openID, message)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", translation.ErrUnsupported, err)
		}
		requests = append(requests, request)
	}
	return requests, nil
}

// upload brings a file from IM to WeChat.
func (r *Relay) upload(ctx context.Context, account *officialaccount.Account, f *translation.Fetch) (string, error) {
	if account.WeChat == nil {
		return "", &wechat.Error{Kind: wechat.Unauthorized, Command: "media_upload", Info: "there is no AppSecret"}
	}
	file, err := r.Files.Fetch(ctx, f.URL, f.Limit())
	if err != nil {
		return "", err
	}
	defer file.Close()
	return account.WeChat.UploadMedia(ctx, f.Kind, file.Named(f.Name), file.ContentType, file, file.Size())
}
