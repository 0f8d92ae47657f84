package web

import (
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func TestOnlyKnownParametersOfAQueryAreRead(t *testing.T) {
	var names []string
	for i := range 8 << 10 {
		names = append(names, strconv.FormatInt(int64(i), 36))
	}
	for name, raw := range map[string]string{
		"many names":     strings.Join(names, "&"),
		"many of a name": strings.TrimSuffix(strings.Repeat("token=x&", 4<<10), "&"),
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/?"+raw+"&known=yes", nil)
			var got string
			if bytes := allocated(func() { got = QueryValue(r, "known") }); bytes > 4<<10 || got != "yes" {
				t.Errorf("got %q, and %d bytes for a query of %d", got, bytes, len(raw))
			}
		})
	}
	values, err := ParseQuery("token=a&token=b&token=c", "token")
	if err != nil || len(values["token"]) != maxRepeats {
		t.Errorf("got %v, %v, want two values", values, err)
	}
}

// FuzzParseQuery compares it with url.ParseQuery.
func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=b&a=c&a=d", "%61=%62+c", "a;b=c&a=1", "a=%zz&a=2", "%zz=1&a", "&&a==&b=x", "=x&a=", "a=1;&%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		want, wantErr := url.ParseQuery(raw)
		if strings.Count(raw, "&") >= 10_000 { // url.ParseQuery refuses so many
			return
		}
		got, err := ParseQuery(raw, "a", "")
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("got error %v, url.ParseQuery %v", err, wantErr)
		}
		for _, name := range []string{"a", ""} {
			if values := want[name]; !reflect.DeepEqual(got[name], values[:min(len(values), maxRepeats)]) {
				t.Fatalf("got %q for %q, url.ParseQuery %q", got[name], name, values)
			}
		}
	})
}
