package proxy

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"vestibule/internal/web"
)

// modify is ReverseProxy's ModifyResponse. It refuses answers that must not reach the
// browser and adapts the others for it. merge decides which headers pass.
func (p *Proxy) modify(res *http.Response) error {
	x := exchangeOf(res.Request.Context())
	x.places.markAnswered()
	x.noteStatus(res.StatusCode)
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		x.places.releaseAll() // it holds a stream place instead
		return x.checkSwitch(res)
	case res.StatusCode < http.StatusOK || res.StatusCode > 999:
		return errBadGateway.Because(fmt.Errorf("%w: %d", errImpossibleStatus, res.StatusCode))
	case x.grant.Bearer != "" && res.StatusCode == http.StatusUnauthorized && challengesBearer(res.Header["Www-Authenticate"]):
		return x.tokenRejected(res)
	}
	if isStream(res) {
		if err := x.place.acquire(x.ctx); err != nil {
			x.refused = err
			return err
		}
		x.places.releaseAll()
	} else {
		x.place.release()
	}
	if err := p.rewriteTargets(res); err != nil {
		return err
	}
	if isEvents(res.Header.Get("Content-Type")) && res.Header["X-Accel-Buffering"] == nil {
		res.Header["X-Accel-Buffering"] = []string{"no"} // nginx in front would hold events back
	}
	limitCaching(res.Header)
	x.setCookie(res)
	x.chooseBuffer(res)
	x.answer.expect(res)
	x.received = responseBody{ReadCloser: res.Body, x: x}
	res.Body = &x.received
	switch {
	case !isStream(res):
	case takesLastEvent(res):
		x.follow(res)
	case isEvents(res.Header.Get("Content-Type")) && x.opensAgain():
		x.endAtStop(func() { x.cancel(errStopping) }) // it cannot be seen where an event ends
	}
	res.Header = nil // the answer has it, and ReverseProxy would copy each value
	return nil
}

// tokenRejected returns the error for an API that does not accept our token. The API's
// 401 is not forwarded, because signing in again would not help the user.
//
// An API should check the token again when it has the whole body. If the body arrives
// very slowly, the token may have expired by then. That is not a wrong setting.
func (x *exchange) tokenRejected(res *http.Response) error {
	if x.body != nil && x.grant.Expired != nil && x.grant.Expired() {
		return web.ErrSlowBody.Because(errors.New("the token had expired when the API had the body"))
	}
	web.Note(x.in,
		slog.String("compare", "BETTER_AUTH_SECRET, JWT_ISSUER and JWT_ALGORITHM must be the same at the BFF and at the API, and so must the audience: that of the route, or JWT_AUDIENCE. Some verifiers need JWT_TYPE=JWT"),
		slog.String("audience", x.proxy.cfg.Audience),
		slog.Any("challenge", res.Header["Www-Authenticate"]))
	return errTokenRejected.Because(fmt.Errorf("the API answered %s to our token", res.Status))
}

// challengesBearer looks for the Bearer scheme among the challenges of WWW-Authenticate
// (RFC 9110 §11.6.1). There, commas separate both challenges and parameters.
func challengesBearer(values []string) bool {
	return anyElement(values, func(challenge string) bool {
		scheme, _, _ := strings.Cut(challenge, " ")
		return strings.EqualFold(scheme, "Bearer")
	})
}

// responseBody records why an answer ended early. What it has passed on does not wait for the
// API with it.
type responseBody struct {
	io.ReadCloser
	x *exchange
}

func (b *responseBody) Read(p []byte) (int, error) {
	if r, ok := b.ReadCloser.(readyBody); !ok || !r.Ready() {
		b.x.answer.sendSoon()
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.x.answerErr = err
	}
	return n, err
}

// readyBody is a body that knows whether its next Read will not wait. Those of
// internal/roundtrip and internal/inprocess do.
type readyBody interface{ Ready() bool }

// splitList splits a comma-separated header into its elements, without the empty ones.
func splitList(s string) (list []string) {
	for element, more := "", s != ""; more; {
		if element, s, more = cutElement(s); element != "" {
			list = append(list, element)
		}
	}
	return list
}

// anyElement reports whether an element of comma-separated headers meets the condition.
func anyElement(headers []string, condition func(string) bool) bool {
	for _, s := range headers {
		for element, more := "", s != ""; more; {
			if element, s, more = cutElement(s); element != "" && condition(element) {
				return true
			}
		}
	}
	return false
}

// cutElement returns the first element of a comma-separated header, trimmed, and the rest, if
// there is more. A comma inside a quoted string separates nothing. A quoted string that is not
// closed extends to the end.
func cutElement(s string) (element, rest string, more bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			return strings.Trim(s[:i], " \t"), s[i+1:], true
		}
	}
	return strings.Trim(s, " \t"), "", false
}
