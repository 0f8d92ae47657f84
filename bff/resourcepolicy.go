package bff

import (
	"net/http"

	"vestibule/internal/web"
)

// openToListed takes Cross-Origin-Resource-Policy off answers that a listed origin
// has asked for by CORS, which has allowed it to read them. All others are for our
// own pages alone, also where a listed origin loads them without asking (an image
// without crossorigin).
func (s *Server) openToListed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if allowed := h.Get("Access-Control-Allow-Origin"); allowed != "" && allowed != s.origin() {
			h.Del(web.ResourcePolicy)
		}
		next.ServeHTTP(w, r)
	})
}
