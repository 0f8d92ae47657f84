package store

// A user is deleted in one small transaction, whatever they have: the user's row, their
// sessions, accounts, links, mails and former addresses, all of which are few. From then
// on there is no such user, and their address is free. What may be a great deal, tasks
// with their events and kept answers, is no longer shown, cannot be added to, and is
// deleted in batches afterwards. deleted_user says whose; a trigger fills it in.

// DeleteUser deletes a user, ends their sessions and records e, which stays. What
// DeleteRemains deletes is left to it. It returns ErrNotFound when the user is gone
// already.
func (tx *Tx) DeleteUser(id string, e Event) error {
	if err := tx.RevokeSessions(id, "", e); err != nil {
		return err
	}
	err := tx.change(`DELETE FROM "user" WHERE id = (SELECT u.id FROM (SELECT CAST(? AS text) AS id) AS u`+tx.dialect.AloneSQL+`)`, id)
	if err != nil {
		return err
	}
	e.UserID = id
	return tx.Record(e)
}
