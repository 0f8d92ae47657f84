package main

import (
	"context"

	"vestibule/internal/settings"
)

// command is one thing the program can do.
type command struct {
	name    string // may be two words
	args    string // what follows, as help shows it: USER [SESSION]
	summary string
	reads   settings.Side // the settings it accepts
	options []option
	run     func(context.Context, *program, *settings.Settings) error
}

// option is a flag of one command that is no setting: it says what to do this
// time, and has no variable.
type option struct {
	name string
	arg  string // what stands for the value in help; "" for one that is there or not
	help string
}

var asJSON = option{"json", "", "Print JSON for programs: one object a line."}

// commands returns all of them, in the order of help.
func commands() []command {
	return []command{
		{name: "serve", summary: "run the BFF, the task API and the admin server in one process", reads: settings.ForServe, run: serve},
		{name: "bff", summary: "run the BFF alone, in front of the API at BACKEND_URL", reads: settings.ForBFF, run: serve},
		{name: "api", summary: "run the task API alone", reads: settings.ForAPI, run: serve},
		{name: "migrate up", summary: "apply all pending migrations", reads: settings.ForMigrate, run: migrateUp},
		{name: "migrate down", summary: "undo the last migration; the data that it added is lost", reads: settings.ForMigrate, run: migrateDown},
		{name: "migrate status", summary: "list the migrations and which are applied", reads: settings.ForMigrate, run: migrateStatus},
		{name: "user list", summary: "list the users", reads: settings.ForData, options: []option{
			{"search", "TEXT", "Only users with this in their address or name."},
			{"disabled", "", "Only users who may not sign in."},
			asJSON,
		}, run: userList},
		{name: "user show", args: "USER", summary: "show a user, their accounts and sessions; USER is an address or an id", reads: settings.ForData, options: []option{asJSON}, run: userShow},
		{name: "user create", args: "EMAIL", summary: "create a user; the password is asked for, or read from standard input", reads: settings.ForPassword, options: []option{
			{"name", "TEXT", "Their name; by default the part of the address before the @."},
			{"email-verified", "", "Mark the address as verified."},
			asJSON,
		}, run: userCreate},
		{name: "user disable", args: "USER", summary: "disable a user, so that they cannot sign in, and end all their sessions", reads: settings.ForData, options: []option{asJSON}, run: userDisable},
		{name: "user enable", args: "USER", summary: "let a disabled user sign in again", reads: settings.ForData, options: []option{asJSON}, run: userEnable},
		{name: "user delete", args: "USER", summary: "delete a user and all their data", reads: settings.ForData, options: []option{
			{"yes", "", "Do not ask for confirmation."},
			asJSON,
		}, run: userDelete},
		{name: "user sessions", args: "USER", summary: "list where a user is signed in", reads: settings.ForData, options: []option{asJSON}, run: userSessions},
		{name: "user revoke", args: "USER [SESSION]", summary: "end one session of a user, or with --all every one", reads: settings.ForData, options: []option{
			{"all", "", "End all their sessions."},
			asJSON,
		}, run: userRevoke},
		{name: "user set-password", args: "USER", summary: "set a user's password and end all their sessions; it is asked for, or read from standard input", reads: settings.ForPassword, options: []option{asJSON}, run: userSetPassword},
		{name: "client create", args: "NAME", summary: "create a client for an internal service and print its secret, only this once", reads: settings.ForData, options: []option{
			{"grant", "GRANT,…", "How it gets tokens. credentials, the default: its own tokens, which open every user's tasks as far as its scopes allow. exchange: in exchange for a user's token, for that user's tasks."},
			{"scope", "SCOPE,…", "What its tokens open at most: tasks:read, tasks:write."},
			{"audience", "TEXT,…", "Which audiences its exchanged tokens may have; by default JWT_AUDIENCE."},
			asJSON,
		}, run: clientCreate},
		{name: "client list", summary: "list the clients", reads: settings.ForData, options: []option{asJSON}, run: clientList},
		{name: "client rotate", args: "CLIENT", summary: "give a client a new secret and print it; CLIENT is a name or an id", reads: settings.ForData, options: []option{
			{"keep-old", "DURATION", "How long the old secret stays valid, like 24h. By default it ends at once."},
			asJSON,
		}, run: clientRotate},
		{name: "client delete", args: "CLIENT", summary: "delete a client, so that it gets no more tokens", reads: settings.ForData, options: []option{
			{"yes", "", "Do not ask for confirmation."},
			asJSON,
		}, run: clientDelete},
		{name: "token", summary: "mint a token for a user or a service and print it", reads: settings.ForToken, options: []option{
			{"sub", "WHO", "A user, by address or id, or a service by its svc_ id."},
			{"scope", "SCOPE,…", "What it opens: tasks:read, tasks:write. Without it, a user's token opens all tasks of that user, and a service's token opens nothing."},
			{"expires-in", "DURATION", "How long it lives, at most 24h; by default JWT_EXPIRES_IN."},
		}, run: mintToken},
		{name: "audit", summary: "list what happened to accounts, the latest first", reads: settings.ForData, options: []option{
			{"user", "USER", "Only events of this user: an address or an id. Deleted users are found too."},
			{"email", "ADDRESS", "Only events with this address as it was typed, whether or not it has an account."},
			{"event", "NAME", "Only events of this kind, like sign-in-failed."},
			{"session", "SESSION", "Only events of this session."},
			{"client", "CLIENT", "Only events of this service client: a name or an id. Deleted ones are found by id."},
			{"ip", "ADDRESS", "Only events from this IP address."},
			{"request-id", "ID", "Only events of this request."},
			{"since", "TIME", "Only events since then: a duration like 24h, a date or a time like 2026-03-01T10:00:00Z."},
			{"until", "TIME", "Only events before then, in the same forms."},
			{"limit", "N", "How many events at most: 100 by default, 0 for all."},
			asJSON,
		}, run: audit},
		{name: "version", summary: "print the version", reads: settings.ForVersion, run: printVersion},
	}
}
