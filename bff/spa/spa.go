// Package spa is the single-page app that the BFF serves at / unless a team
// serves its own. It is plain files, sent as they stand here: there is no build
// step.
package spa

import "embed"

// Files is what browsers get: index.html at its root, and nothing that only
// tools read (type declarations, tests, their settings).
//
//go:embed index.html *.css
var Files embed.FS
