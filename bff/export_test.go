package bff

import "github.com/gorilla/mux"

// PruneEvents and PruneBatch are what the hourly clean-up does to the audit trail,
// and how much at a time.
var PruneEvents = (*Server).pruneEvents

const PruneBatch = pruneBatch

// OpenAPI is the document.
var OpenAPI = openAPI

// Routes is the router, to be walked.
func (s *Server) Routes() *mux.Router { return s.routes() }
