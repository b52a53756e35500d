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

// Package wechat is the client of the server API of one WeChat Official Account: customer messages, media, users.
//
// A call goes through these layers, outermost first:
//
//	metrics      one count per call, by command and outcome
//	rate         one token of the bucket per HTTP attempt
//	token        the access token, shared between replicas; one repetition when WeChat refuses it
//	transport    one bounded HTTP exchange, answered with a classified error
//
// There is no retry layer: a customer message has no idempotency key, so whoever sends one has to know what came of each
// attempt. The only repetition is the one after a refused access token, which proves that nothing was done.
//
// Errors are a closed set, see Kind. No error, log line or metric carries the AppSecret, an access token or a URL.
//
// The message push, WeChat's calls to us, is in the packages seal (signatures, encryption) and push (bodies, replies).
package wechat
