package main

import (
	"context"
	"fmt"
	"net"
	"net/url"

	"vestibule/internal/doctor"
	"vestibule/internal/settings"
	"vestibule/internal/values"
)

// health is vestibule health. It is for the health checks of containers, whose image has no
// shell and no other program.
func health(ctx context.Context, p *program, c *settings.Settings) error {
	address := readyURL(c.AdminAddr)
	if len(p.given.args) > 0 {
		given := p.given.args[0]
		u, mistake := values.HTTPURL(given, "http://localhost:9090/readyz")
		if mistake != nil {
			return usageError("the URL " + settings.Show(given) + " " + mistake.Problem + "; " + mistake.Cure)
		}
		if u.Path == "" || u.Path == "/" {
			u = u.JoinPath("/readyz")
		}
		address = u
	}
	line, err := doctor.Ready(ctx, address)
	if err != nil {
		return refusal(printable(err.Error()))
	}
	fmt.Fprintln(p.stdout, printable(line))
	return nil
}

// readyURL returns the URL of /readyz of the admin server that listens on address. A server on
// every interface is asked on loopback.
func readyURL(address string) *url.URL {
	host, port, _ := net.SplitHostPort(address) // checked with the settings
	switch ip := net.ParseIP(host); {
	case host == "", ip.Equal(net.IPv4zero):
		host = "127.0.0.1"
	case ip.Equal(net.IPv6zero):
		host = "::1"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/readyz"}
}
