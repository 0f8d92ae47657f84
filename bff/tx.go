package bff

import (
	"net/http"

	"vestibule/store"
)

// tx runs f in a transaction. After its commit this process ends what it still does for
// sessions that have ended, and sends the mail that was queued.
func (s *Server) tx(r *http.Request, what string, f func(*store.Tx) error) error {
	var last *store.Tx
	err := s.store.Tx(r.Context(), what, func(tx *store.Tx) error {
		last = tx
		return f(tx)
	})
	if err != nil {
		return err
	}
	s.sessions.Forget(last.Ended()...)
	if last.Mailed() {
		s.mail.Wake()
	}
	return nil
}

// tell records an event and queues the mail that tells of it.
func tell(tx *store.Tx, e store.Event, m store.Mail) error {
	if err := tx.Record(e); err != nil {
		return err
	}
	return tx.QueueMail(m)
}

// act is tx for somebody who is signed in. A request is checked before its body is read,
// and a client may take half an hour to send that. So the session that e names must
// still live in the transaction that acts.
func (s *Server) act(r *http.Request, what string, e store.Event, f func(*store.Tx) error) error {
	return s.tx(r, what, func(tx *store.Tx) error {
		if err := tx.RequireSession(e); err != nil {
			return err
		}
		return f(tx)
	})
}
