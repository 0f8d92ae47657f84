package bff

import _ "embed"

//go:generate go test -run ^(TestTheDocumentIsCurrent|TestThePageHasWhatTheProxyRefuses)$ . -update

// openAPI is the OpenAPI document of all endpoints. It is generated from the table of endpoints.
// Tests hold every answer to it.
//
//go:embed openapi.json
var openAPI []byte
