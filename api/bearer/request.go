package bearer

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"vestibule/internal/web"
)

// Protect calls next when the request's token opens scope: one scope, several separated by
// spaces, or "" for none. next finds the caller with CallerOf. write writes refusals; nil writes
// {"detail":"…"} with the status.
func (v *Verifier) Protect(scope string, next http.Handler, write web.ErrorWriter) http.Handler {
	if write == nil {
		write = writeRefusal
	}
	return web.Handle(func(w http.ResponseWriter, r *http.Request) error {
		r, _, err := v.Admit(r, scope)
		if err != nil {
			return err
		}
		next.ServeHTTP(w, r)
		return nil
	}, write)
}

// Admit is Protect for a handler that checks more before it goes on. Use the returned
// request: CallerOf finds the caller in it, and its body checks the token again at its end.
func (v *Verifier) Admit(r *http.Request, scope string) (*http.Request, Caller, error) {
	caller, err := v.Authenticate(r)
	if err != nil {
		return nil, Caller{}, err
	}
	web.NoteUser(r, caller.Subject)
	if caller.Actor != "" {
		web.Note(r, slog.String("act", caller.Actor))
	}
	if !caller.May(scope) {
		return nil, Caller{}, v.count(ErrScope)
	}
	r = WithCaller(r, caller)
	v.judgeBody(r)
	return r, caller, nil
}

// Authenticate returns the caller of the request's token. A request must have exactly one
// Authorization header.
func (v *Verifier) Authenticate(r *http.Request) (Caller, error) {
	caller, err := v.authenticate(r)
	if err != nil {
		return Caller{}, v.count(err)
	}
	return caller, nil
}

func (v *Verifier) authenticate(r *http.Request) (Caller, error) {
	sent := r.Header["Authorization"]
	switch len(sent) {
	case 0:
		return Caller{}, ErrNotAuthenticated
	case 1:
	default:
		// A proxy in front may have checked the other one.
		return Caller{}, ErrInvalid
	}
	token := bearer(sent[0])
	if token == "" {
		return Caller{}, ErrNotAuthenticated
	}
	return v.verify(r.Context(), token)
}

// bearer returns the token of an Authorization value, or "" if it has another scheme.
// Schemes are not case-sensitive (RFC 9110 §11.1).
func bearer(value string) string {
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(token, " ")
}

// writeRefusal writes a refusal for an API outside this module, which cannot name a *web.Error.
func writeRefusal(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	_ = web.WriteJSON(w, e.Status, map[string]string{"detail": e.Message}) // it always encodes
}

type callerKey struct{}

// CallerOf returns the caller of an admitted request. For other requests it returns a
// Caller without a subject.
func CallerOf(r *http.Request) Caller {
	c, _ := r.Context().Value(callerKey{}).(Caller)
	return c
}

// WithCaller returns r as a request of c, for tests of handlers.
func WithCaller(r *http.Request, c Caller) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
}
