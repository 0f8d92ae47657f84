package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vestibule/internal/settings"
)

// maxAnswer is how much of an answer is read. The longest one that we read is openapi.json.
const maxAnswer = 1 << 20

// answer is an answer of the site, or of another port of its host.
type answer struct {
	status          int
	header          http.Header
	body            []byte
	asked, answered time.Time
}

// code returns the code of our error, or "".
func (a answer) code() string {
	var e struct {
		Code string `json:"code"`
	}
	if a.status < 400 || json.Unmarshal(a.body, &e) != nil {
		return ""
	}
	return e.Code
}

// get asks for a path of the site. header has names and values.
func (s *Site) get(ctx context.Context, path string, header ...string) (answer, error) {
	return s.send(ctx, http.MethodGet, path, nil, header...)
}

func (s *Site) send(ctx context.Context, method, path string, body io.Reader, header ...string) (answer, error) {
	return s.sendTo(ctx, s.origin(), method, path, body, header...)
}

// sendTo sends a request to an origin and reads its answer. It follows no redirect.
func (s *Site) sendTo(ctx context.Context, origin, method, path string, body io.Reader, header ...string) (a answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	res, asked, err := s.open(ctx, origin, method, path, body, header...)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	a = answer{status: res.StatusCode, header: res.Header, asked: asked, answered: time.Now()}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return a, nil
	}
	a.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return a, err
}

// open sends a request to an origin.
func (s *Site) open(ctx context.Context, origin, method, path string, body io.Reader, header ...string) (*http.Response, time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, method, origin+path, body)
	if err != nil {
		return nil, time.Time{}, err
	}
	if z, is := body.(*zeros); is {
		req.ContentLength = z.left
	}
	req.Header.Set("User-Agent", "vestibule-doctor")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	asked := time.Now()
	res, err := s.transport.RoundTrip(req)
	return res, asked, err
}

// unclear is the result of a check that got no answer, or one that says nothing.
func unclear(err error) []Result {
	return warning(givenURL, "was not checked for this: no answer ("+heard(reason(err))+")", "try again; if it stays, look at the log of the proxy in front")
}

// heard is a text of the site as a message may repeat it. Somebody else may have written it, and
// the reader may have a terminal.
func heard(text string) string {
	text, _ = strconv.Unquote(settings.Show(text))
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// busy reports whether an answer refuses all requests for a while, and so says nothing.
func (a answer) busy() bool {
	return a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable
}

var errBusy = errors.New("it is too busy: status 429 or 503")

// strange is the result of a check whose answer is not understood.
func (a answer) strange() []Result {
	if a.busy() {
		return unclear(errBusy)
	}
	return nil
}
