package bff

import (
	"github.com/gorilla/mux"
)

// OpenAPI is the document.
var OpenAPI = openAPI

// Routes is the router, to be walked.
func (s *Server) Routes() *mux.Router { return s.routes() }
