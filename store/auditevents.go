package store

// The events of the audit trail.
const (
	EventSignUp          = "sign-up"
	EventSignUpFailed    = "sign-up-failed"
	EventSignIn          = "sign-in"
	EventSignInFailed    = "sign-in-failed"
	EventPasswordFailed  = "password-check-failed" // by a signed-in user
	EventPasswordProven  = "password-proven"       // by a signed-in user
	EventSignOut         = "sign-out"
	EventSessionRevoked  = "session-revoked"
	EventPasswordChanged = "password-changed"
	EventPasswordReset   = "password-reset"
	EventResetRequested  = "password-reset-requested"
	EventEmailVerified   = "email-verified"
	EventEmailChange     = "email-change-requested"
	EventEmailChanged    = "email-changed"
	EventEmailUndone     = "email-change-undone"
	EventUserUpdated     = "user-updated"
	EventUserDisabled    = "user-disabled"
	EventUserEnabled     = "user-enabled"
	EventUserDeleted     = "user-deleted"
	EventKeyCreated      = "key-created"
	EventKeyRetired      = "key-retired" // its successor signs, or an operator has ended it
	EventTokenMinted     = "token-minted"
	EventRestored        = "database-restored" // from a backup

	EventClientCreated       = "client-created"
	EventClientRotated       = "client-rotated"
	EventClientDeleted       = "client-deleted"
	EventClientFailed        = "client-authentication-failed"
	EventTokenIssued         = "token-issued" // to a client for itself
	EventTokenExchanged      = "token-exchanged"
	EventTokenExchangeFailed = "token-exchange-failed"
	EventTokenRevoked        = "token-revoked" // by the client to which it was given
)

// Events lists all of them.
var Events = [...]string{
	EventSignUp, EventSignUpFailed, EventSignIn, EventSignInFailed, EventPasswordFailed, EventPasswordProven, EventSignOut, EventSessionRevoked,
	EventPasswordChanged, EventPasswordReset, EventResetRequested, EventEmailVerified, EventEmailChange, EventEmailChanged, EventEmailUndone,
	EventUserUpdated, EventUserDisabled, EventUserEnabled, EventUserDeleted, EventKeyCreated, EventKeyRetired,
	EventTokenMinted, EventRestored,
	EventClientCreated, EventClientRotated, EventClientDeleted, EventClientFailed,
	EventTokenIssued, EventTokenExchanged, EventTokenExchangeFailed, EventTokenRevoked,
}
