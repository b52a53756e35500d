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

package webhook

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/liveroom-io/liveroom-operator/webhook/deadletter"
)

// CheckAdminAddress says what is wrong with an address for the administration, which
// has no authentication of its own and so must be on the loopback.
func CheckAdminAddress(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is no address such as 127.0.0.1:8083", address)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("%q is not on the loopback, where alone it is safe: name 127.0.0.1 or [::1]; from outside use kubectl exec or port-forward", address)
	}
	return nil
}

// serveAdmin opens the port of the administration, if there is to be one.
func (s *system) serveAdmin(ctx context.Context) error {
	if s.AdminAddress == "" {
		return nil
	}
	if err := CheckAdminAddress(s.AdminAddress); err != nil {
		return err
	}
	letters := deadletter.New(deadletter.Config{
		Letters: s.desk.letters, Replayer: s.desk.relay, Name: s.accountName, UID: s.accountUID, Log: s.Log.WithName("deadletter"),
	})
	var err error
	s.admin, err = listen(ctx, s.AdminAddress, letters)
	return err
}

// stopAdmin lets its calls under way finish.
func (s *system) stopAdmin() error {
	if s.admin == nil {
		return nil
	}
	now := make(chan time.Time)
	close(now)
	return s.admin.stop(now)
}

func (s *system) accountName(uid string) string {
	if account := s.desk.accounts.ByUID(uid); account != nil {
		return account.Key.String()
	}
	return ""
}

// accountUID finds an account by its namespace/name. An account that is gone is
// known by its UID alone.
func (s *system) accountUID(name string) string {
	namespace, object, named := strings.Cut(name, "/")
	if !named {
		return name
	}
	if account := s.desk.accounts.Account(types.NamespacedName{Namespace: namespace, Name: object}); account != nil {
		return account.UID
	}
	return ""
}
