package proxy

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestRewriteLinks(t *testing.T) {
	t.Parallel()
	p, sent := located(t)
	for _, test := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"one", []string{`</base/api/x?page=2>; rel="next"`}, []string{`</api/proxy/x?page=2>; rel="next"`}},
		{"relative", []string{`<?page=2>; rel=next`}, []string{`</api/proxy/users/7/tasks?page=2>; rel=next`}},
		{"several", []string{`<http://api.internal:8000/base/api/x?a=1,2>; rel="next,last"; title="a \", <b>;c",</base/api/y>`},
			[]string{`</api/proxy/x?a=1,2>; rel="next,last"; title="a \", <b>;c", </api/proxy/y>`}},
		{"several lines", []string{`</base/api/x>`, `</base/api/y>`}, []string{`</api/proxy/x>`, `</api/proxy/y>`}},
		{"external", []string{`<https://other.example/a,b>; rel=license, <urn:x>; rel=type`},
			[]string{`<https://other.example/a,b>; rel=license, <urn:x>; rel=type`}},
		{"hidden ones among others", []string{`</admin>; rel=x, </base/api/y>; rel=y, <http://api.internal:8000/>; rel=z`},
			[]string{`</api/proxy/y>; rel=y`}},
		{"hidden ones only", []string{`</admin>; rel=x`, `</base/api/y>`}, []string{`</api/proxy/y>`}},
		{"parameters as servers write them", []string{`</base/api/y>;rel=item ; as=style;type=text/css;crossorigin; title*=UTF-8''%e2%82%ac;`},
			[]string{`</api/proxy/y>;rel=item ; as=style;type=text/css;crossorigin; title*=UTF-8''%e2%82%ac;`}},
		{"an anchor", []string{`</base/api/y>; rel=x; anchor="http://api.internal:8000/", </base/api/z>; Anchor=#a, </base/api/q>`}, []string{`</api/proxy/q>`}},
		{"what browsers fetch by themselves", []string{`</base/api/a>; rel=preload; as=script, </base/api/b>; rel="next PRELOAD", </base/api/c>; REL=modulepreload`,
			`<https://evil.example>; rel=preconnect, </base/api/d>; rel="pre\load", </base/api/e>; rel = "compression-dictionary", </base/api/f>; rel=x; rel=dns-prefetch`,
			`</base/api/g>; title=preload; rel=next`}, []string{`</api/proxy/g>; title=preload; rel=next`}},
		{"garbage among others", []string{`garbage, </base/api/y>; rel=y, <>x, ; rel=z`}, []string{`</api/proxy/y>; rel=y`}},
		{"no target", []string{`; rel=x`, `rel=x`, `<`, `>`, `<>`, ``, `,,`}, nil},
		{"a target without an end", []string{`</base/api/x>; rel=a, </base/api/y; rel=b, </base/api/z>`}, []string{`</api/proxy/x>; rel=a`}},
		{"a string without an end", []string{`</base/api/x>; rel="a, </base/api/y>`}, nil},
		{"two targets in one", []string{`</base/api/x> <http://api.internal:8000/>`, `</base/api/x>; a=<http://api.internal:8000/>`}, nil},
		{"bad parameters", []string{`</base/api/x> rel=x`, `</base/api/x>; r@l=x`, `</base/api/x>; rel=`, `</base/api/x>; =x`, `</base/api/x>; rel="a"b`}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := p.rewriteLinks(sent, test.lines); !slices.Equal(got, test.want) {
				t.Errorf("%q:\ngot  %q\nwant %q", test.lines, got, test.want)
			}
		})
	}
}

func TestLinksInAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.HandlerFunc(answerWith))
	res, _ := r.getAnswer(200, url.Values{"Link": {`<API/api/x?page=2>; rel=next, <API/admin>; rel=up`}})
	if got := res.Header["Link"]; !slices.Equal(got, []string{`</api/proxy/x?page=2>; rel=next`}) {
		t.Errorf("got %q", got)
	}
	res, _ = r.getAnswer(200, url.Values{"Link": {"<API/admin>; rel=up"}})
	if got, ok := res.Header["Link"]; ok {
		t.Errorf("got %q, want none", got)
	}
}

// FuzzLinks checks what FuzzLocate checks, for Link headers. It also checks that the resulting
// links are well-formed.
func FuzzLinks(f *testing.F) {
	for _, seed := range []string{`</base/api/x>; rel=next, <y>; title="a,b"`, `<http://api.internal:8000/>`, `<a>;b="\",<c>`, `<a,<b>`} {
		f.Add(seed)
	}
	p, sent := located(f)
	f.Fuzz(func(t *testing.T, line string) {
		for _, out := range p.rewriteLinks(sent, []string{line}) {
			links := splitLinks(out)
			if len(links) == 0 {
				t.Errorf("%q became %q, which has no link", line, out)
			}
			for _, link := range links {
				ref, params, ok := strings.Cut(link, ">")
				if !ok || ref[0] != '<' || !validParams(params) {
					t.Fatalf("%q became %q", line, out)
				}
				u, err := url.Parse(ref[1:])
				if err != nil {
					t.Fatalf("%q became %q: %v", line, out, err)
				}
				if u.Scheme == "" && u.Host == "" {
					wantInside(t, line, ref[1:])
				} else if strings.EqualFold(u.Hostname(), "api.internal") {
					t.Errorf("%q became %q", line, out)
				}
			}
		}
	})
}
