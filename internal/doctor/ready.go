package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vestibule/internal/daemon"
)

// maxReadyAnswer is more bytes than the answer of /readyz has.
const maxReadyAnswer = 64 << 10

// Ready asks the admin server at address, like http://localhost:9090/readyz. It returns one
// line with its answer, which may have any characters. Its error says that the answer is not 200, or that there is none.
func Ready(ctx context.Context, address *url.URL) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("User-Agent", daemon.HealthAgent)
	res, err := straight().RoundTrip(req)
	if err != nil {
		return "", fmt.Errorf("%s does not answer (%s); start vestibule, or correct ADMIN_ADDR or the URL", address.Redacted(), reason(err))
	}
	defer res.Body.Close()
	line := fmt.Sprintf("%s answers %d%s", address.Redacted(), res.StatusCode, readyText(res.Body))
	if res.StatusCode != http.StatusOK {
		return "", errors.New(line)
	}
	return line, nil
}

// readyText returns what the body of an answer says, in parentheses: the status, and the checks
// that are not ok. It returns "" for the body of another server.
func readyText(body io.Reader) string {
	var answer struct {
		Status string            `json:"status"`
		Checks map[string]string `json:"checks"`
	}
	if json.NewDecoder(io.LimitReader(body, maxReadyAnswer)).Decode(&answer) != nil || answer.Status == "" {
		return ""
	}
	words := []string{answer.Status}
	for _, name := range slices.Sorted(maps.Keys(answer.Checks)) {
		if state := answer.Checks[name]; state != "ok" {
			words = append(words, name+" "+state)
		}
	}
	return fmt.Sprintf(" (%.200s)", strings.Join(words, ", "))
}
