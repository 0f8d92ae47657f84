package daemon

import (
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/gorilla/mux"

	"vestibule/internal/web"
)

// profiles adds Go's profiles (net/http/pprof) to the admin server, but not the command line of
// the process: a flag may hold a password.
func profiles(router *mux.Router) {
	const folder = "/debug/pprof/"
	own := map[string]http.HandlerFunc{"cmdline": http.NotFound, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace}
	router.PathPrefix(folder).Methods(http.MethodGet, http.MethodHead, http.MethodPost).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		web.NoteEndpoint(r, folder)
		name := strings.TrimPrefix(r.URL.Path, folder)
		if h := own[name]; h != nil {
			h(w, r)
			return
		}
		pprof.Index(w, r)
	})
}
