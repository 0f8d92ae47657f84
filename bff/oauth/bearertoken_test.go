package oauth

import (
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/web"
)

// FuzzBearerToken checks that a token is the rest of its header, and that everything else is a
// 400 or a 401.
func FuzzBearerToken(f *testing.F) {
	for _, value := range []string{"", "Bearer", "Bearer ", "Bearer a.b.c", "bEARER   x", "Bearer\ta", "Basic YTpi", " Bearer a", "Bearer a b"} {
		f.Add(value, "")
	}
	f.Add("Bearer a", "Bearer b")
	f.Fuzz(func(t *testing.T, first, second string) {
		h := http.Header{"Authorization": {first}}
		if second != "" {
			h.Add("Authorization", second)
		}
		raw, err := bearerToken(h)
		if err != nil {
			if e := web.AsError(err); e.Status != 400 && e.Status != 401 || raw != "" {
				t.Errorf("got %d, %q", e.Status, raw)
			}
			return
		}
		if second != "" || raw == "" || raw[0] == ' ' || !strings.HasSuffix(first, raw) || !strings.EqualFold(first[:7], "Bearer ") {
			t.Errorf("%q, %q: got %q", first, second, raw)
		}
	})
}
