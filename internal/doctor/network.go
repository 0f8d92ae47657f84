package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vestibule/api/bearer"
	"vestibule/internal/jose"
	"vestibule/internal/settings"
)

// backend checks that something answers HTTP at BACKEND_URL, whatever the status: requests
// without a token are refused there.
func (in *Installation) backend(ctx context.Context) []Result {
	asked := time.Now()
	header, err := ask(ctx, in.Settings.BFF.Backend.JoinPath("/").String())
	if err != nil {
		return failure("BACKEND_URL", "does not answer ("+reason(err)+")", "start the API, or correct the scheme, host and port")
	}
	return orElse(clocks("BACKEND_URL", header, asked, time.Now()), "%s answers", in.Settings.BFF.Backend.Host)
}

// ask returns the header of an answer. Like the proxy it goes straight to the address, even if
// the environment names a proxy, and follows no redirect.
func ask(ctx context.Context, address string) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "vestibule")
	res, err := straight().RoundTrip(req)
	if err != nil {
		return nil, err
	}
	return res.Header, res.Body.Close()
}

// straight returns a transport for one request, without the proxy of the environment.
func straight() *http.Transport {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	return &http.Transport{
		DialContext:       (&net.Dialer{}).DialContext,
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12},
		Protocols:         http1,
		DisableKeepAlives: true,
	}
}

// keySet checks the keys that verify the tokens of the BFF.
func (in *Installation) keySet(ctx context.Context) []Result {
	return fetchKeys(ctx, in.Settings.API.JWKSURL, in.Settings.API.Algorithm, failure("JWKS_URL",
		"gives no keys", "start the BFF with the same JWT_ALGORITHM, or correct the address; it must lead to /api/auth/jwks of the BFF")[0])
}

// issuers checks the keys of other issuers. An outage there blocks only their services.
func (in *Installation) issuers(ctx context.Context) (found []Result) {
	for _, i := range in.Settings.API.Issuers {
		for _, r := range fetchKeys(ctx, i.JWKSURL, i.Algorithm, warning("JWT_ISSUERS",
			"names "+strconv.Quote(i.Name)+", whose jwks_url gives no keys", "correct jwks_url and algorithm; until it answers, its tokens are refused")[0]) {
			if r.State != OK {
				found = append(found, r)
			}
		}
	}
	return orElse(found, "there are keys of %s", Counted(len(in.Settings.API.Issuers), "issuer"))
}

// fetchKeys fetches a key set. broken is the result if it cannot be used.
func fetchKeys(ctx context.Context, address, algorithm string, broken Result) []Result {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	asked := time.Now()
	f, err := bearer.FetchKeys(ctx, address, algorithm)
	found := clocks(broken.Setting, f.Header, asked, time.Now())
	if err != nil {
		broken.Problem += " (" + reason(err) + ")"
		found = append(found, broken)
	}
	return orElse(found, "%s for %s", Counted(f.Keys, "key"), algorithm)
}

// apart is from when the difference of two clocks is a warning. From jose.Skew on, tokens are
// refused.
const apart = 5 * time.Second

// clocks compares the clock of this machine with the Date of an answer.
func clocks(setting string, header http.Header, asked, answered time.Time) []Result {
	difference := clockDifference(header, asked, answered)
	problem := fmt.Sprintf("leads to a machine whose clock differs by %s from the one here", difference.Round(time.Second))
	switch {
	case difference >= jose.Skew:
		return failure(setting, problem+", so tokens are refused", synchronize)
	case difference >= apart:
		return warning(setting, fmt.Sprintf("%s; from %s on, tokens are refused", problem, jose.Skew), synchronize)
	}
	return nil
}

const synchronize = "synchronize the clocks of both machines (NTP)"

// clockDifference is how far the clock that made an answer is from the one here, at least. It
// is 0 without a Date, which is not required.
func clockDifference(header http.Header, asked, answered time.Time) time.Duration {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	if age, err := strconv.Atoi(header.Get("Age")); err == nil { // of a cache
		date = date.Add(time.Duration(age) * time.Second)
	}
	// The answer was made between the two moments, and Date has whole seconds.
	switch {
	case date.After(answered):
		return date.Sub(answered)
	case date.Add(time.Second).Before(asked):
		return asked.Sub(date.Add(time.Second))
	}
	return 0
}

// reason is the text of a network error, without the address, which may have a query.
func reason(err error) string {
	if wrapped, is := errors.AsType[*url.Error](err); is {
		err = wrapped.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer within " + askLimit.String()
	}
	return settings.OneLine(err.Error())
}

// mail checks the mail server up to the sign-in.
func (in *Installation) mail(ctx context.Context) []Result {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	server := in.Settings.BFF.Mail.Server
	if err := server.Check(ctx); err != nil {
		return failure("SMTP_URL", "names a mail server that cannot be used ("+reason(err)+")", "check the host, the port, TLS, the user and the password")
	}
	return ok("%s:%d takes mails", server.Host, server.Port)
}
