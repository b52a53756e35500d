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

package usersig

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// preflightTTL is how long browsers may keep the answer to a preflight.
const preflightTTL = 10 * time.Minute

// admitPage lets a page of an allowed origin read the answer, a refusal as well.
// A page of another one gets no header, which is what its browser goes by.
func admitPage(header http.Header, app *application, origin string) bool {
	if !slices.Contains(app.origins, origin) {
		return false
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", "Retry-After")
	return true
}

// preflight answers a browser that asks what a page may send. Credentials of
// browsers, such as cookies, are not among it: they prove nothing here.
func preflight(header http.Header, app *application, origin string) (Reason, *refusal) {
	if !admitPage(header, app, origin) {
		return ReasonOriginNotAllowed, refuse(ReasonOriginNotAllowed,
			"pages of this origin may not call: ask the page's own back end, or add the origin to spec.userSigService.allowedOrigins of the ImApp")
	}
	header.Set("Access-Control-Allow-Methods", http.MethodPost)
	header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	header.Set("Access-Control-Max-Age", strconv.Itoa(int(preflightTTL/time.Second)))
	return ReasonPreflight, nil
}
