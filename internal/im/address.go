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
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxCallbackAddresses bounds the addresses of one network.
const maxCallbackAddresses = 4096

// Networks whose addresses GetIPList tells apart; these two are where callbacks come from.
const (
	callbacksFromChina  = 5 // Hong Kong included
	callbacksFromAbroad = 6
)

// CallbackAddresses lists the networks from which the provider calls back, sorted, single addresses as networks of one.
// The application's own data centre is asked, because no other accepts its credentials. Some applications are told
// mainland addresses only, unless the provider has enabled more.
func (c *Client) CallbackAddresses(ctx context.Context) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, network := range []int{callbacksFromChina, callbacksFromAbroad} {
		var answer wireAddresses
		parameters := url.Values{"nettype": {strconv.Itoa(network)}}
		if err := askWith(ctx, c.calls, getIPList, parameters, struct{}{}, &answer); err != nil {
			return nil, err
		}
		prefixes, err := answer.prefixes()
		if err != nil {
			return nil, err
		}
		all = append(all, prefixes...)
	}
	// With nothing in it the list would shut out the provider itself.
	if len(all) == 0 {
		return nil, &Error{Class: Unavailable, Command: getIPList.name, Info: "the provider lists no addresses"}
	}
	slices.SortFunc(all, netip.Prefix.Compare)
	return slices.Compact(all), nil
}

type wireAddresses struct {
	IPList []text `json:"IPList"`
}

// prefixes reads addresses and networks. One that cannot be read spoils the list: who is not on it is refused.
func (w *wireAddresses) prefixes() ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, min(len(w.IPList), maxCallbackAddresses))
	for _, item := range w.IPList {
		s := strings.TrimSpace(string(item))
		if s == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(s)
		if err != nil {
			var address netip.Addr
			if address, err = netip.ParseAddr(s); err == nil {
				address = address.WithZone("")
				prefix = netip.PrefixFrom(address, address.BitLen())
			}
		}
		if err != nil {
			return nil, &Error{Class: Unavailable, Command: getIPList.name, Info: cleanInfo("no address: " + strconv.Quote(s))}
		}
		if len(prefixes) == maxCallbackAddresses {
			return nil, &Error{Class: Unavailable, Command: getIPList.name, Info: "the provider lists too many addresses"}
		}
		if address := prefix.Addr(); address.Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(address.Unmap(), prefix.Bits()-96)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}
