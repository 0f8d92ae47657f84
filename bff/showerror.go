package bff

import (
	"html/template"
	"net/http"
	"regexp"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// errorCode matches the codes that the page shows. Anybody can make up a link with another text.
var errorCode = regexp.MustCompile(`^['A-Za-z0-9_-]{1,100}$`)

var errorPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Error</title>
<h1>Something went wrong</h1>
<p>The sign-in service says: <code>{{.}}</code></p>
<p><a href="/">Back to the start</a></p>
</html>
`))

var errorDoc = endpoint.Doc{
	Tag: "about", Summary: "Show an error to a person",
	Row:     "a small page that shows `?error=`",
	Params:  []*endpoint.Param{inQuery("error", "The code to show", false, "INVALID_TOKEN")},
	Answers: []*endpoint.Answer{page("A small page")},
}

// showError is the default error page for browsers, so it is HTML.
func (s *Server) showError(w http.ResponseWriter, r *http.Request) error {
	code := web.QueryValue(r, "error")
	if !errorCode.MatchString(code) {
		code = "UNKNOWN"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return errorPage.Execute(w, code)
}
