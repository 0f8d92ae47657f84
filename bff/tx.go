package bff

import (
	"net/http"

	"vestibule/store"
)

// tx runs f in a transaction. After the commit it drops the sessions that have ended from
// memory, which ends their streams, and wakes the outbox for queued mail.
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

// recordAndNotify records an event and queues the mail about it.
func recordAndNotify(tx *store.Tx, e store.Event, m store.Mail) error {
	if err := tx.Record(e); err != nil {
		return err
	}
	return tx.QueueMail(m)
}

// act is tx for a signed-in user. The session was checked before the body was read, and a
// client may take half an hour to send a body. So the session of e must still be alive in
// the transaction that makes the change.
func (s *Server) act(r *http.Request, what string, e store.Event, f func(*store.Tx) error) error {
	return s.tx(r, what, func(tx *store.Tx) error {
		if err := tx.RequireSession(e); err != nil {
			return err
		}
		return f(tx)
	})
}
