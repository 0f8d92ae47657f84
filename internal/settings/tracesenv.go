package settings

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"vestibule/internal/tracing"
)

// OpenTelemetry's SDK reads further variables of the standard by itself. It would end the process
// without a word about the variable, or use a default and not the value. So they are checked here,
// and have no flags. An outage of the collector must not take all memory, so the queue has a bound.

const (
	otlp       = "OTEL_EXPORTER_OTLP_"
	otlpTraces = otlp + "TRACES_"

	maxQueue  = 100_000 // spans, of about a kilobyte each
	maxMillis = 600_000
	// minDelay is in milliseconds. At 0 the SDK would run in a circle.
	minDelay = 10
)

// sdkVariables checks the variables, and keeps those that the SDK would not use.
func (c *checker) sdkVariables() {
	t := &c.Tracing
	c.protocol()
	t.Queue = cmp.Or(c.variable("OTEL_BSP_MAX_QUEUE_SIZE", 1, maxQueue), tracing.DefaultQueue)
	c.variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, maxQueue)
	c.variable("OTEL_BSP_SCHEDULE_DELAY", minDelay, maxMillis)
	c.variable("OTEL_BSP_EXPORT_TIMEOUT", 1, maxMillis)
	all, own := c.variable(otlp+"TIMEOUT", 1, maxMillis), c.variable(otlpTraces+"TIMEOUT", 1, maxMillis)
	t.Timeout = time.Duration(cmp.Or(own, all)) * time.Millisecond
	for _, name := range []string{otlp + "COMPRESSION", otlpTraces + "COMPRESSION"} {
		if v := c.env[name]; !slices.Contains([]string{"", "none", "gzip"}, v) {
			c.refuseVariable(name, v, mistake{"is unknown", "use gzip or none"})
		}
	}
	t.TLS = c.collectorTLS()
	t.Proxy = c.env.proxy()
}

// proxy returns the proxies that the environment names, by the usual variables.
func (e Environment) proxy() func(*url.URL) (*url.URL, error) {
	of := func(name string) string { return cmp.Or(e[name], e[strings.ToLower(name)]) }
	cfg := httpproxy.Config{HTTPProxy: of("HTTP_PROXY"), HTTPSProxy: of("HTTPS_PROXY"), NoProxy: of("NO_PROXY")}
	return cfg.ProxyFunc()
}

// protocol refuses another protocol than ours.
func (c *checker) protocol() {
	const ours = "http/protobuf"
	other := mistake{"is not supported", "use " + ours + ", and the collector's port for it, usually 4318"}
	if own := c.env[otlpTraces+"PROTOCOL"]; own != "" && own != ours {
		c.refuseVariable(otlpTraces+"PROTOCOL", own, other)
	} else if own == "" && c.traces.protocol != ours {
		c.conflict(otlp+"PROTOCOL", other)
	}
}

// variable returns a number, or 0 if the variable is not set.
func (c *checker) variable(name string, least, most int) int {
	v := c.env[name]
	if v == "" {
		return 0
	}
	n, m := parseNumber(v, least, most)
	if m != nil {
		c.refuseVariable(name, v, *m)
	}
	return n
}

// collectorTLS returns what TLS needs to know about the collector, or nil if nothing is set.
func (c *checker) collectorTLS() *tls.Config {
	either := func(what string) (name, file string) {
		if v := c.env[otlpTraces+what]; v != "" {
			return otlpTraces + what, v
		}
		return otlp + what, c.env[otlp+what]
	}
	rootsName, roots := either("CERTIFICATE")
	certName, cert := either("CLIENT_CERTIFICATE")
	keyName, key := either("CLIENT_KEY")
	if roots == "" && cert == "" && key == "" {
		return nil
	}
	if !strings.HasPrefix(c.Tracing.Endpoint, "https:") {
		name := rootsName
		if roots == "" {
			name = certName
		}
		c.refuseVariable(name, cmp.Or(roots, cert, key), mistake{"is for https, and the collector's URL is not", "use an https URL, or unset it"})
		return nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if roots != "" {
		cfg.RootCAs = x509.NewCertPool()
		if text, err := os.ReadFile(roots); err != nil || !cfg.RootCAs.AppendCertsFromPEM(text) { // #nosec G304 G703 -- the operator names the file
			c.refuseVariable(rootsName, roots, mistake{"is not a readable file with certificates", "name a PEM file"})
		}
	}
	if cert == "" && key == "" {
		return cfg
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		c.refuseVariable(certName, cert, mistake{"and " + keyName + " are not the readable files of a certificate and its key", "name both, as PEM files"})
	}
	cfg.Certificates = []tls.Certificate{pair}
	return cfg
}

// refuseVariable records a mistake in a variable that is not a setting.
func (c *checker) refuseVariable(name, v string, m mistake) {
	c.note(Fault{Setting: name, Value: Show(v), Problem: m.problem, Cure: m.cure})
}
