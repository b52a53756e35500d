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
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"time"
)

// Send sends a customer message to a follower: one request, and a second one only after the first was refused because of
// its access token. Nothing makes a repetition safe: an error of kind UnknownOutcome leaves open whether the follower got
// the message, and after every other error it was not sent.
func (c *Client) Send(ctx context.Context, openID string, message Message) error {
	rendered, err := Render(openID, message)
	if err != nil {
		c.metrics.called(customSend, err)
		return err
	}
	return c.SendRendered(ctx, rendered)
}

// SendRendered sends what Render returned, like Send.
func (c *Client) SendRendered(ctx context.Context, rendered []byte) error {
	_, err := c.askWithToken(ctx, customSend, nil, rendered)
	return err
}

// Typing shows the follower for 15 s that somebody types, or ends that. A message ends it as well. It is refused as
// WindowClosed when the follower has not done anything for 30 s, and it is no error when it is shown already.
func (c *Client) Typing(ctx context.Context, openID string, on bool) error {
	verb := "Typing"
	if !on {
		verb = "CancelTyping"
	}
	var body bytes.Buffer
	if err := encode(&body, map[string]string{"touser": openID, "command": verb}); err != nil {
		return invalid(customTyping, "the request cannot be encoded")
	}
	if _, err := c.askWithToken(ctx, customTyping, nil, body.Bytes()); err != nil && (!on || CodeOf(err) != codeAlreadyTyping) {
		return err
	}
	return nil
}

// User is what WeChat tells about a follower. Names and pictures it does not tell any more.
type User struct {
	OpenID string
	// Following is whether the user follows the account. If not, everything else but UnionID is empty.
	Following bool
	// FollowedAt is when the user followed last.
	FollowedAt time.Time
	// UnionID names the user over all accounts that are bound to one Open Platform account.
	UnionID string
	// Remark is the name that the account's staff gave the user.
	Remark  string
	GroupID int64
	TagIDs  []int64
	// Scene is how the user found the account, such as ADD_SCENE_QR_CODE; QRScene and QRSceneText are of its QR code.
	Scene       string
	QRScene     int64
	QRSceneText string
	// Language is not told any more by the newest documentation.
	Language string
}

// userAnswer is a User in WeChat's words.
type userAnswer struct {
	Subscribe      int     `json:"subscribe"`
	OpenID         string  `json:"openid"`
	SubscribeTime  int64   `json:"subscribe_time"`
	UnionID        string  `json:"unionid"`
	Remark         string  `json:"remark"`
	GroupID        int64   `json:"groupid"`
	TagIDs         []int64 `json:"tagid_list"`
	SubscribeScene string  `json:"subscribe_scene"`
	QRScene        int64   `json:"qr_scene"`
	QRSceneText    string  `json:"qr_scene_str"`
	Language       string  `json:"language"`
}

// UserInfo tells about a follower. Somebody who does not follow is no error, see User.Following.
func (c *Client) UserInfo(ctx context.Context, openID string) (User, error) {
	answer, err := c.askWithToken(ctx, userInfo, url.Values{"openid": {openID}, "lang": {"zh_CN"}}, nil)
	if err != nil {
		return User{}, err
	}
	var got userAnswer
	if err := json.Unmarshal(answer, &got); err != nil || got.OpenID != openID {
		return User{}, unclear(userInfo, "the answer is not about the user")
	}
	user := User{
		OpenID: got.OpenID, Following: got.Subscribe != 0, UnionID: got.UnionID, Remark: got.Remark, GroupID: got.GroupID,
		TagIDs: got.TagIDs, Scene: got.SubscribeScene, QRScene: got.QRScene, QRSceneText: got.QRSceneText,
		Language: got.Language,
	}
	if got.SubscribeTime > 0 {
		user.FollowedAt = time.Unix(got.SubscribeTime, 0)
	}
	return user, nil
}

// CallbackAddresses are the networks that WeChat pushes from. They change; once a day is often enough to ask.
func (c *Client) CallbackAddresses(ctx context.Context) ([]netip.Prefix, error) {
	answer, err := c.askWithToken(ctx, callbackIP, nil, nil)
	if err != nil {
		return nil, err
	}
	var got struct {
		IPs []string `json:"ip_list"`
	}
	if err := json.Unmarshal(answer, &got); err != nil || len(got.IPs) == 0 {
		return nil, unclear(callbackIP, "the answer holds no addresses")
	}
	networks := make([]netip.Prefix, 0, len(got.IPs))
	for _, text := range got.IPs {
		if address, err := netip.ParseAddr(text); err == nil {
			networks = append(networks, netip.PrefixFrom(address, address.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			// Going on with the rest would shut out some of WeChat's servers without a word.
			return nil, unclear(callbackIP, "an entry of the answer is not an address")
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}
