// Package frontend serves the pages of an app on the BFF's own origin: the
// embedded one, a team's build in a folder, or a dev server behind a proxy.
//
// It guarantees that a path of the app's own router (/tasks/7) gets index.html,
// that a missing file gets a 404 and never an HTML page (which would break a
// script tag or an import), and that a browser downloads each version of a file
// only once.
//
// It serves nothing outside the folder: it refuses dot segments, symbolic links
// that lead out, names that start with a dot, and directory listings. A dev server
// gets neither the session's cookie nor a handshake from another origin.
package frontend
