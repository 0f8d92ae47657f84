package web

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"vestibule/internal/testlog"
)

// noted returns what the log record of a refused request says.
func noted(t *testing.T, header http.Header) (record struct {
	Origin  string `json:"refused_origin"`
	From    string
	Setting string
}, line string) {
	t.Helper()
	log := &testlog.Buffer{}
	h := RequestLog{Log: slog.New(slog.NewJSONHandler(log, nil)), Surface: "test"}.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		NoteOrigin(r, "TRUSTED_ORIGINS")
	}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	r.Header = header
	h.ServeHTTP(httptest.NewRecorder(), r)
	if err := json.Unmarshal([]byte(log.String()), &record); err != nil {
		t.Fatal(err)
	}
	return record, log.String()
}

func TestARefusedOriginIsNoted(t *testing.T) {
	for _, tt := range []struct {
		name         string
		header       http.Header
		origin, from string
	}{
		{"an origin", http.Header{"Origin": {"http://127.0.0.1:3000"}, "Referer": {"http://x/"}}, "http://127.0.0.1:3000", "Origin"},
		{"a referer, without its secrets", http.Header{"Referer": {"https://user:a-password@a.example/reset?token=x#y"}}, "https://a.example", "Referer"},
		{"two referers", http.Header{"Referer": {"https://a.example/x", "::"}}, "https://a.example, no URL", "Referer"},
		{"neither", http.Header{"Sec-Fetch-Site": {"cross-site"}}, "cross-site", "Sec-Fetch-Site"},
		{"nothing", http.Header{}, "", "Sec-Fetch-Site"},
	} {
		record, line := noted(t, tt.header)
		if record.Origin != tt.origin || record.From != tt.from || record.Setting != "TRUSTED_ORIGINS" {
			t.Errorf("%s: got %+v, want %q from %s", tt.name, record, tt.origin, tt.from)
		}
		if strings.Contains(line, "a-password") || strings.Contains(line, "token=x") {
			t.Errorf("%s: got %s", tt.name, line)
		}
	}
	header := http.Header{"Referer": {"https://a.example/x"}}
	if noted(t, header); header.Get("Referer") != "https://a.example/x" {
		t.Errorf("the request's own header was changed: %v", header)
	}
}

func FuzzNoteOrigin(f *testing.F) {
	f.Add("https://a.example", "")
	f.Add("\u202ehttps://x\r\n{}", "")
	f.Add("", "https://a.example/\xff")
	f.Fuzz(func(t *testing.T, origin, referer string) {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		if referer != "" {
			header.Set("Referer", referer)
		}
		record, line := noted(t, header)
		if strings.Count(line, "\n") != 1 || !utf8.ValidString(line) || len(record.Origin) > 10*(maxOrigin+4) {
			t.Errorf("got %q", line)
		}
		for _, c := range []byte(record.Origin) {
			if c < ' ' || c > '~' {
				t.Fatalf("got %q, want printable ASCII alone", record.Origin)
			}
		}
	})
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "app.localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true,
		"": false, "localhost.example.com": false, "127.0.0.1.example.com": false, "notlocalhost": false, "10.0.0.1": false, "0.0.0.0": false, "example.com": false,
	} {
		if got := Loopback(host); got != want {
			t.Errorf("%q: got %t, want %t", host, got, want)
		}
	}
}
