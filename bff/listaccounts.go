package bff

import (
	"net/http"
	"strings"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// accountJSON is Better Auth's account: one way to sign in. It holds no password hash and no token.
type accountJSON struct {
	AccountID  string   `json:"accountId"`
	ProviderID string   `json:"providerId" doc:"credential is a password"`
	UserID     string   `json:"userId"`
	CreatedAt  web.Time `json:"createdAt"`
	UpdatedAt  web.Time `json:"updatedAt"`
	ID         string   `json:"id"`
	Scopes     []string `json:"scopes"`
}

var listAccountsDoc = endpoint.Doc{
	Tag: "account", Summary: "List ways to sign in",
	Row: "200, without password hashes",
	Answers: []*endpoint.Answer{answers("The ways to sign in, without password hashes and tokens", []accountJSON{{
		AccountID: exampleUser.ID, ProviderID: "credential", UserID: exampleUser.ID, CreatedAt: exampleTime, UpdatedAt: exampleTime, ID: "acc_x2k5n4tz6wym3vq7a2bcdefghi", Scopes: []string{},
	}})},
}

func (s *Server) listAccounts(w http.ResponseWriter, r *http.Request, live *session.Live, _ *web.Object) error {
	rows, err := s.store.AccountsOf(r.Context(), live.UserID)
	if err != nil {
		return err
	}
	list := make([]accountJSON, len(rows))
	for i, row := range rows {
		list[i] = accountJSON{
			AccountID: row.AccountID, ProviderID: row.ProviderID, UserID: row.UserID,
			CreatedAt: web.Time(row.CreatedAt), UpdatedAt: web.Time(row.UpdatedAt), ID: row.ID, Scopes: scopes(row.Scope),
		}
	}
	return web.WriteJSON(w, http.StatusOK, list)
}

// scopes splits the scopes that a provider granted. Better Auth stores them with commas.
func scopes(list string) []string {
	if list == "" {
		return []string{}
	}
	return strings.Split(list, ",")
}
