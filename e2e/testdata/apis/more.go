package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"vestibule/api/bearer"
)

// more is what the Go backend of docs/backend.md has beside whoami when it is one of three APIs
// (ownapis_test.go).
func more(api *http.ServeMux) {
	api.HandleFunc("GET /api/orders", func(w http.ResponseWriter, r *http.Request) {
		caller := bearer.CallerOf(r)
		if !caller.May("orders:read") {
			http.Error(w, `{"detail":"Insufficient scope"}`, http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"orders_for": caller.Subject})
	})
	var begun atomic.Int64
	api.HandleFunc("PUT /api/upload", func(w http.ResponseWriter, r *http.Request) {
		begun.Add(1)
		sum := sha256.New()
		n, err := io.Copy(sum, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%d bytes, sha256 %x", n, sum.Sum(nil))
	})
	api.HandleFunc("GET /api/uploads", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%d begun", begun.Load())
	})
}
