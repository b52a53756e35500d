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
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/liveroom-io/liveroom-operator/webhook/officialaccount"
)

func signer(uid string, tokens ...string) *officialaccount.Account {
	account := &officialaccount.Account{Key: accountKey, UID: uid}
	for _, token := range tokens {
		account.Keys = append(account.Keys, officialaccount.Key{Token: token})
	}
	return account
}

// parts of a link: what a route finds in it.
func parts(tb testing.TB, link string) (expiry, mac, id string) {
	tb.Helper()
	all := strings.Split(link, "/")
	if len(all) != 7 || all[0] != "" || all[1] != "media" || all[2] != accountKey.Namespace || all[3] != accountKey.Name {
		tb.Fatalf("%q", link)
	}
	return all[4], all[5], all[6]
}

func TestLink(t *testing.T) {
	t.Parallel()
	until := start.Add(time.Hour)
	// Links that agents hold must stay good over releases.
	const want = "/media/shop/support/t65guj/BabV10PS6vLGuACuzYmcAqlnvqA/AbC-1_z"
	if got := Link(signer("uid-1", "presentToken"), mediaID, until); got != want {
		t.Errorf("got %s", got)
	}
	for name, link := range map[string]string{
		"no token":        Link(signer("uid-1"), mediaID, until),
		"no id":           Link(signer("uid-1", "presentToken"), "", until),
		"long id":         Link(signer("uid-1", "presentToken"), strings.Repeat("a", maxIDBytes+1), until),
		"another segment": Link(signer("uid-1", "presentToken"), "a/b", until),
		"dots":            Link(signer("uid-1", "presentToken"), "..", until),
		"a line break":    Link(signer("uid-1", "presentToken"), "a\n", until),
	} {
		if link != "" {
			t.Errorf("%s: %s", name, link)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	account := signer("uid-1", "presentToken", "formerToken")
	until := start.Add(time.Hour)
	expiry, mac, id := parts(t, Link(account, mediaID, until))
	_, formerMAC, _ := parts(t, Link(signer("uid-1", "formerToken"), mediaID, until))
	_, olderMAC, _ := parts(t, Link(signer("uid-1", "olderToken"), mediaID, until))
	_, otherMAC, _ := parts(t, Link(signer("uid-2", "presentToken"), mediaID, until))
	later := strconv.FormatInt(until.Add(time.Hour).Unix(), 36)
	for _, c := range []struct {
		name            string
		account         *officialaccount.Account
		expiry, mac, id string
		now             time.Time
		want            error
	}{
		{"good", account, expiry, mac, id, start, nil},
		{"in its last second", account, expiry, mac, id, until.Add(-time.Second), nil},
		{"over", account, expiry, mac, id, until, errExpired},
		{"of the former token", account, expiry, formerMAC, id, start, nil},
		{"of a token before that", account, expiry, olderMAC, id, start, errForged},
		{"of an account of the same name before", account, expiry, otherMAC, id, start, errForged},
		{"for longer", account, later, mac, id, start, errForged},
		{"of another file", account, expiry, mac, id + "x", start, errForged},
		{"shifted", account, expiry + id[:1], mac, id[1:], start, errForged},
		{"another case of the time", account, strings.ToUpper(expiry), mac, id, start, errForged},
		{"no signature", account, expiry, "", id, start, errForged},
		{"shorter signature", account, expiry, mac[:len(mac)-1], id, start, errForged},
		{"padded signature", account, expiry, mac + "=", id, start, errForged},
		{"forged and over", account, expiry, olderMAC, id, until, errForged},
		{"account without a token", signer("uid-1"), expiry, mac, id, start, errForged},
		{"no account", nil, expiry, mac, id, start, errForged},
		{"no account, signed with no token", nil, expiry, sign("", nobody, expiry, id), id, start, errForged},
	} {
		got, err := check(c.account, c.expiry, c.mac, c.id, c.now)
		if !errors.Is(err, c.want) || err == nil && !got.Equal(until) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

// Whatever is asked for, only what was signed is given.
func FuzzCheck(f *testing.F) {
	account := &officialaccount.Account{
		Key: types.NamespacedName{Namespace: "shop", Name: "support"}, UID: "uid-1", Keys: []officialaccount.Key{{Token: "presentToken"}},
	}
	expiry, mac, id := parts(f, Link(account, mediaID, start.Add(time.Hour)))
	f.Add(expiry, mac, id)
	f.Add(expiry, mac, id+"/..")
	f.Add("-"+expiry, mac, id)
	f.Fuzz(func(t *testing.T, otherExpiry, otherMAC, otherID string) {
		until, err := check(account, otherExpiry, otherMAC, otherID, start)
		switch {
		case otherExpiry == expiry && otherMAC == mac && otherID == id:
			if err != nil {
				t.Fatal(err)
			}
		case !errors.Is(err, errForged) || !until.IsZero():
			t.Fatalf("%v, %v", until, err)
		}
		if link := Link(account, otherID, start); link != "" {
			expiry, mac, id := parts(t, link)
			if _, err := check(account, expiry, mac, id, start.Add(-time.Second)); err != nil || id != otherID {
				t.Fatalf("%q: %v", link, err)
			}
		}
	})
}
