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

// Package live builds and checks what live streaming is addressed with: push and
// playback URLs of Cloud Streaming Services (CSS) with their signatures, the room://
// URLs of TRTC that the TWebLive component takes, and the signatures of callbacks.
// It is pure: no clock, no network. Sections are those of the live contract.
package live

import (
	"crypto/md5" //nolint:gosec // the provider's algorithm
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// srtPort is where push domains take SRT, section 1.1.
const srtPort = "9000"

// Time is txTime: the Unix seconds of a time as upper-case hexadecimal, as the
// console writes it. The text itself goes into the signature, section 1.2.
func Time(t time.Time) string { return strings.ToUpper(strconv.FormatInt(t.Unix(), 16)) }

// Secret is txSecret, the signature of a stream name and the txTime text with the
// key of a domain, sections 1.2 and 2.2. Domain, application and file suffix are not
// part of it; of a transcoded stream the whole name is.
func Secret(key, streamName, txTime string) string {
	sum := md5.Sum([]byte(key + streamName + txTime)) //nolint:gosec // the provider's algorithm
	return hex.EncodeToString(sum[:])
}

// Push is where the stream of a host goes, section 1.1. Its URLs are secret: whoever
// has one can push.
type Push struct {
	// Domain to push to, the application (path), and the stream.
	Domain, AppName, StreamName string
	// Key of the domain. Empty when push authentication is switched off: the URLs
	// have no signature then.
	Key string
	// Expires is when the URLs are no longer accepted. A push that runs goes on.
	Expires time.Time
}

// signature is the parts of txSecret and txTime joined by a separator, or nothing.
func signature(key, streamName string, expires time.Time, separator string) string {
	if key == "" {
		return ""
	}
	at := Time(expires)
	return "txSecret=" + Secret(key, streamName, at) + separator + "txTime=" + at
}

// query is the signature as the query of a URL.
func query(key, streamName string, expires time.Time) string {
	if signed := signature(key, streamName, expires, "&"); signed != "" {
		return "?" + signed
	}
	return ""
}

// RTMP is the URL for encoders.
func (p Push) RTMP() string { return p.Server() + p.StreamKey() }

// Server and StreamKey are the two parts of RTMP that OBS asks for.
func (p Push) Server() string { return "rtmp://" + p.Domain + "/" + p.AppName + "/" }

// StreamKey is the second one.
func (p Push) StreamKey() string { return p.StreamName + query(p.Key, p.StreamName, p.Expires) }

// WebRTC is the URL for browsers.
func (p Push) WebRTC() string { return "webrtc://" + p.Domain + "/" + p.AppName + "/" + p.StreamKey() }

// SRT is the URL for encoders that push over SRT.
func (p Push) SRT() string {
	text := "srt://" + p.Domain + ":" + srtPort + "?streamid=#!::h=" + p.Domain + ",r=" + p.AppName + "/" + p.StreamName
	if signed := signature(p.Key, p.StreamName, p.Expires, ","); signed != "" {
		text += "," + signed
	}
	return text
}

// Playback is where viewers watch a stream, section 2.1.
type Playback struct {
	// Secure is for https instead of http; the domain needs a certificate.
	Secure bool
	// Domain to watch at, the application (path), and the stream.
	Domain, AppName, StreamName string
	// Key of the domain. Empty when playback authentication is switched off.
	Key string
	// Expires is when the URLs are no longer accepted.
	Expires time.Time
	// AuthDelta is the validity set beside the key, which the provider adds to
	// txTime, section 2.2.
	AuthDelta time.Duration
}

func (p Playback) path(scheme, suffix string) string {
	return scheme + "://" + p.Domain + "/" + p.AppName + "/" + p.StreamName + suffix + query(p.Key, p.StreamName, p.Expires.Add(-p.AuthDelta))
}

func (p Playback) scheme() string {
	if p.Secure {
		return "https"
	}
	return "http"
}

// FLV is the HTTP-FLV URL.
func (p Playback) FLV() string { return p.path(p.scheme(), ".flv") }

// HLS is the HLS URL.
func (p Playback) HLS() string { return p.path(p.scheme(), ".m3u8") }

// RTMP is the RTMP URL.
func (p Playback) RTMP() string { return p.path("rtmp", "") }

// WebRTC is the URL with the lowest delay (LEB).
func (p Playback) WebRTC() string { return p.path("webrtc", "") }

// CDN is FLV and HLS in the one text that the TWebLive component takes apart at
// "&hls=" and decodes, section 6.2.
func (p Playback) CDN() string { return "https://flv=" + escape(p.FLV()) + "&hls=" + escape(p.HLS()) }

// escape is encodeURIComponent for the texts of URLs, with nothing that
// decodeURIComponent would read otherwise: a blank is %20 and not +.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
