// Package clienttest prepares the HTTP client that the tests of a package share.
package clienttest

import "net/http"

// KeepConnections makes http.DefaultTransport keep its idle connections. Call it in TestMain.
//
// httptest.Server.Close closes all idle connections of http.DefaultTransport, also those to
// other servers. A request of a parallel test that has just taken one of them fails.
func KeepConnections() {
	http.DefaultTransport = struct{ http.RoundTripper }{http.DefaultTransport} // it has no CloseIdleConnections
}
