package settings

import "vestibule/bff"

// defaults holds the defaults of the BFF's settings.
var defaults = bff.Defaults()

// schema holds every setting. To add a setting, add a row to one of the groups, with a
// check that stores the value, and two rows to schema_test.go.
var schema = []group{
	addressSettings,
	databaseSettings,
	secretSettings,
	sessionSettings,
	mailSettings,
	taskSettings,
	tokenSettings,
	proxySettings,
	streamSettings,
	appSettings,
	logSettings,
	traceSettings,
}
