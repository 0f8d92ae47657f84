package linkpage

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestEveryKindIsAPageWithoutInlineCode(t *testing.T) {
	t.Parallel()
	for kind, text := range about {
		w := httptest.NewRecorder()
		if err := (Page{Kind: kind, Site: "app.example.com", Token: `"><script>`, Username: "<b>"}).Write(w); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		body := w.Body.String()
		if !strings.Contains(body, "<title>"+text.title+"</title>") || strings.Contains(body, "><script>\"") || strings.Contains(body, "<b></b>") || strings.Contains(body, "style=") {
			t.Errorf("%s: got\n%s", kind, body)
		}
		if hasForm := strings.Contains(body, "<form>"); hasForm != (kind != Dead) {
			t.Errorf("%s: a form on the page: %t", kind, hasForm)
		}
		if got := w.Header().Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("%s: got Referrer-Policy %q: the token is in the address", kind, got)
		}
	}
}

func TestOnlyThePagesFilesAreServed(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"page.js": true, "page.css": true, "page.html": false, "": false, "linkpage.go": false} {
		if err := File(httptest.NewRecorder(), name); (err == nil) != want {
			t.Errorf("%q: got %v, want an answer: %t", name, err, want)
		}
	}
}
