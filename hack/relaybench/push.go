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
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/liveroom-io/liveroom-operator/internal/wechat/seal"
	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

// connections of the generator.
const connections = 64

// delivery is a push as WeChat sends it.
type delivery struct {
	target string // path and query
	body   []byte
}

// openID of a customer who is not in the simulator: 28 characters.
func openID(customer int) string { return fmt.Sprintf("oBench%022d", customer) }

// pushes seals texts beforehand: what WeChat's servers compute is not measured.
// Each has an id of its own, beginning with first.
func pushes(first, count int, customer func(n int) int, text func(n int) string) ([]delivery, error) {
	sealer, err := newSealer()
	if err != nil {
		return nil, err
	}
	path := officialaccount.Path(pushToken, accountKey.Namespace, accountKey.Name)
	now, nonce := strconv.FormatInt(time.Now().Unix(), 10), "1372623149"
	all := make([]delivery, count)
	salt := make([]byte, 16)
	for n := range all {
		from := openID(customer(n))
		binary.BigEndian.PutUint64(salt, uint64(first+n))
		encrypt, err := sealer.Seal(fmt.Appendf(nil, "<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName>"+
			"<CreateTime>%s</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content><MsgId>%d</MsgId></xml>",
			originalID, from, now, text(n), 24920000000000001+first+n), salt)
		if err != nil {
			return nil, fmt.Errorf("sealing a push: %w", err)
		}
		query := url.Values{
			"signature": {seal.Signature(pushToken, now, nonce)}, "timestamp": {now}, "nonce": {nonce}, "openid": {from},
			"encrypt_type": {"aes"}, "msg_signature": {seal.Signature(pushToken, now, nonce, encrypt)},
		}
		all[n] = delivery{
			target: path + "?" + query.Encode(),
			body:   fmt.Appendf(nil, "<xml><ToUserName><![CDATA[%s]]></ToUserName><Encrypt><![CDATA[%s]]></Encrypt></xml>", originalID, encrypt),
		}
	}
	return all, nil
}

// generator sends pushes.
type generator struct{ client *http.Client }

func newGenerator() *generator {
	return &generator{client: &http.Client{
		Timeout:   5 * time.Second, // as WeChat
		Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections},
	}}
}

// errRefused is an answer other than 200.
var errRefused = errors.New("the push was refused")

// send sends one push and reads the answer, which is a reply or none.
func (g *generator) send(ctx context.Context, base string, d delivery) (replied bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+d.target, bytes.NewReader(d.body))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "text/xml")
	response, err := g.client.Do(request)
	if err != nil {
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return false, err
	}
	replied = bytes.Contains(text, []byte("<Encrypt>"))
	if response.StatusCode != http.StatusOK || !replied && string(text) != "success" {
		return false, fmt.Errorf("%w: %d %.100s", errRefused, response.StatusCode, text)
	}
	return replied, nil
}

// turn is what a closed loop has measured.
type turn struct {
	perSecond float64
	p99       time.Duration
	sent      int
	replies   int
}

// loop keeps all connections busy for a while, or until there are no more pushes. It
// fails if any push does. With repeat it begins again at the end of the pushes.
func (g *generator) loop(ctx context.Context, length time.Duration, base string, all []delivery, repeat bool) (turn, error) {
	var (
		next    atomic.Int64
		replies atomic.Int64
		mu      sync.Mutex
		took    []time.Duration
		failure error
		group   sync.WaitGroup
	)
	began := time.Now()
	for range connections {
		group.Go(func() {
			own := make([]time.Duration, 0, 1<<12)
			var err error
			for time.Since(began) < length && ctx.Err() == nil && err == nil {
				n := int(next.Add(1)) - 1
				if n >= len(all) && !repeat {
					break
				}
				sent := time.Now()
				var replied bool
				if replied, err = g.send(ctx, base, all[n%len(all)]); replied {
					replies.Add(1)
				}
				own = append(own, time.Since(sent))
			}
			mu.Lock()
			defer mu.Unlock()
			took, failure = append(took, own...), errors.Join(failure, err)
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	if failure != nil || len(took) == 0 {
		return turn{}, errors.Join(failure, ctx.Err())
	}
	slices.Sort(took)
	return turn{
		perSecond: float64(len(took)) / elapsed.Seconds(), p99: took[len(took)*99/100], sent: len(took), replies: int(replies.Load()),
	}, nil
}

func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
