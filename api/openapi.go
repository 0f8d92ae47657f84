package api

import _ "embed"

//go:generate go test -run ^(TestTheDocumentIsCurrent|TestTheLimitsOfTheAppAreCurrent)$ . -update

// openAPI describes the whole surface. It is generated from the table of endpoints.
// Tests hold every answer to it, and clients are generated from it.
//
//go:embed openapi.json
var openAPI []byte
