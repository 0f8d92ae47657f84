package settings

import (
	"net/url"
	"strings"
	"testing"
)

func TestSizes(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "1": 1, "1048576": 1 << 20, "5B": 5, "500KiB": 500 << 10, "10MiB": 10 << 20, "2GiB": 2 << 30, "1TiB": 1 << 40,
		"1KB": 1000, "3MB": 3_000_000, "1GB": 1_000_000_000, "1TB": 1_000_000_000_000, "9223372036854775807": 1<<63 - 1, "0MiB": 0,
	} {
		if got, m := parseSize(in); m != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", in, got, m, want)
		}
	}
}

func TestDurationsAreWrittenShort(t *testing.T) {
	for in, want := range map[string]string{"168h0m0s": "168h", "30s": "30s", "90s": "1m30s", "1h30m": "1h30m", "10m": "10m", "0": "0s"} {
		d, m := parseDuration(in, 0, longestSession)
		if got := shortDuration(d); m != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", in, got, m, want)
		}
	}
}

func TestTheCureForAnOriginIsValid(t *testing.T) {
	for in, want := range map[string]string{
		"https://app.example.com/":         "https://app.example.com",
		"https://App.Example.com":          "https://app.example.com",
		"https://app.example.com:443":      "https://app.example.com",
		"http://app.example.com:80/x":      "http://app.example.com",
		"https://app.example.com:":         "https://app.example.com",
		"https://app.example.com:8443/x?y": "https://app.example.com:8443",
		"HTTPS://app.example.com":          "https://app.example.com",
	} {
		_, m := parseOrigin(in)
		if m == nil {
			t.Errorf("%s: accepted, want refused", in)
			continue
		}
		if m.cure != "write "+want {
			t.Errorf("%s: got cure %q, want %q", in, m.cure, "write "+want)
		}
		if _, m := parseOrigin(want); m != nil {
			t.Errorf("%s: got %+v, want it accepted", want, *m)
		}
	}
}

// An accepted origin must be in the exact form that browsers send, so that no parser
// can normalise it further.
func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"https://app.example.com", "http://localhost:3000", "http://[::1]:1", "https://a:443", "https://A", "https://a/", "null", "*", "https://1.2.3.4", "https://0x1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, m := parseOrigin(s)
		if m != nil {
			return
		}
		if again, err := url.Parse(s); err != nil || again.Scheme+"://"+again.Host != s {
			t.Errorf("accepted %q, which parses as something else", s)
		}
		if s != strings.ToLower(s) || strings.ContainsAny(s, " \t\r\n*@?#%\\") || strings.Count(s, "/") != 2 || u.Hostname() == "" {
			t.Errorf("accepted %q", s)
		}
		if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
			t.Errorf("accepted the default port in %q", s)
		}
	})
}

func FuzzSize(f *testing.F) {
	for _, seed := range []string{"0", "10MiB", "1GB", "9223372036854775807KiB", "-1", "B"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, m := parseSize(s); m == nil && (n < 0 || s == "" || s[0] < '0' || s[0] > '9') {
			t.Errorf("%q: got %d, want it refused", s, n)
		}
	})
}

func TestAMessageIsOneShortLine(t *testing.T) {
	for _, value := range []string{"a\nb\x00\x1b[31m", strings.Repeat("ü", 500), "\xff\xfe"} {
		got := Show(value)
		if len(got) > maxShown+20 || strings.ContainsAny(got, "\n\x00\x1b") {
			t.Errorf("got %q, want a short line", got)
		}
	}
	if got := Show("postgres://u:hunter2@host/x"); strings.Contains(got, "hunter2") || !strings.Contains(got, "host") {
		t.Errorf("got %s, want the host without the password", got)
	}
}
