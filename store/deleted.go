package store

// A user is deleted in one small transaction: the user's row, sessions, accounts, links,
// mails and former addresses, of which there are few. After that the user does not exist
// and their address is free. There may be very many tasks, events and kept answers. They
// are no longer shown, no more can be added, and they are deleted later in batches. A
// trigger writes the user's id into deleted_user, which lists whose rows are left.

// DeleteUser deletes a user, ends their sessions and records e, which is kept. Tasks are
// left to DeleteRemains. It returns ErrNotFound when there is no such user.
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
