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

package seal

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// The constants and vectors of the WeChat contract, sections 1 and 2. The official ones come from the provider's
// documentation, with the key of 43 times A; E1 to E4 were computed apart from this package.
const (
	token       = "shieldwx2026Token"
	appID       = "wx5823bf96d3bd56c7"
	encodingKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	keyHex      = "69b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3d0010831051"

	officialToken = "AAAAA"
	officialAppID = "wxba5fad812f8e6fb9"

	inboundOfficial = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
	replyOfficial   = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
	inboundText     = "Q3stYC6hdFzMh9T8HCvyDOijj+4zIgvMT9VuUUUXZ83/ZjADiDm6BjQrcgkxYnYX0GnmFKmBiNuubcCF/kYXKc43SrMMHCdOmTMgw3qJvweQRb/fQnKMUZHLIY/L5MAPA1NwcRpzT2U9c9pgbHZKoecpMrIqIt+27lCFRiUuabMheH2UT01e8WrWTIttgAbQEhqi50fcNB3skO3IpRPqI7yjXqj6Gch9SptfCh86kAewvRxzNOJlWCCOVmFp581W0vEbDbhXZdL5ci7+X5uZFT4WtB3eBCoSoaCXSO0PZqmgQQjQdkjNr6iXnc/rixSbEUtuE4KKj/EfhQCeCaIxxJvzi7j8vv2XCFbqm3o6KAP4zj/cmGQWpfRiJd8bE7locmT3ySjTXVeCpRhwKQywgyYObzqtjiKjJRC51O8UBm0="
	replyText       = "DpQeJfnf/MGZ/+GTIspwVGrHr0TgXKEoqOlCrZou6qqnHuOBSCPk75I/3eK/emc1Ar4Yq7G3AdgniDzlvpMAYM5mT4Gvh1zKDQrc4HDy+iB4eq08EJWkjF3feuhBMhwGPTFRCuQ+wGz1jjWLIE4+SvSZW/NnflMuMbLwv21Qo5bW7QNoFvCxZO33FJI8WMtDVCGpztyoFQhN/QvefQIwzSejS9KCv99CCU+ekN1bKbIMKZJSJMOQQ6IWynHzwCAZXpsC2hgq1Mk4u7a99ZcHWQS7rqknC/SKr+7Za4OiwTa9aAw0CuM8f5bCJ13Zp0IEnFLJH4CAmbkMMpWSRkqyjtKtrhuUi6BjactBk1aFIDFj0dm/QxYt/t+SLuzlJ5SZ"
	fullPadding     = "Q3stYC6hdFzMh9T8HCvyDHDxbrF7f8TfmYxXSN1y2Vbjja9RgRLcXPjzJF67v90VBzvrt2ekEEfT57sfPiG6UTOB1j0oCAKJbga97U3cn09eBwhAEgcLLdBEek9/5Cm8"
	foreign         = "Q3stYC6hdFzMh9T8HCvyDAuKynFZx72zvSsMzinYKQ/5Nm9RxkIDnEYrkXS+TlzcPC1Y2YKnIzX3E0/ZHxdUew=="

	inboundTextMessage = `<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName><CreateTime>1763848315</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好 hello]]></Content><MsgId>24920000000000001</MsgId></xml>`
	replyTextMessage   = `<xml><ToUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1763848317</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[收到 ok]]></Content></xml>`
)

var officialKey = strings.Repeat("A", KeyLength)

// vectors are messages with what they look like sealed. The sealing text of a foreign account has no message here: it
// must not open.
var vectors = map[string]struct {
	key, appID, random, message, encrypt string
}{
	"official inbound": {
		officialKey, officialAppID, "a8eedb185eb2fecf",
		`{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}`,
		inboundOfficial,
	},
	"official reply":  {officialKey, officialAppID, "707722b803182950", `{"demo_resp":"good luck"}`, replyOfficial},
	"E1 inbound text": {encodingKey, appID, "0123456789abcdef", inboundTextMessage, inboundText},
	"E2 reply":        {encodingKey, appID, "fedcba9876543210", replyTextMessage, replyText},
	"E3 full padding": {encodingKey, appID, "0123456789abcdef", strings.Repeat("x", 26), fullPadding},
	"E4 its own account": {
		encodingKey, "wx0000000000000000", "0123456789abcdef", `<xml><a>1</a></xml>`, foreign,
	},
}

