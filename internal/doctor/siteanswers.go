package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"vestibule/internal/web"
)

// peekPath answers GET, must not be cached, and does not extend a session.
const peekPath = "/api/auth/get-session?disableRefresh=true"

// headers checks that the headers that protect browsers arrive.
func (s *Site) headers(ctx context.Context) []Result {
	a, err := s.get(ctx, peekPath)
	if err != nil {
		return unclear(err)
	}
	if a.status != http.StatusOK {
		return a.strange()
	}
	needed := []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", web.ResourcePolicy, web.RequestIDHeader}
	if s.claimsHTTPS() {
		needed = append(needed, "Strict-Transport-Security")
	}
	missing := slices.DeleteFunc(needed, func(name string) bool { return a.header.Get(name) != "" })
	if len(missing) > 0 {
		return warning(proxyInFront, "removes headers of answers: "+strings.Join(missing, ", "), "let it pass them on; Vestibule sets those that protect its pages")
	}
	return ok("the headers that protect browsers arrive")
}

// caches checks that nothing between keeps answers about users. Each of our answers has an id of
// its own, so two with the same id are one.
func (s *Site) caches(ctx context.Context) []Result {
	for _, path := range []string{peekPath, probePath + ".css"} { // some caches go by the end of the path
		first, err := s.get(ctx, path)
		if err != nil {
			return unclear(err)
		}
		second, err := s.get(ctx, path)
		if err != nil {
			return unclear(err)
		}
		id := second.header.Get(web.RequestIDHeader)
		age, _ := strconv.Atoi(second.header.Get("Age"))
		if id != "" && id == first.header.Get(web.RequestIDHeader) || age > 0 {
			return failure(proxyInFront, "caches answers that must not be kept (no-store), so users get those of others", "switch its cache off for all paths below /api/")
		}
		if id != "" && !strings.Contains(second.header.Get("Cache-Control"), "no-store") {
			return failure(proxyInFront, "replaces Cache-Control: no-store, so browsers and caches keep answers about users", "let it pass Cache-Control on as it is (nginx: no expires for paths below /api/)")
		}
	}
	return ok("two answers are two")
}

// etags checks the tags with which clients ask whether something has changed. Vestibule
// understands those of servers that compress. Other APIs must refuse a weak one in If-Match
// (RFC 9110 §13.1.1), and do not know the others.
func (s *Site) etags(ctx context.Context) []Result {
	const path = "/api/openapi.json"
	plain, err := s.get(ctx, path, "Accept-Encoding", "identity")
	if err != nil {
		return unclear(err)
	}
	zipped, err := s.get(ctx, path, "Accept-Encoding", "gzip, br, zstd")
	if err != nil {
		return unclear(err)
	}
	if plain.status != http.StatusOK || zipped.status != http.StatusOK {
		return nil // something in front keeps the document from strangers
	}
	const cure = "do not compress answers below /api/ there; Vestibule compresses its pages itself"
	tag, other := plain.header.Get("ETag"), zipped.header.Get("ETag")
	switch {
	case tag == "":
		return warning(proxyInFront, "removes ETag, so clients cannot see that somebody else has changed what they change", "let it pass ETag on as it is")
	case other == "":
		return warning(proxyInFront, "compresses answers and removes their ETag, so clients cannot see that somebody else has changed what they change", cure)
	case tag != other || strings.HasPrefix(tag, "W/"):
		return warning(proxyInFront, "compresses answers and changes their ETag ("+tagChange(tag, other)+"): Vestibule understands that, but APIs of your own may refuse it in If-Match", cure)
	}
	return ok("entity tags arrive as they are")
}

// codingSuffix is what some servers append to a tag.
var codingSuffix = regexp.MustCompile(`^-{1,2}(gzip|br|zstd|deflate)"$`)

// tagChange says how a tag is changed, without its text.
func tagChange(tag, other string) string {
	if strings.HasPrefix(other, "W/") {
		return `"x" becomes W/"x"`
	}
	if suffix, is := strings.CutPrefix(other, strings.TrimSuffix(tag, `"`)); is && codingSuffix.MatchString(suffix) {
		return `"x" becomes "x` + suffix
	}
	return "to another one"
}

// paths checks that paths arrive as they are. Vestibule refuses those that servers read
// differently, unless somebody else has cleaned them up.
func (s *Site) paths(ctx context.Context) []Result {
	if !s.routed.Load() {
		return nil
	}
	for _, p := range []struct{ added, what string }{{"//x", "merges slashes"}, {"%2Fx", "decodes %2F"}} {
		a, err := s.get(ctx, probePath+p.added)
		if err != nil {
			return unclear(err)
		}
		// Anything else is a refusal, ours or its own.
		if a.code() == "NO_SESSION" || a.status/100 == 3 {
			return warning(proxyInFront, p.what+" in paths, so an API gets another path than the client has sent", "let it pass the path on as it is (nginx: proxy_pass without a path)")
		}
	}
	return ok("paths arrive as they are")
}

// clock compares the clocks. It does not say which one is wrong.
func (s *Site) clock(ctx context.Context) []Result {
	a, err := s.get(ctx, "/api/auth/ok")
	if err != nil {
		return unclear(err)
	}
	if d := clockDifference(a.header, a.asked, a.answered); d >= apart {
		return warning(givenURL, fmt.Sprintf("leads to a machine whose clock differs by %s from the one here", d.Round(1e9)), synchronize)
	}
	return ok("the clock there is the one here")
}

// keys checks that services can get the keys that verify tokens.
func (s *Site) keys(ctx context.Context) []Result {
	at := s.found.Load().Keys
	if at == "" {
		return ok("JWT_ALGORITHM is HS256, so there are no public keys")
	}
	u, err := url.Parse(at)
	if err != nil || !strings.HasPrefix(u.EscapedPath(), "/") { // "@host/" after our origin would be another host
		return failure(proxyInFront, "changes the discovery document: its jwks_uri is "+heard(at), "let it pass answers on as they are")
	}
	a, err := s.get(ctx, u.EscapedPath())
	if err != nil {
		return unclear(err)
	}
	var set struct{ Keys []json.RawMessage }
	switch {
	case a.busy():
		return unclear(errBusy)
	case a.status != http.StatusOK || json.Unmarshal(a.body, &set) != nil || len(set.Keys) == 0:
		return warning(proxyInFront, fmt.Sprintf("does not pass %s on: status %d and no keys, so services outside cannot verify tokens", heard(u.EscapedPath()), a.status), "let it pass that path on; if no service fetches keys from outside, nothing is lost")
	}
	return ok("%s can be fetched", Counted(len(set.Keys), "key"))
}
