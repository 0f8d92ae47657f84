package bff

import (
	"vestibule/bff/frontend"
	"vestibule/bff/spa"
)

// appName is the name of the embedded app, unless the operator gives it another.
const appName = "Vestibule"

func (s *Server) newApp() (*frontend.App, error) {
	embedded, err := spa.New(spa.Config{Name: s.name(), PasswordMinLength: s.cfg.PasswordMinLength})
	if err != nil {
		return nil, err
	}
	return frontend.New(frontend.Config{
		Embedded: embedded, Release: embedded.Folder, Worker: spa.Worker,
		Dir: s.cfg.WebDir, DevURL: s.cfg.WebDevURL, Origin: s.origin(), Errors: writeError,
	})
}

// name is what the app, the mails and the pages behind their links call this site. A team's own
// app without a name is called by its host.
func (s *Server) name() string {
	switch {
	case s.cfg.AppName != "":
		return s.cfg.AppName
	case s.cfg.WebDir == "" && s.cfg.WebDevURL == nil:
		return appName
	}
	return s.cfg.BaseURL.Host
}
