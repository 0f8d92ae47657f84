package bff_test

import (
	"strings"
	"testing"
)

// TestAClientOfOtherAPIs: its scopes and audiences are free, and its tokens have no others.
// Clients that have only scopes of the task API get what they always got.
func TestAClientOfOtherAPIs(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		raw := v.userToken()
		clients := map[string]*service{}
		for name, tt := range map[string]struct{ scopes, audiences string }{
			"one":     {"orders:read orders:write", "orders"},
			"two":     {"orders:read", "orders https://billing.example.com/"},
			"none":    {"orders:read", ""},
			"mixed":   {"orders:read tasks:read", "orders"},
			"both":    {"orders:read tasks:read", "orders fastapi-backend"},
			"of old":  {"tasks:read", "orders"},
			"unnamed": {"", "orders"},
		} {
			clients[name] = s.newService(name, []string{"credentials", "exchange"}, strings.Fields(tt.scopes), strings.Fields(tt.audiences))
		}
		for _, tt := range []struct {
			client     string
			exchange   bool
			params     []string
			scope, aud string // or the error and a part of its description
			refused    bool
		}{
			{"one", false, nil, "orders:read orders:write", "orders", false},
			{"one", false, []string{"scope", "orders:write"}, "orders:write", "orders", false},
			{"one", false, []string{"audience", "fastapi-backend"}, "invalid_target", "fastapi-backend is not allowed", true},
			{"one", false, []string{"scope", "tasks:read"}, "invalid_scope", "tasks:read is not allowed", true},
			{"one", true, nil, "orders:read orders:write", "orders", false},
			{"one", true, []string{"audience", "fastapi-backend"}, "invalid_target", "fastapi-backend is not allowed", true},
			{"two", false, nil, "invalid_target", "orders https://billing.example.com/", true},
			{"two", false, []string{"audience", "orders"}, "orders:read", "orders", false},
			{"two", false, []string{"resource", "https://billing.example.com/"}, "orders:read", "https://billing.example.com/", false},
			{"two", true, []string{"resource", "https://billing.example.com/"}, "orders:read", "https://billing.example.com/", false},
			{"none", false, nil, "orders:read", "fastapi-backend", false},
			{"none", true, nil, "orders:read", "fastapi-backend", false},
			{"none", false, []string{"audience", "orders"}, "invalid_target", "orders is not allowed", true},
			{"mixed", false, nil, "orders:read tasks:read", "orders", false},
			{"mixed", false, []string{"audience", "fastapi-backend"}, "invalid_target", "fastapi-backend is not allowed", true},
			{"both", false, nil, "orders:read tasks:read", "fastapi-backend", false},
			{"both", true, []string{"audience", "orders", "scope", "orders:read"}, "orders:read", "orders", false},
			{"of old", false, nil, "tasks:read", "fastapi-backend", false},
			{"of old", false, []string{"audience", "orders"}, "tasks:read", "orders", false},
			{"of old", true, nil, "tasks:read", "orders", false},
			{"of old", true, []string{"audience", "fastapi-backend"}, "invalid_target", "fastapi-backend is not allowed", true},
			{"unnamed", false, nil, "", "fastapi-backend", false},
			{"unnamed", true, nil, "invalid_scope", "in common", true},
		} {
			ask := func() answer {
				return clients[tt.client].ask(append([]string{"grant_type", "client_credentials"}, tt.params...)...)
			}
			if tt.exchange {
				ask = func() answer { return clients[tt.client].exchange(raw, tt.params...) }
			}
			if tt.refused {
				s.refused(ask(), 400, tt.scope, tt.aud)
				continue
			}
			if _, claims, _ := s.issued(ask()); claims["scope"] != tt.scope || claims["aud"] != tt.aud {
				s.t.Errorf("%s, exchange %t, %v: got %v", tt.client, tt.exchange, tt.params, claims)
			}
		}
	})
}

// TestAnExchangeNeverWidens: a service that has a token for one API gets none for another with
// it, and no scope that the token lacks, even if the operator has given it both for tokens of
// its own.
func TestAnExchangeNeverWidens(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		raw := v.userToken()
		grants := []string{"credentials", "exchange"}
		orders := s.newService("orders", grants, []string{"orders:read"}, []string{"orders", "fastapi-backend"})
		hostile := s.newService("hostile", grants, []string{"orders:read", "billing:write"}, []string{"orders", "billing", "fastapi-backend"})
		exchanged := func(params ...string) string {
			raw, _, _ := s.issued(orders.exchange(raw, params...))
			return raw
		}
		forOrders, narrowed := exchanged("audience", "orders"), exchanged("audience", "fastapi-backend")
		own, _, _ := s.issued(hostile.ask("grant_type", "client_credentials", "audience", "orders"))

		s.refused(hostile.exchange(forOrders, "audience", "billing"), 400, "invalid_request", "its aud is not fastapi-backend")
		s.refused(hostile.exchange(forOrders, "audience", "orders"), 400, "invalid_request", "its aud is not fastapi-backend")
		s.refused(orders.exchange(forOrders, "audience", "fastapi-backend"), 400, "invalid_request", "its aud is not fastapi-backend")
		s.refused(hostile.exchange(own, "audience", "billing"), 400, "invalid_request", "aud")
		s.refused(hostile.exchange(narrowed, "audience", "billing", "scope", "billing:write"), 400, "invalid_scope", "billing:write is not allowed")
		s.refused(hostile.exchange(narrowed, "audience", "billing", "scope", "orders:read billing:write"), 400, "invalid_scope", "billing:write is not allowed")
		if _, claims, _ := s.issued(hostile.exchange(narrowed, "audience", "billing")); claims["scope"] != "orders:read" {
			s.t.Errorf("got %v, want what the narrowed token has", claims)
		}
	})
}
