package bff

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed page.html
var pageSource string

// page is what / answers.
type page struct {
	html []byte
	csp  string
}

func newPage(base *url.URL) (page, error) {
	var html bytes.Buffer
	t, err := template.New("page").Parse(pageSource)
	if err == nil {
		err = t.Execute(&html, struct{ BaseURL string }{base.Scheme + "://" + base.Host})
	}
	if err != nil {
		return page{}, err
	}
	// The page's one style sheet is allowed by its hash, so that the policy
	// needs no 'unsafe-inline'.
	_, style, _ := bytes.Cut(html.Bytes(), []byte("<style>"))
	style, _, _ = bytes.Cut(style, []byte("</style>"))
	sum := sha256.Sum256(style)
	return page{
		html: html.Bytes(),
		csp: "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}, nil
}

func (p page) serve(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", p.csp)
	_, _ = w.Write(p.html)
	return nil
}
