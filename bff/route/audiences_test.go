package route

import (
	"fmt"
	"net/url"
	"testing"
)

func TestSharedAudiences(t *testing.T) {
	t.Parallel()
	backend := &url.URL{Scheme: "http", Host: "api:8000"}
	to := func(path, upstream, audience string, session SessionRule) Route {
		r := Route{Path: path, Audience: audience, Session: session}
		if upstream != "" {
			u, err := url.Parse(upstream)
			if err != nil {
				t.Fatal(err)
			}
			r.Upstream = u
		}
		return r
	}
	for name, tt := range map[string]struct {
		table Table
		want  string
	}{
		"one route":                      {New(to("/api/a/", "", "x", Required)), "[]"},
		"two audiences":                  {New(to("/api/a/", "https://a/", "a", Required), to("/api/b/", "https://b/", "b", Required)), "[]"},
		"one server":                     {New(to("/api/a/", "https://A:443/v1/", "x", Required), to("/api/b/", "https://a/v2/", "x", Required)), "[]"},
		"one server, by its setting too": {New(to("/api/a/", "", "x", Required), to("/api/b/", "http://api:8000/other/", "x", Required)), "[]"},
		"a route without tokens":         {New(to("/api/a/", "https://a/", "x", Required), to("/api/b/", "https://b/", "x", None)), "[]"},
		"two servers":                    {New(to("/api/a/", "https://a/", "x", Required), to("/api/b/", "https://b/", "x", Optional)), "[{x [/api/a/ /api/b/]}]"},
		"two ports":                      {New(to("/api/a/", "http://a:1/", "x", Required), to("/api/b/", "http://a:2/", "x", Required)), "[{x [/api/a/ /api/b/]}]"},
		"the default API":                {New(to("/api/a/", "", "x", Required), to("/api/b/", "https://b/", "x", Required)), "[{x [/api/a/ /api/b/]}]"},
	} {
		if got := fmt.Sprint(tt.table.SharedAudiences(backend)); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}
