package oauth

import (
	"slices"
	"strings"
	"testing"

	"vestibule/internal/web"
)

// FuzzChooseScopes: a token has only allowed scopes, each once, or the answer is a 400 that
// OAuth clients can read.
func FuzzChooseScopes(f *testing.F) {
	for _, requested := range []string{"", "tasks:read", "orders:write orders:read", "orders:read orders:read", " ", "orders:read ", "token:exchange", "\"", "orders:read\ttasks:read", "é"} {
		f.Add(requested, "orders:read orders:write tasks:read")
	}
	f.Fuzz(func(t *testing.T, requested, scopes string) {
		allowed, err := checkScopes(strings.Fields(scopes))
		if err != nil {
			t.Skip("no client has these scopes")
		}
		got, err := chooseScopes(requested, allowed)
		if err != nil {
			e := web.AsError(err)
			if e.Status != 400 || e.Code != invalidScope || got != nil || strings.ContainsAny(e.Message, "\"\\\n\t") {
				t.Errorf("got %q, %d %s %q", got, e.Status, e.Code, e.Message)
			}
			return
		}
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("got %q, want each once and in order", got)
		}
		for _, scope := range got {
			if !slices.Contains(allowed, scope) || requested != "" && !slices.Contains(strings.Split(requested, " "), scope) {
				t.Errorf("got %q, want only what is allowed and requested", got)
			}
		}
	})
}
