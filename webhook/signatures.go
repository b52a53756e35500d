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
	"net/http"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/liveroom-io/liveroom-operator/webhook/usersig"
)

// serveUserSigs adds the UserSig service.
func (s *system) serveUserSigs(mux *http.ServeMux) error {
	// A client without a limit of its own: the service has one, and what strangers
	// send must not stand in the way of status.
	config := rest.CopyConfig(s.mgr.GetConfig())
	config.QPS = -1
	reviews, err := client.New(config, client.Options{HTTPClient: s.mgr.GetHTTPClient(), Scheme: s.mgr.GetScheme(), Mapper: s.mgr.GetRESTMapper()})
	if err != nil {
		return err
	}
	handler, err := usersig.New(usersig.Options{
		Apps: s.mgr.GetClient(), Namespaces: s.Namespaces, Secrets: s.references, Consent: s.consent(), Reviews: reviews,
		Proxies: s.Proxies, Clock: s.Clock, Metrics: s.Metrics, Log: s.Log.WithName("usersig"),
	})
	if err != nil {
		return err
	}
	mux.Handle(usersig.Route, handler)
	return nil
}
