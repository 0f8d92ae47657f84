package settings

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	found := loadFaults(t, ForServe, Environment{
		"BASE_URL":            "https://app.example.com/",
		"TRUSTED_ORIGINS":     "*, null, https://a.example/x",
		"BETTER_AUTH_SECRET":  "short",
		"SESSION_EXPIRES_IN":  "soon",
		"PASSWORD_MIN_LENGTH": "3",
	})
	var got []string
	for _, f := range found {
		got = append(got, f.Setting)
	}
	want := []string{"BASE_URL", "TRUSTED_ORIGINS", "TRUSTED_ORIGINS", "TRUSTED_ORIGINS", "BETTER_AUTH_SECRET", "SESSION_EXPIRES_IN", "PASSWORD_MIN_LENGTH"}
	if !slices.Equal(got, want) {
		t.Errorf("got faults in %v, want %v", got, want)
	}
}

func TestEachCommandReadsOnlyItsSettings(t *testing.T) {
	// A command ignores mistakes in settings that it does not read.
	if found := loadFaults(t, ForMigrate, Environment{"BASE_URL": "*", "BETTER_AUTH_SECRET": "short"}); found != nil {
		t.Errorf("migrate: got %v, want no faults", found)
	}
	if found := loadFaults(t, ForAPI, Environment{"TRUSTED_ORIGINS": "*", "BACKEND_URL": "x"}); found != nil {
		t.Errorf("api: got %v, want no faults", found)
	}
	if found := loadFaults(t, ForBFF, Environment{"API_ADDR": "x", "JWKS_URL": "x"}); found != nil {
		t.Errorf("bff: got %v, want no faults", found)
	}
	if got := len(ForVersion.settings()); got != 0 {
		t.Errorf("version reads %d settings, want none", got)
	}
}

func TestDefaultsDependOnTheCommand(t *testing.T) {
	if got := mustLoad(t, ForServe, nil).AdminAddr; got != "localhost:9090" {
		t.Errorf("serve: got ADMIN_ADDR %s", got)
	}
	if got := mustLoad(t, ForAPI, nil).AdminAddr; got != "localhost:9091" {
		t.Errorf("api: got ADMIN_ADDR %s", got)
	}
	if c := mustLoad(t, ForServe, nil); c.NetworkAPI || c.BFF.Backend == nil {
		t.Errorf("serve: got networkAPI %v, Backend %v, want the API in the process", c.NetworkAPI, c.BFF.Backend)
	}
	if c := mustLoad(t, ForServe, Environment{"BACKEND_URL": "http://localhost:8000"}); !c.NetworkAPI {
		t.Error("serve with BACKEND_URL: got the API in the process, want the network")
	}
}

func TestValuesReachTheConfiguration(t *testing.T) {
	c := mustLoad(t, ForServe, Environment{
		"BASE_URL": "https://app.example.com", "BETTER_AUTH_SECRET": goodSecret, "BACKEND_URL": "http://api:8000/base/",
		"TRUSTED_ORIGINS": "https://a.example, https://b.example", "TRUSTED_PROXIES": "192.0.2.7,10.0.0.0/8",
		"SESSION_EXPIRES_IN": "48h", "SESSION_UPDATE_AGE": "1h", "SESSION_MAX_AGE": "96h", "COOKIE_SAMESITE": "none",
		"JWT_ALGORITHM": "ES256", "JWT_ISSUER": "us", "JWT_AUDIENCE": "them", "JWT_TYPE": "JWT", "JWT_EXPIRES_IN": "90s", "JWT_KEY_ROTATION": "24h",
		"PASSWORD_MIN_LENGTH": "12", "PROXY_FORWARD_HEADERS": "X-A,X-B", "PROXY_BODY_LIMIT": "1GB", "PROXY_TIMEOUT": "5s",
		"MAX_STREAMS_PER_SESSION": "3", "MAX_STREAMS_PER_USER": "5", "MAX_STREAMS": "7",
	})
	got := []any{
		c.BFF.BaseURL.String(), c.BFF.Backend.String(), c.BFF.TrustedOrigins, c.BFF.TrustedProxies[0].String(), c.BFF.SessionExpiresIn,
		c.BFF.SessionUpdateAge, c.BFF.SessionMaxAge, c.BFF.CookieSameSite, c.BFF.JWTType, c.BFF.JWTExpiresIn, c.BFF.JWTKeyRotation, c.BFF.PasswordMinLength,
		c.BFF.ProxyForwardHeaders, c.BFF.ProxyBodyLimit, c.BFF.ProxyTimeout, c.API.Algorithm, c.API.Issuer, c.API.Audience, c.API.TrustedProxies[1].String(),
		c.BFF.MaxStreamsPerSession, c.BFF.MaxStreamsPerUser, c.BFF.MaxStreams, c.API.MaxStreamsPerUser, c.API.MaxStreams,
	}
	want := []any{
		"https://app.example.com", "http://api:8000/base", []string{"https://a.example", "https://b.example"}, "192.0.2.7/32", 48 * time.Hour,
		time.Hour, 96 * time.Hour, http.SameSiteNoneMode, "JWT", 90 * time.Second, 24 * time.Hour, 12,
		[]string{"X-A", "X-B"}, int64(1e9), 5 * time.Second, "ES256", "us", "them", "10.0.0.0/8",
		3, 5, 7, 5, 7,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
