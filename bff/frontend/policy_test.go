package frontend

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

func TestPolicyOfABuild(t *testing.T) {
	t.Parallel()
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	for _, tt := range []struct{ name, html, want string }{
		{"no inline script", `<script type="module" crossorigin src="/a.js"></script>`, ""},
		{"inline scripts", "<script>\n a()\n</script><SCRIPT type='module'>b()</SCRIPT >", hash("\n a()\n") + hash("b()")},
		{"carriage returns", "<script>\r\na()\r</script>", hash("\na()\n")},
		{"the text of a script with a file is ignored", `<script defer src=x.js>a()</script>`, ""},
		{"an attribute that ends in src", `<script data-src="x">a()</script>`, hash("a()")},
		{"a comment", `<!-- <script>a()</script> -->`, ""},
		{"an empty script", `<script></script>`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, want := policyOf([]byte(tt.html)), buildScripts+tt.want+buildPolicy+noBase; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	for _, html := range []string{
		`<meta http-equiv="Content-Security-Policy" content="script-src 'self' https://js.example.com">`,
		`<META content="x" HTTP-EQUIV=content-security-policy>`,
	} {
		if got := policyOf([]byte(html)); got != everyPolicy+noBase {
			t.Errorf("%s: got %q, want only the directives that a page cannot set", html, got)
		}
	}
	for _, html := range []string{
		`<!-- <meta http-equiv="Content-Security-Policy"> -->`,
		`<script>a = '<meta http-equiv="Content-Security-Policy">'</script>`,
	} {
		if got := policyOf([]byte(html)); strings.HasPrefix(got, everyPolicy) {
			t.Errorf("%s: counted as a policy, although browsers ignore it", html)
		}
	}
	for html, want := range map[string]string{
		`<base href="/">`: ownBase,
		`<BASE
			href=/app/>`: ownBase,
		`<base href="/"><meta http-equiv="Content-Security-Policy" content="script-src 'self'">`: ownBase,
		`<basefont>`:                           noBase,
		`<!-- <base href="/"> -->`:             noBase,
		`<script>a = '<base href=x>'</script>`: noBase,
	} {
		if got := policyOf([]byte(html)); !strings.HasSuffix(got, "; base-uri "+want) {
			t.Errorf("%s: got %s, want base-uri %s", html, got, want)
		}
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	eachSource(t, map[string]string{"index.html": "<script>a()</script>", "app.js": script}, func(s *testServer) {
		embedded := strings.HasSuffix(s.Name(), "/embedded")
		for _, path := range []string{"/", "/tasks", "/app.js"} {
			g := s.do("GET", path)
			csp := g.header.Get("Content-Security-Policy")
			if strings.Contains(csp, "script-src 'self' 'unsafe-inline'") || strings.Contains(csp, "sandbox") || !strings.Contains(csp, "frame-ancestors") {
				s.Errorf("%s: got %s", path, csp)
			}
			if !strings.Contains(csp, "base-uri 'none'") || !strings.Contains(csp, "object-src 'none'") && !strings.Contains(csp, "default-src 'none'") {
				s.Errorf("%s: got %s, want no base address and no plug-ins", path, csp)
			}
			if got := strings.Contains(csp, "sha256-"); got != (!embedded && path != "/app.js") {
				s.Errorf("%s: got %s", path, csp)
			}
			if embedded != (csp == embeddedPolicy) || embedded != (g.header.Get("Permissions-Policy") != "") {
				s.Errorf("%s: got %v", path, g.header)
			}
			if got := g.header.Get("Cross-Origin-Opener-Policy"); !strings.HasPrefix(got, "same-origin") {
				s.Errorf("%s: got Cross-Origin-Opener-Policy %q", path, got)
			}
		}
	})
}
