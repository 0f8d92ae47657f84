package bff

import (
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

type signUpBody struct {
	Email       string  `json:"email" as:"Email"`
	Password    string  `json:"password" as:"NewPassword"`
	Name        string  `json:"name,omitempty" as:"Name"`
	Image       *string `json:"image,omitempty" as:"Image"`
	RememberMe  bool    `json:"rememberMe,omitempty" as:"RememberMe"`
	CallbackURL *string `json:"callbackURL,omitempty" as:"Target"`
}

var signUpDoc = endpoint.Doc{
	Tag: "account", Summary: "Create an account and sign in",
	Row: "200 `{token, user}` and the cookie. Body: `email`, `password`; optional `name` (default: the address before the @), `image`, `rememberMe`, `callbackURL` (with `REQUIRE_EMAIL_VERIFICATION`, where the link in the mail leads). With `REQUIRE_EMAIL_VERIFICATION` `token` is null, there is no cookie, and a taken address answers like a new one",
	Body: &endpoint.Body{Text: "Who signs up", Examples: []endpoint.Example{
		{Name: "short", Value: signUpBody{Email: exampleUser.Email, Password: examplePassword}},
		{Name: "full", Value: signUpBody{Email: exampleUser.Email, Password: examplePassword, Name: "Ada", Image: new("https://example.com/ada.png"), RememberMe: true, CallbackURL: new("/welcome")}},
	}},
	Answers: []*endpoint.Answer{{
		Status: 200, Text: "The user, and a session in the cookie. With REQUIRE_EMAIL_VERIFICATION `token` is null, there is no cookie, and a taken address answers like a new one",
		Headers:  []*endpoint.Header{setCookie},
		Examples: []endpoint.Example{{Name: "signed in", Value: signedUpJSON{new(exampleHandle), exampleUser}}, {Name: "verification needed", Value: signedUpJSON{User: exampleUser}}},
	}},
	Errors: []*web.Error{exampleTooShort, errTooLong, errCommon, errSignUpOff, errEmailTaken},
	Texts:  map[int]string{422: "The address has an account"},
}

type signInBody struct {
	Email       string  `json:"email" as:"Email"`
	Password    string  `json:"password" as:"Password"`
	RememberMe  bool    `json:"rememberMe,omitempty" as:"RememberMe"`
	CallbackURL *string `json:"callbackURL,omitempty" as:"Target"`
}

var signInDoc = endpoint.Doc{
	Tag: "account", Summary: "Sign in",
	Row:  "200 `{redirect, token, user}` and the cookie. Ends the session presented with it. Body: `email`, `password`; optional `rememberMe`, `callbackURL` (then `redirect` is true, and `url` and `Location` name it)",
	Body: &endpoint.Body{Text: "Who signs in", Examples: one(signInBody{Email: exampleUser.Email, Password: examplePassword})},
	Answers: []*endpoint.Answer{{
		Status: 200, Text: "The user, and a session in the cookie. The session that came with the request has ended",
		Headers: []*endpoint.Header{setCookieAlways, {Component: "Location", Name: "Location", Text: "Where the app goes on: the `callbackURL`",
			Schema: endpoint.Schema{"type": "string", "format": "uri-reference"}, Example: "/welcome"}},
		Examples: []endpoint.Example{
			{Name: "signed in", Value: signedInJSON{Token: exampleHandle, User: exampleUser}},
			{Name: "with a target", Value: signedInJSON{Redirect: true, Token: exampleHandle, URL: "/welcome", User: exampleUser}},
		},
	}},
	Errors: []*web.Error{errInvalidEmail, errTooLong, errCredentials},
	Texts:  map[int]string{401: "Unknown address, wrong password or disabled account, indistinguishable"},
}

type successJSON struct {
	Success bool `json:"success" schema:"const=true"`
}

var signOutDoc = endpoint.Doc{
	Tag: "account", Summary: "Sign out",
	Row:     "200 `{\"success\":true}`, also without a session; clears the cookie",
	Body:    noInput,
	Answers: []*endpoint.Answer{answers("The session has ended, if there was one; the cookie is cleared", successJSON{true}, clearCookieAlways), badOptional},
}

var getSessionDoc = endpoint.Doc{
	Tag: "session", Summary: "Ask who is signed in",
	Row:    "200 `{session, user}` or `null`. `?disableRefresh=true` asks without using the session",
	Params: []*endpoint.Param{inQuery("disableRefresh", "Any value but an empty one: asking does not count as a use of the session", false, "true")},
	Answers: []*endpoint.Answer{answers("The session and its user, or null. The cookie is set anew where the session was extended, cleared where it has ended", &currentJSON{exampleSession, exampleUser},
		setCookie, &endpoint.Header{Component: "SetAuthJwt", Name: exposedTokenHeader, Text: "The access token, with EXPOSE_TOKEN alone", Schema: text, Example: "eyJ..."})},
}

var listSessionsDoc = endpoint.Doc{
	Tag: "session", Summary: "List the user's sessions",
	Row:     "200 the user's live sessions, the latest sign-in first; the caller's own is the one whose `token` `/get-session` gives",
	Answers: []*endpoint.Answer{answers("The live ones, the latest sign-in first; the caller's own is the one whose `token` `/get-session` gives", []sessionJSON{exampleSession})},
}

type revokeSessionBody struct {
	Token string `json:"token" doc:"A session's handle"`
}

var revokeSessionDoc = endpoint.Doc{
	Tag: "session", Summary: "End one session",
	Row:     "200 `{\"status\":true}`. Body: `token`, a handle; one that is not the user's own ends nothing and answers the same",
	Body:    &endpoint.Body{Text: "Which", Examples: one(revokeSessionBody{exampleHandle})},
	Answers: []*endpoint.Answer{answers("It has ended. A handle that is not of the user's own ends nothing and answers the same", statusJSON{true}, clearCookie), notFresh},
}

var revokeSessionsDoc = endpoint.Doc{
	Tag: "session", Summary: "End all sessions",
	Row:     "200; all of the user's sessions end, the caller's too",
	Body:    noInput,
	Answers: []*endpoint.Answer{answers("All of the user's sessions have ended, the caller's too", statusJSON{true}, clearCookieAlways), badOptional},
}

var revokeOthersDoc = endpoint.Doc{
	Tag: "session", Summary: "End all other sessions",
	Row:     "200; all but the caller's",
	Body:    noInput,
	Answers: []*endpoint.Answer{answers("All but the caller's have ended", statusJSON{true}), badOptional},
}

type updateUserBody struct {
	_     struct{} `schema:"minProperties=1"`
	Name  string   `json:"name,omitempty" as:"Name"`
	Image *string  `json:"image,omitempty" as:"Image"`
}

var updateUserDoc = endpoint.Doc{
	Tag: "account", Summary: "Change name and picture",
	Row: "200. Body: `name`, `image` (null clears it)",
	Body: &endpoint.Body{Text: "What changes", Examples: []endpoint.Example{
		{Name: "name", Value: updateUserBody{Name: "Augusta"}}, {Name: "no picture", Value: map[string]any{"image": nil}},
	}},
	Answers: []*endpoint.Answer{answers("They have changed", statusJSON{true})},
	Errors:  []*web.Error{errEmailNotHere, errNoFields},
}

type changePasswordBody struct {
	CurrentPassword     string `json:"currentPassword" as:"Password"`
	NewPassword         string `json:"newPassword" as:"NewPassword"`
	RevokeOtherSessions bool   `json:"revokeOtherSessions,omitempty" schema:"default=true"`
}

var changePasswordDoc = endpoint.Doc{
	Tag: "account", Summary: "Change the password",
	Row:  "200 `{token, user}` and a new cookie. Body: `currentPassword`, `newPassword`; the other sessions end unless `revokeOtherSessions` is false. The user is told by mail",
	Body: &endpoint.Body{Text: "The current and the new one", Examples: one(changePasswordBody{CurrentPassword: examplePassword, NewPassword: anotherPassword})},
	Answers: []*endpoint.Answer{answers("It has changed. The caller has a new session secret in the cookie; the other sessions have ended unless `revokeOtherSessions` was false. The user is told by mail",
		signedUpJSON{new(exampleHandle), exampleUser}, setCookieAlways)},
	Errors: []*web.Error{exampleTooShort, errTooLong, errCommon, errPassword, errNoCredential},
}

type verifyPasswordBody struct {
	Password string `json:"password" as:"Password"`
}

var verifyPasswordDoc = endpoint.Doc{
	Tag: "account", Summary: "Prove the caller's password",
	Row:     "200. Body: `password`, which is then proven in this session: see below",
	Body:    &endpoint.Body{Text: "The password", Examples: one(verifyPasswordBody{examplePassword})},
	Answers: []*endpoint.Answer{answers("It is right, and proven in this session: for SESSION_FRESH_AGE, what needs a fresh session needs no other proof", statusJSON{true})},
	Errors:  []*web.Error{errTooLong, errPassword, errNoCredential},
}

type changeEmailBody struct {
	NewEmail    string  `json:"newEmail" as:"Email"`
	CallbackURL *string `json:"callbackURL,omitempty" as:"Target"`
}

var changeEmailDoc = endpoint.Doc{
	Tag: "mail", Summary: "Ask for another address",
	Row:     "200, for a taken address too. Body: `newEmail`; optional `callbackURL`. The old address is told first, with a link that stops it and, for 7 days, undoes it. Then the new one gets a link that confirms it for an hour, as long as the session that asked is alive. Until it is followed nothing changes",
	Body:    &endpoint.Body{Text: "The new address", Examples: one(changeEmailBody{"augusta@example.com", new("/account")})},
	Answers: []*endpoint.Answer{answers("A link went to the new address, and the address changes when it is followed; the old one gets a notice. The same for a taken address", statusJSON{true})},
	Errors:  []*web.Error{errSameEmail},
}

type deleteUserBody struct {
	Password *string `json:"password,omitempty" as:"Password"`
}

type successMessageJSON struct {
	Success bool   `json:"success" schema:"const=true"`
	Message string `json:"message"`
}

var userDeleted = successMessageJSON{true, "User deleted"}

var deleteUserDoc = endpoint.Doc{
	Tag: "account", Summary: "Delete the account",
	Row: "200 `{\"success\":true,\"message\":\"User deleted\"}`; clears the cookie. Body: `password`, or `{}` where it was proven lately",
	Body: &endpoint.Body{Text: "The password, or `{}` where it was proven lately", Examples: []endpoint.Example{
		{Name: "password", Value: deleteUserBody{new(examplePassword)}}, {Name: "proven lately", Value: deleteUserBody{}},
	}},
	Answers: []*endpoint.Answer{answers("The account and all that is the user's is gone", userDeleted, clearCookieAlways), notFresh},
	Errors:  []*web.Error{errTooLong, errPassword, errNoCredential},
}

var listAccountsDoc = endpoint.Doc{
	Tag: "account", Summary: "List ways to sign in",
	Row: "200, never a hash",
	Answers: []*endpoint.Answer{answers("Them, without what proves them", []accountJSON{{
		AccountID: exampleUser.ID, ProviderID: "credential", UserID: exampleUser.ID, CreatedAt: exampleTime, UpdatedAt: exampleTime, ID: "acc_x2k5n4tz6wym3vq7a2bcdefghi", Scopes: []string{},
	}})},
}

type requestPasswordResetBody struct {
	Email      string  `json:"email" as:"Email"`
	RedirectTo *string `json:"redirectTo,omitempty" as:"Target"`
}

type statusMessageJSON struct {
	Status  bool   `json:"status" schema:"const=true"`
	Message string `json:"message"`
}

var resetAsked = statusMessageJSON{true, "If this email exists in our system, check your email for the reset link"}

var requestResetDoc = endpoint.Doc{
	Tag: "mail", Summary: "Ask for a reset link",
	Row:     "200, the same for known and unknown addresses. Body: `email`; optional `redirectTo`. For an address that is kept after a change, the mail has the link that undoes the change",
	Body:    &endpoint.Body{Text: "Whose password", Examples: one(requestPasswordResetBody{exampleUser.Email, new("/new-password")})},
	Answers: []*endpoint.Answer{answers("A link was mailed if anybody has the address: the same for known and unknown ones", resetAsked)},
}

var followResetDoc = endpoint.Doc{
	Tag: "mail", Summary: "Follow a reset link",
	Row:     "the link in that mail: 302 to its `callbackURL` with `?token=` or `?error=INVALID_TOKEN`. Without one (no `redirectTo` was given) a browser gets a page of ours that asks for the new password. Consumes nothing",
	Text:    "The link in the mail: to its `callbackURL`, with `?token=` or `?error=INVALID_TOKEN`. Without one it is a page for browsers that asks for the new password. It consumes nothing.",
	Params:  []*endpoint.Param{inQuery("callbackURL", "The app's page for the new password", false, "/new-password")},
	Answers: []*endpoint.Answer{page("The page that asks for the new password"), redirected},
	Errors:  []*web.Error{errNoCallback, errLinkTarget},
	Texts:   map[int]string{400: "`callbackURL` is missing, and no browser asks", 403: "`callbackURL` leads elsewhere"},
}

type resetPasswordBody struct {
	NewPassword string  `json:"newPassword" as:"NewPassword"`
	Token       *string `json:"token,omitempty" as:"LinkToken"`
}

var resetPasswordDoc = endpoint.Doc{
	Tag: "mail", Summary: "Set a new password",
	Row:     "200. Body: `newPassword`, `token`. All sessions end; a browser that is signed in to the account stays so, with another secret and cookie. The address counts as verified, and the blocks of the account's sign-in end",
	Params:  []*endpoint.Param{inQuery("token", "As in the body, which counts", false, nil)},
	Body:    &endpoint.Body{Text: "The new password, and the token of the link", Examples: one(resetPasswordBody{anotherPassword, new(exampleLink)})},
	Answers: []*endpoint.Answer{answers("It is set. All sessions have ended; a caller who is signed in to the account stays so, under another secret", statusJSON{true}, setCookie)},
	Errors:  []*web.Error{exampleTooShort, errTooLong, errCommon, errLink},
}

type sendVerificationEmailBody struct {
	Email       string  `json:"email" as:"Email"`
	CallbackURL *string `json:"callbackURL,omitempty" as:"Target"`
}

var sendVerificationDoc = endpoint.Doc{
	Tag: "mail", Summary: "Ask for a verification link",
	Row:     "200, the same for known and unknown addresses. Body: `email`; optional `callbackURL`",
	Body:    &endpoint.Body{Text: "Which address", Examples: one(sendVerificationEmailBody{exampleUser.Email, new("/welcome")})},
	Answers: []*endpoint.Answer{answers("A link was mailed if anybody has the address and it is not verified: the same for all to whom is not signed in", statusJSON{true})},
	Errors:  []*web.Error{errOtherEmail, errVerified},
}

var verifyEmailDoc = endpoint.Doc{
	Tag: "mail", Summary: "Follow a verification link",
	Row: "the link in that mail, and in the one to a new address: `token`, optional `callbackURL`. In a browser that is signed in to the account: 302 there, or 200 `{status, user}`. In another one: a page that asks for the password, or for a new one. Without `text/html` in `Accept`: 403 `PASSWORD_REQUIRED`. Followed again it answers the same and changes nothing",
	Text: "The link in the mail. It does what it is for where the browser is signed in to the account; anybody else's browser gets a page that asks for the password, or for a new one, and other clients a 403. " +
		"Followed again it says the same and changes nothing. With a `callbackURL` the browser is sent there, with `?error=` if the link is no good.",
	Params: []*endpoint.Param{linkParam, inQuery("callbackURL", "Where the browser goes on", false, "/welcome")},
	Answers: []*endpoint.Answer{{
		Status: 200, Text: "The address is verified. `user` is there where it was changed. As HTML it is the page that asks", Types: []string{"text/html"},
		Examples: []endpoint.Example{{Name: "verified", Value: verifiedJSON{Status: true}}, {Name: "changed", Value: verifiedJSON{true, &exampleUser}}},
	}, redirected},
	Errors: []*web.Error{errNoToken, errDeadLink, errLinkExpired, errLinkTarget, errPasswordNeeded},
	Texts: map[int]string{
		400: "`token` is missing", 401: "The link was never made, has expired, or is of no use any more; with a `callbackURL` that is told there",
		403: "`callbackURL` leads elsewhere, or the link needs a password",
	},
}

type proveEmailBody struct {
	Token       string  `json:"token" as:"LinkToken"`
	Password    *string `json:"password,omitempty" doc:"The account's"`
	NewPassword *string `json:"newPassword,omitempty" doc:"To be set; not together with password"`
}

var proveEmailDoc = endpoint.Doc{
	Tag: "mail", Summary: "Follow a verification link with a password",
	Row:  "200 `{status, user}`: what that page sends. Body: `token`, and `password` or `newPassword` (which replaces the password and ends all sessions; not for a change of address, and a 401 once the address is confirmed)",
	Text: "What the page behind the link sends. `newPassword` replaces whatever password there was and ends all sessions; it is not possible for a change of address.",
	Body: &endpoint.Body{Text: "The token of the link, and what shows that the account is the caller's: the password, a new one, or with neither the session", Examples: []endpoint.Example{
		{Name: "known", Value: proveEmailBody{Token: exampleLink, Password: new(examplePassword)}}, {Name: "new", Value: proveEmailBody{Token: exampleLink, NewPassword: new(anotherPassword)}},
	}},
	Answers: []*endpoint.Answer{answers("The address is verified. `user` is there where it was changed", verifiedJSON{Status: true})},
	Errors:  []*web.Error{exampleTooShort, errTooLong, errCommon, errPassword, errNoCredential, errDeadLink, errLinkExpired, errPasswordNeeded},
	Texts: map[int]string{
		401: "The link was never made, has expired, or is of no use any more", 403: "From an origin that may not, to a target that is not ours, or without what the link needs",
	},
}

var askUndoDoc = endpoint.Doc{
	Tag: "mail", Summary: "Ask whether to undo a change of address",
	Row:     "the link in the mails about a change of address: a page with a button, or one that says that the link no longer works",
	Text:    "The link in the mails about a change of address. It is a page with a button, and changes nothing.",
	Params:  []*endpoint.Param{linkParam},
	Answers: []*endpoint.Answer{page("The page")},
	Errors:  []*web.Error{errNoToken},
	Texts:   map[int]string{400: "`token` is missing"},
}

type undoEmailBody struct {
	Token       string  `json:"token" as:"LinkToken"`
	NewPassword *string `json:"newPassword,omitempty" doc:"To be set"`
}

var undoEmailDoc = endpoint.Doc{
	Tag: "mail", Summary: "Stop or undo a change of address",
	Row: "200 `{\"status\":true}`. Body: `token`; optional `newPassword`. The change is stopped or undone, all sessions and outstanding links end. Without `newPassword` a link to set one is mailed to the address",
	Text: "The account keeps the address that the mail went to, or gets it back; all sessions and outstanding links end. Without `newPassword` a link to set one is mailed to that address. " +
		"Again it answers the same and changes nothing.",
	Body:    &endpoint.Body{Text: "The token of the link, and a new password if one is to be set", Examples: one(undoEmailBody{exampleLink, new(anotherPassword)})},
	Answers: []*endpoint.Answer{answers("The change is stopped or undone", statusJSON{true})},
	Errors:  []*web.Error{exampleTooShort, errTooLong, errCommon, errDeadLink, errLinkExpired},
	Texts:   map[int]string{401: "The link was never made, was used to set a password, has expired, or somebody who had the account earlier has undone more"},
}

var linkFileDoc = endpoint.Doc{
	Tag: "mail", Summary: "A file of the pages behind links",
	Answers: []*endpoint.Answer{{Status: 200, Text: "The file", Types: []string{"text/javascript", "text/css"}}, notFound},
}

type tokenJSON struct {
	Token string `json:"token"`
}

var tokenDoc = endpoint.Doc{
	Tag: "session", Summary: "Get the access token", Text: "Only with EXPOSE_TOKEN; otherwise there is nothing at this path.",
	Row:     "200 `{token}`, the access token; 404 without `EXPOSE_TOKEN`. With it `/get-session` sends `set-auth-jwt` too",
	Answers: []*endpoint.Answer{answers("The token that the proxy attaches", tokenJSON{"eyJ..."}), notFound},
}

// jwksJSON describes what the token room publishes.
type jwksJSON struct {
	Keys []keyJSON `json:"keys"`
}

type keyJSON struct {
	Kty string `json:"kty" schema:"enum=OKP|EC"`
	Crv string `json:"crv" schema:"enum=Ed25519|P-256"`
	X   string `json:"x"`
	Y   string `json:"y,omitempty"`
	Kid string `json:"kid"`
	Alg string `json:"alg" schema:"enum=EdDSA|ES256"`
	Use string `json:"use,omitempty" schema:"const=sig"`
}

var jwksDoc = endpoint.Doc{
	Tag: "service", Summary: "Get the public keys",
	Row: "200 the public keys, `{\"keys\":[]}` in HS256 mode; cacheable for five minutes",
	Answers: []*endpoint.Answer{unavailable, {
		Status: 200, Text: "The keys that verify our tokens; none with JWT_ALGORITHM HS256",
		Headers: []*endpoint.Header{{Component: "CacheControlKeys", Name: "Cache-Control", Text: "May be kept for five minutes", Always: true,
			Schema: endpoint.Schema{"type": "string", "const": jwksCaching}, Example: jwksCaching}},
		Examples: []endpoint.Example{
			{Name: "EdDSA", Value: jwksJSON{[]keyJSON{{Kty: "OKP", Crv: "Ed25519", X: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", Kid: "key_5n4tz6wym3vq7a2b", Alg: "EdDSA", Use: "sig"}}}},
			{Name: "HS256", Value: jwksJSON{[]keyJSON{}}},
		},
	}},
}

type okJSON struct {
	OK bool `json:"ok" schema:"const=true"`
}

var okDoc = endpoint.Doc{
	Tag: "about", Summary: "Give a sign of life",
	Row:     "200 `{\"ok\":true}`",
	Answers: []*endpoint.Answer{answers("It lives", okJSON{true})},
}

var errorDoc = endpoint.Doc{
	Tag: "about", Summary: "Show an error to a person",
	Row:     "a small page that shows `?error=`",
	Params:  []*endpoint.Param{inQuery("error", "The code to show", false, "INVALID_TOKEN")},
	Answers: []*endpoint.Answer{page("A small page")},
}
