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

// People copy their postgres:// URL from a provider, which made it for libpq or another
// driver. lib/pq cannot read several ports. It sends parameters that it does not know to
// the server, which then refuses the connection. So the URL is parsed here, and lib/pq gets
// only what it knows.

// postgresURL is a parsed URL.
type postgresURL struct {
	parameters map[string]string // for lib/pq, by libpq's names
	notes      []URLNote
}

// URLNote describes a parameter of a database URL that is ignored.
type URLNote struct {
	Parameter string
	Effect    string
	Weaker    bool // the connection is less safe than the URL asks for
}

// URLNotes returns the ignored parameters of a database URL that CheckURL accepts.
func URLNotes(databaseURL string) []URLNote {
	u, err := parsePostgresURL(databaseURL)
	if err != nil {
		return nil
	}
	return u.notes
}

// errURL shows no part of the URL. If a password contains an unescaped /, ? or #, its
// second half looks like another part of the URL.
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
	// An @ after the hosts shows that the password was cut in two.
	if strings.ContainsAny(tail, "@#") {
		return postgresURL{}, errURL
	}
	at := strings.LastIndexByte(authority, '@') + 1
	u, err := url.Parse("postgres://" + authority[:at] + tail) // do not show its error, which contains the password
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
		if !ValidText(value) { // NUL would end a parameter in lib/pq's first message, and lib/pq reads runes
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

// setHosts parses host:port,host:port. A host may be the folder of a Unix socket, with its
// slashes written as %2F.
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
			port = "none" // not a number, so it is refused
		}
		return host, port
	}
	host, port, _ = strings.Cut(entry, ":")
	return host, port
}

// runtimeParameter matches the name of a server setting.
var runtimeParameter = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$.]{0,62}$`)

func (p *postgresURL) setParameter(name, value string) error {
	switch rule, ok := parameterRules[name]; {
	case name == "binary_parameters" && value != "yes" && value != "true" && value != "1" && value != "on":
		// Without binary parameters lib/pq sends a query with arguments in two round
		// trips: it prepares the unnamed statement and then executes it. A pooler in
		// transaction mode may send the second one to another server connection. There it
		// would execute the statement that another client has just prepared.
		return errors.New("binary_parameters=no is not supported, it runs other clients' statements behind a pooler; leave it out")
	case value == "":
	case ok && rule.forced != "" && !slices.Contains(rule.redundant, value):
		return fmt.Errorf("%s=… %s", name, rule.forced)
	case ok:
		p.notes = append(p.notes, rule.note(name, value))
	case name == "schema" || name == "currentSchema":
		p.setSchema(name, value)
	case knownToDriver(name):
		p.set(name, value)
	case runtimeParameter.MatchString(name):
		p.set(name, value) // a server setting; the server refuses unknown ones
	default:
		return fmt.Errorf("%.70q is not the name of a parameter; remove it from the URL", name)
	}
	return nil
}

// setSchema translates other drivers' name for search_path, which wins if both are given.
// Prisma's URLs always name the schema public. PostgreSQL searches that anyway, and a
// pooler may refuse the setting, so it is left out.
func (p *postgresURL) setSchema(name, value string) {
	if value == "public" {
		p.notes = append(p.notes, URLNote{Parameter: name, Effect: "has no effect: the role's search_path decides"})
		return
	}
	if p.parameters["search_path"] == "" {
		p.set("search_path", pq.QuoteIdentifier(value))
	}
}

// knownToDriver reports whether lib/pq itself uses the parameter.
func knownToDriver(name string) bool {
	for field := range reflect.TypeFor[pq.Config]().Fields() {
		if tag := field.Tag.Get("postgres"); tag == name && tag != "-" {
			return true
		}
	}
	return false
}

// text returns the URL in the form of lib/pq: name='value' name='value'.
func (p postgresURL) text() string {
	escape := strings.NewReplacer(`'`, `\'`, `\`, `\\`)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.parameters)) {
		fmt.Fprintf(&b, "%s='%s' ", name, escape.Replace(p.parameters[name]))
	}
	return b.String()
}

// forListener is text for connections that listen. It always has a connect timeout.
func (p postgresURL) forListener(config pq.Config) string {
	p.parameters = maps.Clone(p.parameters)
	p.set("connect_timeout", fmt.Sprint(max(1, int(config.ConnectTimeout.Seconds()))))
	p.set("application_name", config.ApplicationName)
	p.set("target_session_attrs", string(config.TargetSessionAttrs))
	return p.text()
}

// postgresConfig parses a URL that may contain a password. Its errors do not show it.
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
	if err := checkAuthority(config); err != nil {
		return pq.Config{}, fmt.Errorf("database URL: %w", err)
	}
	config.BinaryParameters = true // see setParameter
	if config.ApplicationName == "" {
		config.ApplicationName = "vestibule"
	}
	if config.ConnectTimeout <= 0 { // no limit
		config.ConnectTimeout = patience
		if others := len(config.Multi); others > 0 {
			// A call must have time left for the next host.
			config.ConnectTimeout = patience / time.Duration(others+2)
		}
	}
	switch config.TargetSessionAttrs {
	case "":
		if len(config.Multi) > 0 { // with several hosts, the one that accepts writes
			config.TargetSessionAttrs = pq.TargetSessionAttrsPrimary
		}
	case pq.TargetSessionAttrsAny, pq.TargetSessionAttrsReadWrite, pq.TargetSessionAttrsPrimary:
	default:
		return pq.Config{}, fmt.Errorf("database URL: target_session_attrs=%s selects servers that accept no writes; use read-write, or leave it out", config.TargetSessionAttrs)
	}
	return config, nil
}
