// Package spa is the single-page app that the BFF serves at /, unless a team serves its own.
// It consists of plain files, which are sent unchanged: there is no build step.
package spa

import "embed"

// Files are the files for browsers, with index.html at the root. It leaves out files that only
// tools read (type declarations, tests, settings).
//
//go:embed index.html *.css *.svg app/*.js client/*.js vendor/*.js vendor/LICENSE-*
var Files embed.FS
