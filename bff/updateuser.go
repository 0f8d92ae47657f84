package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/bff/throttle"
	"vestibule/internal/web"
	"vestibule/store"
)

// updateUser changes the name and the picture. The address is not changed like
// that: the new one must be shown to be the user's own first.
func (s *Server) updateUser(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
	if body.Has("email") && !body.IsNull("email") {
		if address, text := body.String("email"); address != "" || !text { // Better Auth passes an empty one over
			return web.Refuse(http.StatusBadRequest, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated: use /change-email.")
		}
	}
	change := store.UserChange{Name: readName(body), Image: readImage(body)}
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if change.Name == nil && change.Image == nil {
		return web.Refuse(http.StatusBadRequest, "NO_FIELDS_TO_UPDATE", "No fields to update")
	}
	if err := s.limit(r, throttle.ChangeProfile(live.UserID)); err != nil {
		return err
	}
	e := s.eventOf(r, live.Session, store.EventUserUpdated)
	err := s.act(r, "update user", e, func(tx *store.Tx) error {
		if err := tx.UpdateUser(live.UserID, change, e.At); err != nil {
			return err
		}
		return tx.Record(e)
	})
	if err != nil {
		return gone(err)
	}
	return done(w)
}
