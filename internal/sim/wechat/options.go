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
	"fmt"
	"net/netip"
	"net/url"
	"time"
)

// Sizes that bound what the simulator keeps or reads.
const (
	maxAPIBody      = 1 << 20
	maxSideDoorBody = 16 << 20
	maxAccounts     = 1000
	maxFollowers    = 1_000_000 // of one account
	maxPhone        = 2000      // messages kept of one follower
	maxFileBytes    = 32 << 20
)

// Delivery says how unpleasant the delivery of pushes is. The zero value
// delivers the pushes of one follower one after the other.
type Delivery struct {
	// Unordered sends every push at once, whether or not earlier ones of the
	// same follower have been answered.
	Unordered bool `json:"unordered"`
	// Reorder is the chance that a push is overtaken by the next one of the
	// same follower, if that waits already.
	Reorder float64 `json:"reorder"`
	// Duplicate is the chance that an answer is lost on its way, and the
	// request comes again although it was answered. The last try's answer
	// always arrives.
	Duplicate float64 `json:"duplicate"`
}

func (d Delivery) validate() error {
	if d.Reorder < 0 || d.Reorder > 1 || d.Duplicate < 0 || d.Duplicate > 1 {
		return fmt.Errorf("delivery: chances must be from 0 to 1")
	}
	return nil
}

// Options configure a Simulator. The zero value of every switch is the
// simulator's choice where the provider's documents are silent.
type Options struct {
	// Accounts exist from the start. More can be added later.
	Accounts []Account

	// Clock tells the time. nil means time.Now. It drives CreateTime,
	// timestamps, tokens, windows, quotas and the age of media, but not
	// deadlines, pauses and latencies.
	Clock func() time.Time

	// PushTimeout is how long a push waits for its answer. 0 means 5 s.
	PushTimeout time.Duration
	// PushTries is how often a push is sent at most. 0 means 3.
	PushTries int
	// RetryGap is the time from the beginning of a try to the next one; a try
	// that took longer is followed at once. 0 means PushTimeout, negative
	// means no gap.
	RetryGap time.Duration
	// FreshRetries gives every try a timestamp, a nonce and a signature of
	// its own. Otherwise the same request is sent again.
	FreshRetries bool
	// PushWorkers is how many pushes can be under way at once. 0 means 64.
	PushWorkers int
	// PushQueue is how many pushes may be unfinished; more are refused. 0
	// means 65,536.
	PushQueue int
	// Delivery is what Simulator.SetDelivery changes later.
	Delivery Delivery

	// AddUpQuota adds the messages that an action of the follower allows to
	// what is left of the last such action, instead of starting again.
	AddUpQuota bool
	// UnfollowedCode is what sending to somebody who has left is refused with:
	// 43004 unless set; 40003 and 45015 are the other plausible ones. Somebody
	// who never was there is 40003.
	UnfollowedCode int
	// WrongSecretCode is 40125 unless set; 40001 is the other documented one.
	WrongSecretCode int
	// TokenLength is the length of access tokens, from 32 to 512. 0 means 136.
	TokenLength int
	// SmallImages refuses images above 2 MB, as the notes of the documents
	// say, instead of 10 MB.
	SmallImages bool
	// CurrentUploadAnswer adds errcode 0 to the answer of an upload, as the
	// newest sample does.
	CurrentUploadAnswer bool
	// PageSize is how many followers a call lists. 0 means 10,000.
	PageSize int

	// Latency delays every answer of the API (not of the side door).
	Latency time.Duration
	// PublicURL is where pictures and videos of followers are loaded from. If
	// empty, it is the address that the simulator was last called by.
	PublicURL string
	// CallbackAddresses and APIAddresses are what getcallbackip and
	// get_api_domain_ip answer. Empty means loopback.
	CallbackAddresses []string
	APIAddresses      []string
	// MediaBytes bounds the media kept of one account; the oldest give way. 0
	// means 256 MiB.
	MediaBytes int64
	// CallLogSize is how many calls and how many tries of pushes are kept. 0
	// means 4096.
	CallLogSize int
	// Seed repeats the random choices of faults and delivery.
	Seed uint64
}

