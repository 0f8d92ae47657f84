package bff

import (
	"net/http"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// accountPage is where the embedded app changes a password.
const accountPage = "/account"

var changePasswordPageDoc = endpoint.Doc{
	Tag: "about", Summary: "Find the page that changes the password",
	Text: "Password managers open this address (W3C, “A Well-Known URL for Changing Passwords”). It leads to the account page of the embedded app. With WEB_DIR or WEB_DEV_URL it is a 404, because only the team knows which page that is.",
	Row:  "302 to the account page of the embedded app; 404 with `WEB_DIR` or `WEB_DEV_URL`",
	Answers: []*endpoint.Answer{{Component: "AccountPage", Status: 302, Text: "To the page", Headers: []*endpoint.Header{{
		Component: "AccountPageTarget", Name: "Location", Text: "The path of the page", Always: true, Schema: endpoint.Schema{"type": "string", "const": accountPage}, Example: accountPage}}}, notFound},
}

// changePasswordPage is routed only with the embedded app.
func (s *Server) changePasswordPage() endpoint.Endpoint {
	e := endpoint.Endpoint{Method: "GET", Path: "/.well-known/change-password", ID: "changePasswordPage", Doc: &changePasswordPageDoc}
	if s.cfg.WebDir == "" && s.cfg.WebDevURL == nil {
		e.Handler = web.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Location", accountPage)
			w.WriteHeader(http.StatusFound)
			return nil
		})
	}
	return e
}
