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

package conversation

import (
	"fmt"
	"slices"

	"github.com/liveroom-io/liveroom-operator/internal/wechat"
)

// NoticeKind is what an agent is told about replies, from a closed set.
type NoticeKind string

const (
	// NoticeWindowClosed: the customer has done nothing for 48 hours.
	NoticeWindowClosed NoticeKind = "WindowClosed"
	// NoticeQuotaUsed: the messages that WeChat allows for one of the customer's are used up.
	NoticeQuotaUsed NoticeKind = "QuotaUsed"
	// NoticeNoRight: the account may only answer what the customer writes.
	NoticeNoRight NoticeKind = "NoRight"
	// NoticeUnknown: the reply may or may not have arrived.
	NoticeUnknown NoticeKind = "Unknown"
	// NoticeUnsupported: WeChat cannot show the reply.
	NoticeUnsupported NoticeKind = "Unsupported"
	// NoticeUnfollowed: the customer does not follow the account any more.
	NoticeUnfollowed NoticeKind = "Unfollowed"
	// NoticeGivenUp: the reply has waited too long, or too many wait.
	NoticeGivenUp NoticeKind = "GivenUp"
	// NoticeRefused: WeChat refuses the reply as it is.
	NoticeRefused NoticeKind = "Refused"
)

// Notice to an agent: why replies do not arrive, and what would help. It is shown
// in the conversation with the customer.
type Notice struct {
	Kind NoticeKind `json:"kind"`
	// Agent is whom the notice is for.
	Agent string `json:"agent"`
	// Count is how many replies it is about, where that matters.
	Count int `json:"count"`
	// Code is WeChat's, 0 without one.
	Code int `json:"code,omitempty"`
	// Time of the event, in milliseconds since 1970.
	Time int64 `json:"time"`
}

var noticeTexts = map[NoticeKind][2]string{
	NoticeWindowClosed: {
		"回复未送达：客户已超过 48 小时没有互动，微信不允许发送。客户再次发来消息后，回复会自动送达。",
		"Not delivered: the customer has been silent for over 48 hours, and WeChat takes no message. It will be sent when the customer writes again.",
	},
	NoticeQuotaUsed: {
		"回复未送达：客户每发一条消息，微信最多允许回复 5 条，已用完。客户再次发来消息后，回复会自动送达。",
		"Not delivered: WeChat allows 5 replies to one message of the customer, and they are used up. It will be sent when the customer writes again.",
	},
	NoticeNoRight: {
		"本公众号未认证，不能主动发送消息。回复会以文字形式在客户下次发来消息时送达。",
		"This account is not verified and cannot send by itself. Replies are given as text when the customer writes next.",
	},
	NoticeUnknown: {
		"%d 条回复的发送结果未知：客户可能已经收到，也可能没有。系统不会自动重发，请向客户确认后再决定是否重发。",
		"%d of the replies may or may not have arrived. Nothing is sent again by itself: ask the customer before you repeat it.",
	},
	NoticeUnsupported: {
		"%d 条回复未送达：微信无法显示这种内容。请改用文字、图片、语音或视频。",
		"%d of the replies cannot be shown in WeChat and were not delivered: use text, a picture, a voice or a video.",
	},
	NoticeUnfollowed: {
		"客户已取消关注，回复无法送达，等待中的回复已取消。客户重新关注并发来消息后才能继续。",
		"The customer does not follow the account any more: replies cannot be delivered, and those that waited are cancelled. Go on when the customer follows and writes again.",
	},
	NoticeGivenUp: {
		"%d 条回复已放弃：等待客户再次发来消息的时间过长，或等待的回复过多。内容已保留，可请管理员重发。",
		"%d of the replies were given up, after waiting for the customer too long or with too many others. They are kept: an administrator can send them again.",
	},
	NoticeRefused: {
		"%d 条回复未送达：微信拒绝了内容，或媒体文件已过期。请修改后重新发送。",
		"%d of the replies were refused by WeChat, or their media expired: change them and send them again.",
	},
}

// Text of the notice, in Chinese and in English.
func (n *Notice) Text() string {
	chinese, english := noticeTexts[n.Kind][0], noticeTexts[n.Kind][1]
	switch n.Kind {
	case NoticeUnknown, NoticeUnsupported, NoticeGivenUp, NoticeRefused:
		count := max(n.Count, 1)
		chinese, english = fmt.Sprintf(chinese, count), fmt.Sprintf(english, count)
	default:
	}
	if n.Code != 0 {
		chinese, english = fmt.Sprintf("%s（%d）", chinese, n.Code), fmt.Sprintf("%s (%d)", english, n.Code)
	}
	return "【系统提示】" + chinese + "\n[System] " + english
}

func (n *Notice) sound() bool {
	_, known := noticeTexts[n.Kind]
	return known && isName(n.Agent) && isTime(n.Time)
}

// noticeOf a refusal that lasts until the customer does something.
func noticeOf(blocked wechat.Kind) NoticeKind {
	switch blocked {
	case wechat.CountExhausted:
		return NoticeQuotaUsed
	case wechat.NotFollowing:
		return NoticeUnfollowed
	default:
		return NoticeWindowClosed
	}
}

// noticeOfCause is what an agent is told when a reply is given up.
func noticeOfCause(cause Cause) NoticeKind {
	switch cause {
	case UnknownOutcome:
		return NoticeUnknown
	case WaitedTooLong, TooManyWaiting:
		return NoticeGivenUp
	case NotFollowing:
		return NoticeUnfollowed
	case Unsupported, TooLarge:
		return NoticeUnsupported
	default:
		return NoticeRefused
	}
}

// noticeOnce tells an agent of what lasts, unless that agent knows it.
func (c *Customer) noticeOnce(kind NoticeKind, agent string, at int64, code int) {
	if c.Told.Kind != kind {
		c.Told = told{Kind: kind}
	}
	if agent == "" || slices.Contains(c.Told.Agents, agent) || len(c.Told.Agents) >= maxTold {
		return
	}
	c.Told.Agents = append(c.Told.Agents, agent)
	c.notify(kind, agent, at, code)
}

// notify puts a notice into the lane to the agent. One like it that has not gone
// out yet is counted up instead; of too many the oldest goes.
func (c *Customer) notify(kind NoticeKind, agent string, at int64, code int) {
	waiting := 0
	for _, d := range c.Deliveries {
		if d.Notice == nil || len(d.Parts) > 0 {
			continue
		}
		if waiting++; d.Notice.Kind == kind && d.Notice.Agent == agent {
			d.Notice.Count++
			d.Notice.Code, d.Notice.Time = code, max(d.Notice.Time, at)
			return
		}
	}
	if waiting >= maxNotices {
		oldest := slices.IndexFunc(c.Deliveries, func(d *delivery) bool { return d.Notice != nil && len(d.Parts) == 0 })
		c.Deliveries = slices.Delete(c.Deliveries, oldest, oldest+1)
	}
	c.Notices++
	c.Deliveries = append(c.Deliveries, &delivery{
		ID:     fmt.Sprintf("notice-%d-%d", c.Notices, at),
		Notice: &Notice{Kind: kind, Agent: agent, Count: 1, Code: code, Time: at},
	})
}