// Validate says what is wrong with the options.
func (o Options) Validate() error {
	for _, negative := range []struct {
		name  string
		value int64
	}{
		{"PushTimeout", int64(o.PushTimeout)}, {"PushTries", int64(o.PushTries)}, {"PushWorkers", int64(o.PushWorkers)},
		{"PushQueue", int64(o.PushQueue)}, {"Latency", int64(o.Latency)}, {"MediaBytes", o.MediaBytes},
		{"CallLogSize", int64(o.CallLogSize)}, {"PageSize", int64(o.PageSize)},
	} {
		if negative.value < 0 {
			return fmt.Errorf("options: %s must not be negative", negative.name)
		}
	}
	switch o.UnfollowedCode {
	case 0, codeNotFollowing, codeOpenID, codeWindow:
	default:
		return fmt.Errorf("options: UnfollowedCode must be %d, %d or %d", codeNotFollowing, codeOpenID, codeWindow)
	}
	switch o.WrongSecretCode {
	case 0, codeSecret, codeInvalidToken:
	default:
		return fmt.Errorf("options: WrongSecretCode must be %d or %d", codeSecret, codeInvalidToken)
	}
	if o.TokenLength != 0 && (o.TokenLength < minTokenLength || o.TokenLength > maxTokenLength) {
		return fmt.Errorf("options: TokenLength must be from %d to %d", minTokenLength, maxTokenLength)
	}
	if err := checkURL("PublicURL", o.PublicURL); err != nil {
		return fmt.Errorf("options: %w", err)
	}
	for _, text := range append(append([]string{}, o.CallbackAddresses...), o.APIAddresses...) {
		if _, err := parsePrefix(text); err != nil {
			return fmt.Errorf("options: address %q: %w", text, err)
		}
	}
	seen := map[string]bool{}
	for _, a := range o.Accounts {
		a = a.withDefaults()
		if err := a.validate(); err != nil {
			return err
		}
		if seen[a.AppID] || seen[a.OriginalID] {
			return fmt.Errorf("account %q: there are two of them", a.AppID)
		}
		seen[a.AppID], seen[a.OriginalID] = true, true
	}
	return o.Delivery.validate()
}

// withDefaults fills in what zero stands for.
func (o Options) withDefaults() Options {
	setDefault(&o.PushTimeout, 5*time.Second)
	setDefault(&o.PushTries, 3)
	setDefault(&o.RetryGap, o.PushTimeout)
	setDefault(&o.PushWorkers, 64)
	setDefault(&o.PushQueue, 1<<16)
	setDefault(&o.UnfollowedCode, codeNotFollowing)
	setDefault(&o.WrongSecretCode, codeSecret)
	setDefault(&o.TokenLength, 136)
	setDefault(&o.PageSize, 10_000)
	setDefault(&o.MediaBytes, 256<<20)
	setDefault(&o.CallLogSize, 4096)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	loopback := []string{"127.0.0.1", "::1"}
	if len(o.CallbackAddresses) == 0 {
		o.CallbackAddresses = loopback
	}
	if len(o.APIAddresses) == 0 {
		o.APIAddresses = loopback
	}
	return o
}

// setDefault replaces a zero value.
func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// checkURL accepts absolute http and https URLs, and none.
func checkURL(name, text string) error {
	if text == "" {
		return nil
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return fmt.Errorf("%s must be an absolute http or https URL", name)
	}
	return nil
}

// parsePrefix reads an address or a block of addresses.
func parsePrefix(text string) (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Masked(), nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("not an address or a block of addresses")
	}
	return netip.PrefixFrom(address, address.BitLen()), nil
}