func parseKey(tb testing.TB, text string) Key {
	tb.Helper()
	key, err := ParseKey(text)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func TestSignature(t *testing.T) {
	tests := map[string]struct {
		parts []string
		want  string
	}{
		"G1 official": {[]string{"AAAAA", "1714036504", "1514711492"}, "f464b24fc39322e44b38aa78f5edd27bd1441696"},
		"G2 official": {[]string{"AAAAA", "1714037059", "486452656"}, "899cf89e464efb63f54ddac96b0a0a235f53aa78"},
		"G3":          {[]string{token, "1763848315", "486452656"}, "73e1f21d90dc0000783e84e524c63fa481688558"},

		"official inbound, parameters": {[]string{officialToken, "1714112445", "415670741"}, "6c5c811b55cc85e0e1b54100749188c20beb3f5d"},
		"official inbound, message":    {[]string{officialToken, "1714112445", "415670741", inboundOfficial}, "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"},
		"official reply":               {[]string{officialToken, "1713424427", "415670741", replyOfficial}, "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"},

		"E1, message":    {[]string{token, "1763848316", "1372623149", inboundText}, "a8a6bcf4c70c1ee5e61a7b95f5aa67a68980f6f2"},
		"E1, parameters": {[]string{token, "1763848316", "1372623149"}, "6498619caea88e857fbcba60992fce60c5df2b60"},
		"E2":             {[]string{token, "1763848317", "1372623149", replyText}, "164e04fb13636e1a8be79d64c64b6ec4c4b89240"},
		"E4":             {[]string{token, "1763848316", "1372623149", foreign}, "2d2de70a0325e47770aaecbccb4a27a0acbfd440"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := strings.Join(test.parts, " ")
			if got := Signature(test.parts...); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if strings.Join(test.parts, " ") != before {
				t.Error("it sorted the caller's parts")
			}
		})
	}
}

func TestEqual(t *testing.T) {
	tests := map[string]struct {
		got, want string
		equal     bool
	}{
		"same":            {"abc", "abc", true},
		"other":           {"abd", "abc", false},
		"upper case":      {"ABC", "abc", false},
		"beginning":       {"ab", "abc", false},
		"none":            {"", "abc", false},
		"nothing to meet": {"", "", false},
	}
	for name, test := range tests {
		if Equal(test.got, test.want) != test.equal {
			t.Errorf("%s: not %v", name, test.equal)
		}
	}
}

func TestParseKey(t *testing.T) {
	if got := hex.EncodeToString(parseKey(t, encodingKey).vault.material[:]); got != keyHex {
		t.Errorf("got %s", got)
	}
	if got := *parseKey(t, officialKey).vault.material; got != [keyBytes]byte{} {
		t.Errorf("got %x", got)
	}
	for name, text := range map[string]string{
		"empty":         "",
		"42 characters": encodingKey[1:],
		"44 characters": encodingKey + "=",
		"a line break":  encodingKey[1:] + "\n",
		"a plus":        encodingKey[1:] + "+",
		"padding":       encodingKey[1:] + "=",
		"not ASCII":     encodingKey[2:] + "é",
	} {
		key, err := ParseKey(text)
		if !errors.Is(err, ErrKey) || key != (Key{}) {
			t.Errorf("%s: got %v, %v", name, key, err)
		}
	}
}

func TestVectors(t *testing.T) {
	for name, v := range vectors {
		t.Run(name, func(t *testing.T) {
			s := New(v.appID, parseKey(t, v.key))
			if got, err := s.Seal([]byte(v.message), []byte(v.random)); err != nil || got != v.encrypt {
				t.Errorf("sealed %s, %v", got, err)
			}
			if got, err := s.Open(v.encrypt); err != nil || string(got) != v.message {
				t.Errorf("opened %q, %v", got, err)
			}
		})
	}
}

