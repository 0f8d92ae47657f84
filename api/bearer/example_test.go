package bearer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"vestibule/api/bearer"
	"vestibule/internal/tokentest"
	"vestibule/internal/web"
)

// Another API, with notes instead of tasks. In a program, also start v.Run when keys are
// fetched.
func Example() {
	v, err := bearer.New(bearer.Config{
		Algorithm: "HS256",
		Secrets:   [][]byte{[]byte(tokentest.Secret)},
		Issuer:    "better-auth",
		Audience:  "notes",
		Scopes:    []string{"notes:read", "notes:write"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	refuse := func(w http.ResponseWriter, _ *http.Request, e *web.Error) { http.Error(w, e.Message, e.Status) }
	list := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "the notes of %s\n", bearer.CallerOf(r).Subject)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /notes", v.Protect("notes:read", http.HandlerFunc(list), refuse))

	for _, scope := range []string{"notes:read", "notes:write"} {
		claims := fmt.Sprintf(`{"iss":"better-auth","aud":"notes","sub":"usr_1","exp":4102444800,"scope":%q}`, scope)
		r := httptest.NewRequest(http.MethodGet, "/notes", nil)
		r.Header.Set("Authorization", "Bearer "+tokentest.Forge(tokentest.PlainHeader, claims, []byte(tokentest.Secret)))
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Printf("%d %s%s\n", w.Code, w.Body, w.Header().Get("WWW-Authenticate"))
	}
	// Output:
	// 200 the notes of usr_1
	//
	// 403 Insufficient scope
	// Bearer error="insufficient_scope"
}
