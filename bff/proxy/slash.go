package proxy

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"vestibule/internal/web"
)

// The rules for a redirect that only adds or removes the slash at the end of the path:
//
//   - Many frameworks answer /tasks with a redirect to /tasks/, or the other way round. A server
//     in front of us may remove the slash again (Next.js does), so that a browser would follow
//     without end. So the proxy sends the request to the other path itself, once. The answer to
//     that goes to the browser, whatever it is.
//   - Only 307 and 308 are followed: the API has not acted, and the method and the body stay.
//   - Nothing of the redirect is used. The second request is the first one with another end of
//     its path, so the token goes to no other host and to no path outside the API's root.
//   - A body is sent again if all that was read of it is kept (resend.go).
//   - One time limit holds for both requests.
//   - Every other redirect is handed on (location.go).

// maxDiscarded is how much of the redirect's body is read, so that its connection can be used
// again. After a longer one it is closed.
const maxDiscarded = 2 << 10

// followSlash sends r by next, and again if the API redirects to the same path with or without
// the slash at its end. It returns the answer and the request that was answered.
func followSlash(next http.RoundTripper, r *http.Request) (*http.Request, *http.Response, error) {
	r, body := keepBody(r)
	res, err := next.RoundTrip(r)
	if err != nil {
		return r, nil, err
	}
	target := slashTarget(r, res)
	if target == nil || !body.sendAgain(r) {
		body.forget()
		return r, res, nil
	}
	x := exchangeOf(r.Context())
	web.Note(x.in, slog.String("followed", fmt.Sprintf("%d to %s", res.StatusCode, target.EscapedPath())))
	drain(res.Body)
	if x.body != nil {
		if err := x.body.confirm(); err != nil { // the API may have taken long for its redirect
			return r, nil, err
		}
	}
	again := r.WithContext(r.Context())
	again.URL = target
	if body != nil {
		again.Body = &body.second
	}
	res, err = next.RoundTrip(again)
	return again, res, err
}

func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxDiscarded)
	_ = body.Close()
}

// slashTarget returns where r must be sent again, or nil.
func slashTarget(r *http.Request, res *http.Response) *url.URL {
	if res.StatusCode != http.StatusTemporaryRedirect && res.StatusCode != http.StatusPermanentRedirect {
		return nil
	}
	if locations := res.Header["Location"]; len(locations) == 1 {
		return exchangeOf(r.Context()).proxy.otherSlash(r.URL, locations[0])
	}
	return nil
}

// otherSlash returns sent with or without a slash at the end of its path, if that is where the
// redirect to ref leads. Otherwise it returns nil.
func (p *Proxy) otherSlash(sent *url.URL, ref string) *url.URL {
	u, err := url.Parse(ref)
	switch {
	case err != nil, u.Opaque != "", u.User != nil, strings.Contains(ref, "#"):
		return nil
	case u.Host == "" && u.Scheme != "":
		return nil
	case u.Host != "" && !p.isOurs(u):
		return nil
	case normalQuery(u.RawQuery) != normalQuery(sent.RawQuery):
		return nil
	}
	path := u.Path
	if u.Host == "" && !strings.HasPrefix(path, "/") {
		path = sent.Path[:strings.LastIndexByte(sent.Path, '/')+1] + path
	}
	other := *sent
	switch other.Path = path; {
	case path == sent.Path+"/":
		other.RawPath = rawPath(sent) + "/"
	case path+"/" == sent.Path && strings.HasPrefix(path, p.root):
		other.RawPath = strings.TrimSuffix(rawPath(sent), "/")
	default:
		return nil
	}
	return &other
}

// isOurs reports whether u is at the API, by its own address or by the one that browsers use.
func (p *Proxy) isOurs(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && (p.isBackend(u) || p.isPublic(u))
}

// normalQuery escapes the bytes that RFC 3986 does not allow in a query. Browsers send some of
// them as they are, and frameworks escape them in their redirects.
func normalQuery(raw string) string {
	var normal strings.Builder
	for _, c := range []byte(raw) {
		if isPathByte(c) || c == '?' {
			normal.WriteByte(c)
		} else {
			fmt.Fprintf(&normal, "%%%02X", c)
		}
	}
	return normal.String()
}
