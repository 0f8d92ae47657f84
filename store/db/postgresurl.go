package db

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
)

// A postgres:// URL as people have it was made by a provider's page for libpq, or
// for another driver. lib/pq does not read one with several ports, and whatever
// parameter it does not know it sends to the server, which then refuses the
// connection. So the URL is read here, and lib/pq gets what it knows.

// postgresURL is a URL that has been read.
type postgresURL struct {
	parameters map[string]string // what lib/pq gets, by libpq's names
	notes      []URLNote
}

// URLNote says what becomes of a parameter of a database's URL that is not obeyed.
type URLNote struct {
	Parameter string
	Effect    string
	Weaker    bool // the connection is less safe than the URL asks for
}

// URLNotes returns what is not obeyed in a database's URL that CheckURL accepts.
func URLNotes(databaseURL string) []URLNote {
	u, err := parsePostgresURL(databaseURL)
	if err != nil {
		return nil
	}
	return u.notes
}

// errURL shows no part of the URL: where a password has a /, ? or # that is not
// escaped, its second half looks like something else.
var errURL = errors.New("database URL: not a valid postgres:// URL; special characters are written %40 for @, %23 for #, %2F for /, and so on")

func parsePostgresURL(text string) (postgresURL, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "postgres" && scheme != "postgresql" {
		return postgresURL{}, errURL
	}
	authority, tail := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, tail = rest[:end], rest[end:]
	}
	// An @ behind the hosts is the one before them: the password was cut in two.
	if strings.ContainsAny(tail, "@#") {
		return postgresURL{}, errURL
	}
	at := strings.LastIndexByte(authority, '@') + 1
	u, err := url.Parse("postgres://" + authority[:at] + tail) // its error would show the password
	if err != nil {
		return postgresURL{}, errURL
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return postgresURL{}, errURL
	}
	p := postgresURL{parameters: map[string]string{}}
	if err := p.setHosts(authority[at:]); err != nil {
		return postgresURL{}, err
	}
	password, _ := u.User.Password()
	p.set("user", u.User.Username())
	p.set("password", password)
	p.set("dbname", strings.TrimPrefix(u.Path, "/"))
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if err := p.setParameter(name, query.Get(name)); err != nil {
			return postgresURL{}, fmt.Errorf("database URL: %w", err)
		}
	}
	for _, value := range p.parameters {
		if !ValidText(value) { // NUL ends a parameter in lib/pq's first message, and it reads runes
			return postgresURL{}, errURL
		}
	}
	return p, nil
}

func (p *postgresURL) set(name, value string) {
	if value != "" {
		p.parameters[name] = value
	}
}

// setHosts reads host:port,host:port. A host may be the folder of a Unix socket,
// with its slashes as %2F.
func (p *postgresURL) setHosts(list string) error {
	if list == "" {
		return nil
	}
	var hosts, ports []string
	given := false
	for entry := range strings.SplitSeq(list, ",") {
		host, port := splitPort(entry)
		host, err := url.PathUnescape(host)
		numeric := strings.HasPrefix(entry, "[") // an IPv6 address, with colons
		if err != nil || strings.Contains(host, ",") || strings.ContainsAny(host, ":[]") && !numeric || strings.Trim(port, "0123456789") != "" {
			return errURL
		}
		given = given || port != ""
		if host == "" {
			host = "localhost"
		}
		if port == "" {
			port = "5432"
		}
		hosts, ports = append(hosts, host), append(ports, port)
	}
	p.set("host", strings.Join(hosts, ","))
	if given {
		p.set("port", strings.Join(ports, ","))
	}
	return nil
}

// splitPort splits host, host:port, [::1] and [::1]:port.
func splitPort(entry string) (host, port string) {
	if inside, ok := strings.CutPrefix(entry, "["); ok {
		host, after, closed := strings.Cut(inside, "]")
		port, ok := strings.CutPrefix(after, ":")
		if !closed || !ok && after != "" {
			port = "none" // which is no number
		}
		return host, port
	}
	host, port, _ = strings.Cut(entry, ":")
	return host, port
}

