package main

import (
	"context"
	"maps"
	"slices"

	"vestibule/internal/settings"
	"vestibule/store"
)

// command is one command of the program.
type command struct {
	name    string // one or two words
	args    string // its arguments, as help shows them: USER [SESSION]
	summary string
	reads   settings.Side // the settings it accepts
	options []option

	// choices are the words that an option or an argument takes, by its name. For shell
	// completion; the command itself refuses others.
	choices map[string][]string

	// examines is set if the command reports the faults of its settings itself. Then it gets
	// no settings.
	examines bool

	run func(context.Context, *program, *settings.Settings) error
}

// option is a flag of one command that is not a setting. It applies to one call and has
// no environment variable.
type option struct {
	name string
	arg  string // the placeholder for the value in help; "" if the option takes no value
	help string
}

var asJSON = option{"json", "", "Print JSON for programs: one object per line."}

// commands returns all commands, in the order of help.
func commands() []command {
	return []command{
		{name: "serve", summary: "run the BFF, the task API and the admin server in one process", reads: settings.ForServe, run: serve},
		{name: "bff", summary: "run the BFF alone, in front of the API at BACKEND_URL", reads: settings.ForBFF, run: serve},
		{name: "api", summary: "run the task API alone", reads: settings.ForAPI, run: serve},
		{name: "migrate up", summary: "apply all pending migrations", reads: settings.ForMigrate, run: migrateUp},
		{name: "migrate down", summary: "undo the last migration; the data that it added is lost", reads: settings.ForMigrate, run: migrateDown},
		{name: "migrate status", summary: "list the migrations, and show which are applied", reads: settings.ForMigrate, run: migrateStatus},
		{name: "user list", summary: "list the users", reads: settings.ForData, options: []option{
			{"search", "TEXT", "Only users with this text in their address or name."},
			{"disabled", "", "Only users who may not sign in."},
			asJSON,
		}, run: userList},
		{name: "user show", args: "USER", summary: "show a user, their accounts and sessions; USER is an address or an id", reads: settings.ForData, options: []option{asJSON}, run: userShow},
		{name: "user create", args: "EMAIL", summary: "create a user; the command asks for the password, or reads it from standard input", reads: settings.ForPassword, options: []option{
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
		{name: "user sessions", args: "USER", summary: "list the sessions of a user", reads: settings.ForData, options: []option{asJSON}, run: userSessions},
		{name: "user revoke", args: "USER [SESSION]", summary: "end one session of a user, or all sessions with --all", reads: settings.ForData, options: []option{
			{"all", "", "End all sessions of the user."},
			asJSON,
		}, run: userRevoke},
		{name: "user set-password", args: "USER", summary: "set a user's password and end all their sessions; the command asks for the password, or reads it from standard input", reads: settings.ForPassword, options: []option{asJSON}, run: userSetPassword},
		{name: "client create", args: "NAME", summary: "create a client for an internal service and print its secret, which is never shown again", reads: settings.ForData, options: []option{
			{"grant", "GRANT,…", "How the client gets tokens. credentials, the default: tokens for itself, which are valid for every user's data, limited by its scopes. exchange: it exchanges a user's token for a token for the data of that user."},
			{"scope", "SCOPE,…", "The maximum scopes of its tokens, like orders:read. Those of the task API are tasks:read and tasks:write."},
			{"audience", "TEXT,…", "The APIs that its tokens may be for; by default JWT_AUDIENCE. A client that has only scopes of the task API gets its own tokens for JWT_AUDIENCE too."},
			asJSON,
		}, choices: map[string][]string{"grant": {store.GrantCredentials, store.GrantExchange}}, run: clientCreate},
		{name: "client list", summary: "list the clients", reads: settings.ForData, options: []option{asJSON}, run: clientList},
		{name: "client rotate", args: "CLIENT", summary: "give a client a new secret and print it; CLIENT is a name or an id", reads: settings.ForData, options: []option{
			{"keep-old", "DURATION", "How long the old secret stays valid, like 24h. By default it becomes invalid at once."},
			asJSON,
		}, run: clientRotate},
		{name: "client delete", args: "CLIENT", summary: "delete a client, so that it gets no more tokens", reads: settings.ForData, options: []option{
			{"yes", "", "Do not ask for confirmation."},
			asJSON,
		}, run: clientDelete},
		{name: "keys list", summary: "list the signing keys of EdDSA and ES256", reads: settings.ForData, options: []option{asJSON}, run: keysList},
		{name: "keys rotate", summary: "publish a new signing key, which signs as soon as every verifier has it", reads: settings.ForToken, options: []option{asJSON}, run: keysRotate},
		{name: "keys retire", args: "KEY", summary: "end a signing key that is not needed any more; KEY is an id", reads: settings.ForData, options: []option{
			{"now", "", "Stop its publication at once, for example because it has leaked, even if it signs. Its tokens become invalid."},
			asJSON,
		}, run: keysRetire},
		{name: "token", summary: "mint a token for a user or a service and print it", reads: settings.ForToken, options: []option{
			{"sub", "WHO", "A user, by address or id, or a service by its svc_ id."},
			{"scope", "SCOPE,…", "The scopes of the token: tasks:read and tasks:write, or those of your own API with its --jwt-audience. Without this option, the token of a user gives access to all tasks of that user, and the token of a service gives no access."},
			{"expires-in", "DURATION", "How long the token is valid, at most 24h; by default JWT_EXPIRES_IN."},
		}, run: mintToken},
		{name: "audit", summary: "list the events of the audit trail, the latest first", reads: settings.ForData, options: []option{
			{"user", "USER", "Only events of this user: an address or an id. Deleted users are found too."},
			{"email", "ADDRESS", "Only events with this entered address, even if it has no account."},
			{"event", "NAME", "Only events of this type, like sign-in-failed."},
			{"session", "SESSION", "Only events of this session."},
			{"client", "CLIENT", "Only events of this service client: a name or an id. Use the id for a deleted client."},
			{"ip", "ADDRESS", "Only events from this IP address."},
			{"request-id", "ID", "Only events of this request."},
			{"since", "TIME", "Only events since this time: a duration like 24h, a date or a time like 2026-03-01T10:00:00Z."},
			{"until", "TIME", "Only events before this time, in the same forms."},
			{"limit", "N", "The maximum number of events: 100 by default, 0 for all."},
			asJSON,
		}, choices: map[string][]string{"event": store.Events[:]}, run: audit},
		{name: "backup", args: "FILE", summary: "write a verified copy of the SQLite database to FILE, also while vestibule serve uses it; for PostgreSQL use pg_dump", reads: settings.ForData, options: []option{
			{"replace", "", "Replace FILE if it exists. The old file stays until the new one is verified."},
		}, run: backup},
		{name: "restore", args: "FILE", summary: "put the backup in FILE in the place of the SQLite database, while no vestibule process uses it. The data of an older version is migrated. The old database is renamed and not deleted. All sessions end, because some may have been revoked after the backup.", reads: settings.ForData, options: []option{
			{"keep-sessions", "", "Keep the sessions that are in the backup, also those that were revoked later."},
		}, run: restore},
		{name: "routes", args: "[URL]", summary: "print the routes of the proxy as vestibule serve and bff use them, or say which route takes a URL and why", reads: settings.ForRoutes, options: []option{
			{"method", "METHOD", "The method of the request to the URL; by default GET."},
			{"explain", "", "Also say for each of the usual request headers whether it is forwarded, and why."},
			{"header", "NAME,…", "Further request headers to explain."},
			asJSON,
		}, run: routes},
		{name: "doctor", args: "[URL]", summary: "check the settings, and the database, the keys and the servers that they name, before a start or beside a running installation; or with the URL that browsers show, check from outside what they and the proxy in front see; nothing is written", reads: settings.ForServe, examines: true, options: []option{
			{"for", "COMMAND", "The command whose settings are checked: serve, the default, bff or api. Without a URL."},
			{"cookie-file", "FILE", "With a URL: a file with the session cookie of that site, name=value, as a browser sends it. Then the API and event streams are checked too."},
			asJSON,
		}, choices: map[string][]string{"for": slices.Sorted(maps.Keys(examined))}, run: checkInstallation},
		{name: "health", args: "[URL]", summary: "ask a running instance whether it should get requests; the exit code is 0 if it should, and 1 if not. The default URL is /readyz at ADMIN_ADDR.", reads: settings.ForHealth, run: health},
		{name: "completion", args: "SHELL", summary: "print a script that completes commands, flags and values in a shell: bash, zsh or fish", reads: settings.ForVersion, choices: map[string][]string{"SHELL": shells()}, run: printCompletion},
		{name: "version", summary: "print the version", reads: settings.ForVersion, run: printVersion},
	}
}
