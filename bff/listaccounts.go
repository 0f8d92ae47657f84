package bff

import (
	"net/http"
	"strings"

	"vestibule/bff/session"
	"vestibule/internal/web"
)

// accountJSON is Better Auth's account: a way to sign in, without what proves it.
type accountJSON struct {
	AccountID  string   `json:"accountId"`
	ProviderID string   `json:"providerId"`
	UserID     string   `json:"userId"`
	CreatedAt  web.Time `json:"createdAt"`
	UpdatedAt  web.Time `json:"updatedAt"`
	ID         string   `json:"id"`
	Scopes     []string `json:"scopes"`
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

// scopes splits what a provider granted, as Better Auth stores it.
func scopes(list string) []string {
	if list == "" {
		return []string{}
	}
	return strings.Split(list, ",")
}
