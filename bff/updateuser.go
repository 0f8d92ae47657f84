package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/bff/throttle"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

var errEmailNotHere = web.Refuse(http.StatusBadRequest, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated: use /change-email.")

var errNoFields = web.Refuse(http.StatusBadRequest, "NO_FIELDS_TO_UPDATE", "No fields to update")

type updateUserBody struct {
	_     struct{} `schema:"minProperties=1"`
	Name  string   `json:"name,omitempty" like:"Name"`
	Image *string  `json:"image,omitempty" like:"Image"`
}

var updateUserDoc = endpoint.Doc{
	Tag: "account", Summary: "Change name and picture",
	Row:    "200. Body: `name`, `image` (null clears it)",
	Limit:  "profile",
	Events: []string{store.EventUserUpdated},
	Body: &endpoint.Body{Text: "The fields to change", Examples: []endpoint.Example{
		{Name: "name", Value: updateUserBody{Name: "Augusta"}}, {Name: "no picture", Value: map[string]any{"image": nil}},
	}},
	Answers: []*endpoint.Answer{answers("The fields have changed", statusJSON{true})},
	Errors:  []*web.Error{errEmailNotHere, errNoFields},
}

// updateUser changes the name and the picture. It does not change the address: the user
// must first prove that the new one is theirs.
func (s *Server) updateUser(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
	if body.Has("email") && !body.IsNull("email") {
		if address, text := body.String("email"); address != "" || !text { // Better Auth ignores an empty one
			return errEmailNotHere
		}
	}
	change := store.UserChange{Name: readName(body), Image: readImage(body)}
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if change.Name == nil && change.Image == nil {
		return errNoFields
	}
	if err := s.limit(r, throttle.ChangeProfile(live.UserID)); err != nil {
		return err
	}
	e := s.eventOf(r, *live.Session, store.EventUserUpdated)
	err := s.act(r, "update user", e, func(tx *store.Tx) error {
		if err := tx.UpdateUser(live.UserID, change, e.At); err != nil {
			return err
		}
		return tx.Record(e)
	})
	if err != nil {
		return unauthorizedIfDeleted(err)
	}
	return done(w)
}
