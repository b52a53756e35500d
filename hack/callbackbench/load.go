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
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	webhookim "github.com/liveroom-io/liveroom-operator/webhook/im"
)

// connections of the generator.
const connections = 64

// generator sends callbacks.
type generator struct {
	client *http.Client
	query  atomic.Pointer[signedQuery]
}

// signedQuery serves for one second.
type signedQuery struct {
	second int64
	text   string
}

func newGenerator() *generator {
	return &generator{client: &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections},
	}}
}

// parameters are the query of a callback of a command, signed.
func (g *generator) parameters(command string) string {
	now := time.Now().Unix()
	if known := g.query.Load(); known != nil && known.second == now {
		return "?SdkAppid=" + strconv.Itoa(sdkAppID) + "&CallbackCommand=" + command + known.text
	}
	text := strconv.FormatInt(now, 10)
	g.query.Store(&signedQuery{now, "&contenttype=json&ClientIP=203.0.113.7&OptPlatform=Web&Sign=" + webhookim.Sign([]byte(token), text) + "&RequestTime=" + text})
	return g.parameters(command)
}

// errRefused is an answer other than success.
var errRefused = errors.New("the callback was refused")

// send sends one callback and reads the answer.
func (g *generator) send(ctx context.Context, url, command string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+g.parameters(command), bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := g.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(`"ErrorCode":0`)) {
		return fmt.Errorf("%w: %d %.100s", errRefused, response.StatusCode, text)
	}
	return nil
}

// figures of a closed loop.
type figures struct {
	perSecond float64
	p99       time.Duration
}

// loop keeps all connections busy for a while. It fails if any callback does.
func (g *generator) loop(ctx context.Context, length time.Duration, url, command string, body func(n int64) []byte) (figures, error) {
	var (
		number  atomic.Int64
		mu      sync.Mutex
		took    []time.Duration
		failure error
		group   sync.WaitGroup
	)
	began := time.Now()
	for range connections {
		group.Go(func() {
			own := make([]time.Duration, 0, 1<<14)
			for time.Since(began) < length && ctx.Err() == nil {
				text := body(number.Add(1))
				sent := time.Now()
				if err := g.send(ctx, url, command, text); err != nil {
					mu.Lock()
					failure = err
					mu.Unlock()
					return
				}
				own = append(own, time.Since(sent))
			}
			mu.Lock()
			took = append(took, own...)
			mu.Unlock()
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	if failure != nil || len(took) == 0 {
		return figures{}, errors.Join(failure, ctx.Err())
	}
	slices.Sort(took)
	return figures{perSecond: float64(len(took)) / elapsed.Seconds(), p99: took[len(took)*99/100]}, nil
}

const (
	beforeSend = "Group.CallbackBeforeSendMsg"
	afterSend  = "Group.CallbackAfterSendMsg"
)

// said is what users say: nothing that a policy minds.
var said = []string{
	"童装啥时候上新？想给孩子买一套", "how much is the blue one, size 120?", "主播好！第一次来，关注了", "这个颜色还有货吗？什么时候发货",
	"can you show it from the other side please", "价格有点贵，能不能便宜一点", "哈哈哈哈哈哈", "已下单，谢谢主播，期待收到货",
}

// message is the body of a callback about text. Every number is another message.
func (b *bench) message(command string, n int64) []byte {
	now := time.Now()
	tail := ""
	if command == afterSend {
		tail = fmt.Sprintf(`,"MsgSeq":%d,"MsgTime":%d`, n, now.Unix())
	}
	user := n * 7919 % userCount
	return fmt.Appendf(nil, `{"CallbackCommand":%q,"GroupId":%q,"Type":"AVChatRoom","From_Account":"viewer%d","Operator_Account":"viewer%d",`+
		`"Random":%d,"OnlineOnlyFlag":0,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}],"CloudCustomData":"","EventTime":%d%s}`,
		command, b.rooms[n%int64(len(b.rooms))].GroupID(), user, user, uint32(n), said[n%int64(len(said))], now.UnixMilli(), tail)
}

// parsed is the JSON of a callback about a message.
type parsed struct {
	CallbackCommand, GroupID, Type, FromAccount, OperatorAccount, CloudCustomData string
	Random, MsgSeq, MsgTime, EventTime                                            int64
	OnlineOnlyFlag                                                                int
	MsgBody                                                                       []struct {
		MsgType    string
		MsgContent struct{ Text, Data, Desc, Ext, Sound string }
	}
}

// parseOnly is the bare handler.
func parseOnly(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var callback parsed
	if err := json.Unmarshal(body, &callback); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`)
}