// Whatever the length of the message, and so of the padding, what is sealed opens.
func TestEveryPadding(t *testing.T) {
	s := New(appID, parseKey(t, encodingKey))
	for length := range 2 * padBlock {
		message := strings.Repeat("m", length)
		encrypt, err := s.Seal([]byte(message), make([]byte, RandomBytes))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Open(encrypt); err != nil || string(got) != message {
			t.Errorf("%d bytes: opened %q, %v", length, got, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	s := New(appID, parseKey(t, encodingKey))
	tests := map[string]struct {
		encrypt string
		want    error
	}{
		"nothing":            {"", ErrEncoding},
		"not base64":         {"!" + inboundText[1:], ErrEncoding},
		"no end":             {inboundText[:len(inboundText)-1], ErrEncoding},
		"a line break":       {inboundText[:76] + "\n" + inboundText[76:], ErrEncoding},
		"other low bits":     {strings.TrimSuffix(inboundText, "0=") + "1=", ErrEncoding},
		"half a block":       {encode(make([]byte, 16)), ErrEncoding},
		"another key's":      {inboundOfficial, ErrPadding},
		"another account":    {foreign, ErrAppID},
		"padding of nothing": {encrypted(t, make([]byte, 32)), ErrPadding},
		"padding of 33":      {encrypted(t, slicesOf(33, 64)), ErrPadding},
		"uneven padding":     {encrypted(t, append(make([]byte, 30), 1, 2)), ErrPadding},
		"nothing but pad":    {encrypted(t, slicesOf(32, 32)), ErrLength},
		"no length":          {encrypted(t, append(make([]byte, 19), slicesOf(13, 13)...)), ErrLength},
		"endless message":    {encrypted(t, framed("\xff\xff\xff\xff", "m"+appID)), ErrLength},
		"a byte too long":    {encrypted(t, framed("\x00\x00\x00\x14", "m"+appID)), ErrLength},
		"into the AppID":     {encrypted(t, framed("\x00\x00\x00\x02", "m"+appID)), ErrAppID},
		"no AppID":           {encrypted(t, framed("\x00\x00\x00\x01", "m")), ErrAppID},
		"longer AppID":       {encrypted(t, framed("\x00\x00\x00\x01", "m"+appID+"0")), ErrAppID},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := s.Open(test.encrypt); !errors.Is(err, test.want) || got != nil {
				t.Errorf("got %q, %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestSealRefuses(t *testing.T) {
	s := New(appID, parseKey(t, encodingKey))
	for _, random := range []int{0, 15, 17} {
		if got, err := s.Seal(nil, make([]byte, random)); !errors.Is(err, ErrLength) || got != "" {
			t.Errorf("with %d random bytes: got %q, %v", random, got, err)
		}
	}
	bare := New(appID, Key{})
	if got, err := bare.Seal(nil, make([]byte, RandomBytes)); !errors.Is(err, ErrKey) || got != "" {
		t.Errorf("without a key: got %q, %v", got, err)
	}
	if got, err := bare.Open(inboundText); !errors.Is(err, ErrKey) || got != nil {
		t.Errorf("without a key: got %q, %v", got, err)
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	key := parseKey(t, encodingKey)
	sealer := New(appID, key)
	values := []any{
		key, &key, sealer, &sealer, struct{ Key Key }{key}, struct{ k Key }{key}, struct{ s Sealer }{sealer},
		struct{ s *Sealer }{&sealer}, map[string]Key{"k": key}, []Sealer{sealer},
	}
	secrets := []string{encodingKey, keyHex[:16], strings.ToUpper(keyHex[:16]), "105 183 29", "0x69, 0xb7"}
	for _, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			assertNone(t, fmt.Sprintf(verb, value), secrets)
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		assertNone(t, string(text), secrets)
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
		assertNone(t, log.String(), secrets)
	}
	if key.MarshalLog() != redacted || key.GoString() != redacted || key.String() != redacted {
		t.Error("a key shows itself")
	}
}

func assertNone(t *testing.T, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%q shows %q", text, secret)
		}
	}
}
