package jose

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"vestibule/internal/tokentest"
)

func TestTokensInAnotherFormAreRefused(t *testing.T) {
	good := tokentest.Forge(tokentest.PlainHeader, tokentest.Payload(""), []byte(tokentest.Secret))
	if _, err := Parse(good); err != nil {
		t.Fatal(err)
	}
	payload := tokentest.Segment(tokentest.Payload(""))
	longest := good + strings.Repeat("A", (MaxToken-len(good))/4*4)
	if _, err := Parse(longest[:len(longest)-len(longest)%4]); err != nil && strings.Contains(err.Error(), "longer") {
		t.Errorf("a token of the maximum length: got %v", err)
	}
	for name, token := range map[string]string{
		"nothing":           "",
		"oversized":         good + strings.Repeat("A", MaxToken),
		"two segments":      "e30.e30",
		"a JWE":             "e30.e30.e30.e30.e30",
		"JSON":              `{"protected":"e30","payload":"` + payload + `","signature":"AA"}`,
		"no signature":      good[:strings.LastIndex(good, ".")+1],
		"padding":           good + "=",
		"a line break":      strings.Replace(good, ".", "\n.", 1),
		"another alphabet":  "e30.e30.+/+/",
		"a second spelling": good[:len(good)-1] + string(good[len(good)-1]+1),
		"a short remainder": "e30.e30.A",
	} {
		if _, err := Parse(token); err == nil {
			t.Errorf("%s: got it accepted", name)
		}
	}
}

func TestHeadersThatCouldMeanSomethingElseAreRefused(t *testing.T) {
	for raw, want := range map[string]error{
		`{"alg":"HS256"}`:                               nil,
		`{"alg":"HS256","typ":"JWT","kid":"a"}`:         nil,
		`{"alg":"HS256","typ":"application/AT+jwt"}`:    nil,
		`{"alg":"HS256","zip":"DEF","jku":"https://x"}`: nil, // not read, and for the caller to refuse: More
		`{"alg":"none"}`:                                ErrAlgorithm,
		`{"alg":"hs256"}`:                               ErrAlgorithm,
		`{"alg":"HS512"}`:                               ErrAlgorithm,
		`{"alg":"RS256"}`:                               ErrAlgorithm,
		`{"ALG":"HS256"}`:                               ErrAlgorithm,
		`{}`:                                            ErrAlgorithm,
		`{"alg":"HS256","typ":""}`:                      ErrType,
		`{"alg":"HS256","typ":"id+jwt"}`:                ErrType,
		`{"alg":"HS256","typ":"text/jwt"}`:              ErrType,
		`{"alg":"HS256","alg":"HS256"}`:                 errAny,
		`{"alg":"none","\u0061lg":"HS256"}`:             errAny,
		`{"alg":"HS256","x":{"a":1,"a":2}}`:             errAny,
		`{"alg":"HS256","crit":[]}`:                     errAny,
		`{"alg":"HS256","crit":null}`:                   errAny,
		`{"alg":"HS256","b64":true}`:                    errAny,
		`{"alg":"HS256","b64":false,"crit":["b64"]}`:    errAny,
		`{"alg":["HS256"]}`:                             errAny,
		`{"alg":null}`:                                  errAny,
		`{"alg":"HS256","typ":null}`:                    errAny,
		`{"alg":"HS256","kid":null}`:                    errAny,
		`{"alg":"HS256","kid":7}`:                       errAny,
		`{"alg":"HS256"} {}`:                            errAny,
		`["HS256"]`:                                     errAny,
		"{\"alg\":\"HS256\",\"x\":\"\xff\"}":            errAny,
		"\ufeff{\"alg\":\"HS256\"}":                     errAny,
		``:                                              errAny,
	} {
		h, err := ParseHeader([]byte(raw))
		if want == errAny {
			if err == nil {
				t.Errorf("%s: got it read as %+v", raw, h)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: got %v", raw, err)
		}
		if err := h.Check(HS256); !errors.Is(err, want) || err != nil && want == nil {
			t.Errorf("%s: got %v, want %v", raw, err, want)
		}
		if more := strings.Contains(raw, "zip") || strings.Contains(raw, "ALG"); h.More != more {
			t.Errorf("%s: got other members: %t, want %t", raw, h.More, more)
		}
	}
}

var errAny = errors.New("any")

func TestOnlyNumbersAreDates(t *testing.T) {
	for raw, want := range map[string]bool{
		"0": true, "-0": true, "1.5": true, "2e10": true, "-1e300": true, "253402300799": true, "1770091800": true,
		"253402300800": false, "1770091800000": false, "1e300": false, "1e400": false, `"1770091800"`: false,
		"null": false, "true": false, "[]": false, "{}": false, "": false,
	} {
		if got, err := Date(jsontext.Value(raw)); (err == nil) != want {
			t.Errorf("%q: got %v, %v, want a date: %t", raw, got, err, want)
		}
	}
}

func TestClaimsAreReadInOneWay(t *testing.T) {
	for _, raw := range []string{
		`{"sub":"a","sub":"b"}`, `{"exp":1,"\u0065xp":2}`, `{"x":{"a":1,"a":2}}`, `{"act":{"sub":"a","sub":"b"}}`,
		`{} {}`, `[]`, "", "{\"x\":\"\xff\"}", "\ufeff{}",
	} {
		if c, err := ParseClaims([]byte(raw)); err == nil {
			t.Errorf("%s: got %+v, want an error", raw, c)
		}
	}
	if c, err := ParseClaims([]byte(`{"SUB":"a"}`)); err != nil || c.Subject != nil {
		t.Errorf("got %v, %v: a claim in capitals is another claim", c.Subject, err)
	}
}

// FuzzText: text is read in the same way as by another parser.
func FuzzText(f *testing.F) {
	for _, seed := range []string{`"a"`, `""`, `"\u0061\n"`, `"é"`, `"`, `"a`, `a"`, `"a"b"`, `"\"`, "\"\x7f\"", "\"\xff\"", ` "a" `, `7`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, ok := Text(jsontext.Value(raw))
		var want string
		if err := json.Unmarshal([]byte(raw), &want); ok && (err != nil || got != want) {
			t.Errorf("%q: got %q, want %q (%v)", raw, got, want, err)
		}
	})
}

// FuzzScopes: scopes are words with only the characters of RFC 6749 §3.3.
func FuzzScopes(f *testing.F) {
	for _, seed := range []string{`""`, `"tasks:read"`, `"tasks:write  tasks:read "`, `"TASKS:READ"`, `["tasks:read"]`, `"tasks:read\t"`, `null`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, claim string) {
		got, err := Scopes(jsontext.Value(claim))
		if err != nil {
			if got != nil {
				t.Errorf("got %q with an error", got)
			}
			return
		}
		for _, word := range got {
			for _, c := range []byte(word) {
				if c <= ' ' || c > '~' || c == '"' || c == '\\' {
					t.Errorf("%s: got %q", claim, word)
				}
			}
		}
	})
}
