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

package media

import (
	"net/netip"
	"syscall"
)

// inside are the addresses that lead to machines of our own, or to nobody: beside
// those that net/netip knows as private, loopback, link-local or multicast.
var inside = prefixes(
	"0.0.0.0/8",       // this network
	"100.64.0.0/10",   // shared by carriers and clouds, which have services of their own there
	"192.0.0.0/24",    // protocols
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // relays of 6to4
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"240.0.0.0/4",     // reserved
	"::/96",           // IPv4 in an old form
	"64:ff9b::/96",    // IPv4, translated
	"64:ff9b:1::/48",  // IPv4, translated locally
	"100::/64",        // discarded
	"2001::/23",       // protocols, among them Teredo, which holds IPv4
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4, which holds IPv4
	"fec0::/10",       // site-local
)

func prefixes(all ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(all))
	for i, one := range all {
		parsed[i] = netip.MustParsePrefix(one)
	}
	return parsed
}

// public reports whether an address is one of the internet.
func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, prefix := range inside {
		if prefix.Contains(ip) {
			return false
		}
	}
	return true
}

// control sees the address that a name stands for, right before it is connected
// to: a check of the name beforehand could get another answer.
func (f *Fetcher) control(_, address string, _ syscall.RawConn) error {
	if f.local {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || !public(at.Addr()) {
		return ErrForbidden
	}
	return nil
}
