package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"vestibule/bff/proxy"
)

// minSecret is the length of a secret in bytes: HS256 asks for a key at least
// as long as its hash (RFC 7518 §3.2).
const minSecret = 32

// makeSecret is the command that makes a good one.
const makeSecret = "openssl rand -hex 32"

// secretBytes reads a secret. No message may repeat any of it.
func (c *checker) secretBytes(v string) []byte {
	switch {
	case strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">"):
		c.refuse("", mistake{"is still the placeholder of an example", "make one with: " + makeSecret})
	case v != strings.TrimSpace(v):
		c.refuse("", mistake{"starts or ends with white space, which another program may cut off", "remove it, or make a new secret with: " + makeSecret})
	case len(v) < minSecret:
		c.refuse("", mistake{fmt.Sprintf("is %d bytes long, less than %d", len(v), minSecret), "make one with: " + makeSecret})
	}
	return []byte(v)
}

// database is where the data lives.
type database struct {
	url    string // as given; it may hold a password
	sqlite string // the path of a SQLite file; "" on PostgreSQL
}

// databaseURL tells the two databases apart; the rest of the URL is read by
// package store.
func (c *checker) databaseURL(v string) database {
	const forms = "write sqlite:PATH or postgres://user:password@host/name"
	path, isSQLite := strings.CutPrefix(v, "sqlite:")
	switch {
	case isSQLite && strings.HasPrefix(path, "//"):
		c.refuse("", mistake{"has slashes after sqlite:, which would be the root of the file system", "write sqlite:data/vestibule.db or sqlite:/var/lib/vestibule.db"})
	case isSQLite && (path == "" || strings.HasSuffix(path, "/")):
		c.refuse("", mistake{"names no file", "write sqlite:PATH, like sqlite:data/vestibule.db"})
	case isSQLite && (strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") || strings.ContainsAny(path, "?\x00")):
		c.refuse("", mistake{"is not a plain path", "write sqlite:PATH, like sqlite:data/vestibule.db, without options"})
	case isSQLite:
		return database{url: v, sqlite: filepath.Clean(path)}
	default:
		// url.Parse's error would repeat the password.
		u, err := url.Parse(v)
		switch {
		case err != nil:
			c.refuse("", mistake{"is not a URL", forms + "; in a password, write special characters as %XX"})
		case u.Scheme != "postgres" && u.Scheme != "postgresql":
			c.refuse("", mistake{"is neither SQLite nor PostgreSQL", forms})
		}
	}
	return database{url: v}
}

// Prefixes of cookie names that browsers hold to rules (RFC 6265bis §4.1.3).
const (
	hostPrefix   = "__Host-"
	securePrefix = "__Secure-"
)

// cookieName checks the name that was given; together puts a prefix before it.
func (c *checker) cookieName(v string) string {
	switch {
	case strings.Trim(v, tokenChars) != "":
		c.refuse(v, mistake{"has a character that a cookie's name cannot have", "use letters, digits and . _ -"})
	case len(v) > 128:
		c.refuse(v, mistake{"is too long", "use at most 128 characters"})
	}
	for _, prefix := range []string{hostPrefix, securePrefix} {
		// Browsers ignore the case of a prefix, other servers do not.
		if hasPrefixFold(v, prefix) && (!strings.HasPrefix(v, prefix) || v == prefix) {
			c.refuse(v, mistake{"has a special prefix in another spelling, or nothing behind it", "write " + prefix + "name"})
		}
	}
	return v
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// tokenChars are those of a token in HTTP (RFC 9110 §5.6.2).
const tokenChars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// headerNames reads a list of header names that may pass to the API.
func (c *checker) headerNames(v string) []string {
	var names []string
	for _, entry := range c.list(v) {
		if strings.Trim(entry, tokenChars) != "" {
			c.refuse(entry, mistake{"is not a header name", "write names like X-Tenant, separated by commas"})
			continue
		}
		if reason := neverForwarded(entry); reason != "" {
			c.refuse(entry, mistake{"may not pass to the API (" + reason + ")", "leave it out"})
			continue
		}
		names = append(names, entry)
	}
	return names
}

// neverForwarded says why the proxy would not let a header pass, or "". The
// proxy is asked by making one, so that all names that are wrong are told at
// once and with the other mistakes.
func neverForwarded(name string) string {
	nowhere := &url.URL{Scheme: "http", Host: "localhost", Path: "/"}
	if _, err := proxy.New(proxy.Config{Backend: nowhere, Public: nowhere, ForwardHeaders: []string{name}}); err != nil {
		return oneLine(err.Error())
	}
	return ""
}