// runtimeParameter is the form of a setting's name on the server.
var runtimeParameter = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$.]{0,62}$`)

func (p *postgresURL) setParameter(name, value string) error {
	switch rule, ok := parameterRules[name]; {
	case name == "binary_parameters" && value != "yes" && value != "true" && value != "1" && value != "on":
		// Without binary parameters lib/pq sends a query with arguments in two round
		// trips: it prepares the unnamed statement, then executes it. A pooler in
		// transaction mode may run the second one where another client has just
		// prepared a statement, which is then executed with these arguments.
		return errors.New("binary_parameters=no is not supported, it runs other clients' statements behind a pooler; leave it out")
	case value == "":
	case ok && rule.forced != "" && !slices.Contains(rule.asksNothing, value):
		return fmt.Errorf("%s=… %s", name, rule.forced)
	case ok:
		p.notes = append(p.notes, rule.note(name, value))
	case name == "schema" || name == "currentSchema":
		p.setSchema(name, value)
	case knownToDriver(name):
		p.set(name, value)
	case runtimeParameter.MatchString(name):
		p.set(name, value) // a setting of the server, or else it says that it has none of that name
	default:
		return fmt.Errorf("%.70q is not the name of a parameter; remove it from the URL", name)
	}
	return nil
}

// setSchema turns other drivers' name for it into the server's, which wins where
// both are given. The schema that a URL of Prisma always names is the one where
// PostgreSQL looks anyway, and a pooler may refuse to be told of it.
func (p *postgresURL) setSchema(name, value string) {
	if value == "public" {
		p.notes = append(p.notes, URLNote{Parameter: name, Effect: "has no effect: the role's search_path decides"})
		return
	}
	if p.parameters["search_path"] == "" {
		p.set("search_path", pq.QuoteIdentifier(value))
	}
}

// knownToDriver reports whether lib/pq has a use of its own for the parameter.
func knownToDriver(name string) bool {
	for field := range reflect.TypeFor[pq.Config]().Fields() {
		if tag := field.Tag.Get("postgres"); tag == name && tag != "-" {
			return true
		}
	}
	return false
}

// text is what lib/pq reads: name='value' name='value'. It says what the URL says.
func (p postgresURL) text() string {
	escape := strings.NewReplacer(`'`, `\'`, `\`, `\\`)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.parameters)) {
		fmt.Fprintf(&b, "%s='%s' ", name, escape.Replace(p.parameters[name]))
	}
	return b.String()
}

// forListener is text for connections that listen, with a bound on connecting,
// which there may be none of.
func (p postgresURL) forListener(config pq.Config) string {
	p.parameters = maps.Clone(p.parameters)
	p.set("connect_timeout", fmt.Sprint(max(1, int(config.ConnectTimeout.Seconds()))))
	p.set("application_name", config.ApplicationName)
	p.set("target_session_attrs", string(config.TargetSessionAttrs))
	return p.text()
}

// postgresConfig reads a URL that may hold a password. Its errors show none.
func postgresConfig(databaseURL string, patience time.Duration) (pq.Config, error) {
	u, err := parsePostgresURL(databaseURL)
	if err != nil {
		return pq.Config{}, err
	}
	return u.config(patience)
}

func (p postgresURL) config(patience time.Duration) (pq.Config, error) {
	config, err := pq.NewConfig(p.text())
	if err != nil {
		return pq.Config{}, fmt.Errorf("database URL: %w", err)
	}
	config.BinaryParameters = true // see setParameter
	if config.ApplicationName == "" {
		config.ApplicationName = "vestibule"
	}
	if config.ConnectTimeout <= 0 { // for ever
		config.ConnectTimeout = patience
		if others := len(config.Multi); others > 0 {
			// A call goes on to the next host before its time is over.
			config.ConnectTimeout = patience / time.Duration(others+2)
		}
	}
	switch config.TargetSessionAttrs {
	case "":
		if len(config.Multi) > 0 { // of several, the one that takes writes
			config.TargetSessionAttrs = pq.TargetSessionAttrsPrimary
		}
	case pq.TargetSessionAttrsAny, pq.TargetSessionAttrsReadWrite, pq.TargetSessionAttrsPrimary:
	default:
		return pq.Config{}, fmt.Errorf("database URL: target_session_attrs=%s leads to servers that take no writes; use read-write, or leave it out", config.TargetSessionAttrs)
	}
	return config, nil
}
