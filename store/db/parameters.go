package db

import "slices"

// parameterRule says what to do with a parameter that neither lib/pq nor the server knows.
type parameterRule struct {
	redundant []string // values that request what we do anyway
	weaker    string   // the cure, if the connection is less safe without the parameter
	forced    string   // if the URL is refused: why, and the cure
}

func (r parameterRule) note(name, value string) URLNote {
	if r.weaker == "" || slices.Contains(r.redundant, value) {
		return URLNote{Parameter: name, Effect: "has no effect here"}
	}
	return URLNote{Parameter: name, Effect: "is not done: " + r.weaker, Weaker: true}
}

// parameterRules holds the parameters of libpq that lib/pq does not know, and parameters of
// other drivers that people have in their URLs.
var parameterRules = rules()

func rules() map[string]parameterRule {
	no := []string{"0", "false", "off", "no"}
	all := map[string]parameterRule{
		"channel_binding": {redundant: []string{"disable", "prefer"}, weaker: "the sign-in is not bound to the TLS connection; sslmode=verify-full with sslrootcert=system or your provider's certificate keeps others out of it"},
		"require_auth":    {weaker: "whatever way of signing in the server asks for is answered; sslmode=verify-full makes sure that it is yours"},
		"sslcrl":          {weaker: "certificates that were revoked are not looked up"},
		"sslcrldir":       {weaker: "certificates that were revoked are not looked up"},
		"requirepeer":     {weaker: "the owner of the server's socket is not looked at; keep its folder from other users"},
		"sslcertmode":     {redundant: []string{"disable", "allow"}, weaker: "a server that does not ask for the certificate is accepted"},
		"sslaccept":       {redundant: []string{"accept_invalid_certs"}, weaker: "write sslmode=verify-full for a certificate that is checked"},
		"ssl":             {redundant: []string{"true", "1", "on", "require"}, weaker: "sslmode decides; its default is require"},

		"gssencmode":          {redundant: []string{"disable", "prefer"}, forced: "cannot be done; use sslmode=verify-full"},
		"replication":         {redundant: no, forced: "is no connection for queries; leave it out"},
		"sslpassword":         {forced: "cannot be used; give a key without a password as sslkey"},
		"sslidentity":         {forced: "cannot be used; give the certificate and its key as sslcert and sslkey"},
		"scram_client_key":    {forced: "cannot be used; give the password"},
		"scram_server_key":    {forced: "cannot be used; give the password"},
		"servicefile":         {forced: "cannot be used; set PGSERVICEFILE in the environment"},
		"oauth_issuer":        {forced: "cannot be used; give a password or a certificate"},
		"oauth_client_id":     {forced: "cannot be used; give a password or a certificate"},
		"oauth_client_secret": {forced: "cannot be used; give a password or a certificate"},
		"oauth_scope":         {forced: "cannot be used; give a password or a certificate"},
	}
	for _, name := range []string{
		// libpq. Keep-alives are always sent, and silent servers always time out.
		"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"sslcompression", "requiressl", "sslkeylogfile", "gsslib", "gssdelegation",
		// Prisma
		"pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size", "single_use_connections",
		// pgx
		"statement_cache_mode", "statement_cache_capacity", "description_cache_capacity", "default_query_exec_mode", "prefer_simple_protocol",
		"pool_max_conns", "pool_min_conns", "pool_min_idle_conns", "pool_max_conn_lifetime", "pool_max_conn_lifetime_jitter", "pool_max_conn_idle_time", "pool_health_check_period",
		// Rails, SQLAlchemy, asyncpg, JDBC, Doctrine
		"pool", "pool_size", "max_overflow", "prepared_statements", "prepared_statement_cache_size", "prepareThreshold", "serverVersion", "charset", "encoding",
		// node-postgres, Supabase, Vercel
		"uselibpqcompat", "supa", "workaround", "pool_mode",
	} {
		all[name] = parameterRule{}
	}
	return all
}
