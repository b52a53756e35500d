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

// Package im is the client of the IM server REST API: domain types at its door, the wire behind it.
//
// One Client serves one application (SDKAppID) for the life of the process. A call goes through these layers,
// outermost first, each a small file of its own:
//
//	metrics           one count per call, by command and class
//	dry run           holds writing calls back
//	retry             at most three attempts, only where the provider's guide allows a repeat
//	circuit breaker   per command, fed by failures to reach the provider, never by its refusals
//	token bucket      per command, one token per HTTP attempt, slowed by frequency refusals
//	sign              the administrator's UserSig, cached and renewed
//	transport         one bounded HTTP exchange, answered with a classified error
//
// Batching sits above all of them rather than between dry run and retry. The layers pass bytes for a command and know
// nothing of items; a batcher is typed by what its callers ask and get, merges their questions and hands out an
// answer per item, so it belongs where the types still are: in the methods of the Client. Everything below it,
// metrics included, sees the batch as the one call that it is.
//
// Errors are a closed set, see Class. A call never returns the provider's types, and no error carries a key, a UserSig
// or a URL query.
package im
