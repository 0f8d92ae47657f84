// Package frontend serves the pages of an app on the BFF's own origin: the
// embedded one, a team's build in a folder, or a dev server that is passed on to.
//
// It promises that a path of the app's own router (/tasks/7) answers with
// index.html, that a file which is not there answers with a 404 and never with
// a page that a script tag or an import would choke on, and that a browser asks
// for each file once per version.
//
// It refuses whatever is not below the folder: dot segments, symbolic links that
// lead out, names that start with a dot, folders' listings. To a dev server it
// passes neither the session's cookie nor a handshake from another origin.
package frontend
