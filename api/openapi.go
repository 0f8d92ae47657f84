package api

import _ "embed"

// openAPI describes the whole surface. Tests hold the routes and every answer to
// it; clients are generated from it.
//
//go:embed openapi.json
var openAPI []byte
