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

package live

import "fmt"

// Numbers of a callback about the end of a push that mean that the customer blocked
// or dropped the stream, section 3.3.
const (
	codeRefused      = 18
	codeByCustomer   = 21
	subDropped       = 100
	subForbidden     = 101
	subReplaced      = 102
	subReplacedEmpty = 103
)

// DisconnectCause says in words why a push ended or was refused, by the errcode of
// the callback and the sub code where one came, section 3.3.
func DisconnectCause(errcode int, sub *int) string {
	if sub != nil {
		if words, ok := refinedCauses[[2]int{errcode, *sub}]; ok {
			return words
		}
	}
	if words, ok := causes[errcode]; ok {
		return words
	}
	return fmt.Sprintf("unknown cause %d", errcode)
}

var causes = func() map[int]string {
	all := map[int]string{
		codeRefused:    "the live service refused the push",
		codeByCustomer: "the stream was dropped, forbidden or replaced",
		10:             "the connection was closed on the way",
		19:             "the third-party authentication refused the push",
		33:             "the encoder sent commands that the live service could not read",
		37:             "nobody watched, and the stream was stopped",
	}
	for words, codes := range map[string][]int{
		"the host stopped the push":                  {1, 2, 3, 4, 35},
		"an internal error of the live service":      {5, 9, 11, 24, 38},
		"the encoder sent malformed data":            {6, 23},
		"the encoder sent a frame that is too large": {7, 39},
		"the encoder sent no data for a long time":   {8, 20},
		"the network of the host failed":             {12, 13, 14, 15, 16, 17},
		"the live service names no cause":            {0},
	} {
		for _, code := range codes {
			all[code] = words
		}
	}
	return all
}()

var refinedCauses = func() map[[2]int]string {
	all := map[[2]int]string{
		{codeRefused, 200}:                 "refused: the account is unknown",
		{codeRefused, 201}:                 "refused: the account is suspended",
		{codeRefused, 202}:                 "refused: the account is overdue",
		{codeRefused, 203}:                 "refused: the account is suspended",
		{codeRefused, 300}:                 "refused: pushed to an IP address in place of the push domain",
		{codeRefused, 301}:                 "refused: the push domain cannot be identified",
		{codeRefused, 302}:                 "refused: the push domain is invalid",
		{codeRefused, 303}:                 "refused: the push domain is disabled",
		{codeRefused, 304}:                 "refused: the application (path) is disabled",
		{codeRefused, 305}:                 "refused: the stream is forbidden",
		{codeRefused, 306}:                 "refused: there is no such channel",
		{codeRefused, 307}:                 "refused: the channel is disabled",
		{codeRefused, 308}:                 "refused: the stream name has characters that are not allowed",
		{codeRefused, 309}:                 "refused: the application (path) has characters that are not allowed",
		{codeRefused, 400}:                 "refused: the host's address is on the block list",
		{codeRefused, 401}:                 "refused: the host's address is not on the allow list",
		{codeRefused, 500}:                 "refused: the push URL has no txTime",
		{codeRefused, 501}:                 "refused: the push URL has expired",
		{codeRefused, 502}:                 "refused: the push URL has no txSecret",
		{codeRefused, 503}:                 "refused: the txSecret of the push URL is wrong",
		{codeRefused, 600}:                 "refused: the account has too many streams",
		{codeRefused, 601}:                 "refused: too many streams of this name",
		{codeRefused, 602}:                 "refused: another stream of this name has priority",
		{codeByCustomer, subDropped}:       "the stream was dropped by a call of the API",
		{codeByCustomer, subForbidden}:     "the stream was forbidden by a call of the API",
		{codeByCustomer, subReplaced}:      "another push of the same stream replaced it",
		{codeByCustomer, subReplacedEmpty}: "another push of the same stream replaced it while it had no data",
	}
	for sub := 100; sub <= 104; sub++ {
		all[[2]int{codeRefused, sub}] = "refused: an internal error of the live service"
	}
	return all
}()
