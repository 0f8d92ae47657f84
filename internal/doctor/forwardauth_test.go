package doctor

import (
	"testing"

	"vestibule/internal/settings"
)

func TestWhoCanReachForwardAuth(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + migratedFile(t)
	for name, tt := range map[string]struct {
		address, proxies string
		state            State
		setting, want    string
	}{
		"this machine":           {"127.0.0.1:9100", "127.0.0.1", OK, "", "127.0.0.1:9100 is not at an address of the internet"},
		"its name":               {"localhost:9100", "127.0.0.1", OK, "", "localhost:9100"},
		"a private network":      {"10.0.0.11:9100", "10.0.0.12", OK, "", "10.0.0.11:9100"},
		"the internet":           {"198.51.100.7:9100", "198.51.100.8", Warning, "FORWARD_AUTH_ADDR", "listens at 198.51.100.7, an address of the internet"},
		"a host that is unknown": {"a..b:9100", "10.0.0.12", Failure, "FORWARD_AUTH_ADDR", "is not known"},
		"a proxy that is not":    {"10.0.0.11:9100", "", Warning, "TRUSTED_PROXIES", "count as one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := examine(t, settings.ForBFF, env(database, settings.Environment{"FORWARD_AUTH_ADDR": tt.address, "TRUSTED_PROXIES": tt.proxies}))
			wantOne(t, found, "forward-auth", tt.state, tt.setting, tt.want)
		})
	}
	if found := examine(t, settings.ForServe, env(database, nil)); len(of(found, "forward-auth")) != 0 {
		t.Errorf("got %+v without forward auth, want nothing", of(found, "forward-auth"))
	}
}

func TestWhoCanReachTheAdminServer(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + migratedFile(t)
	for address, tt := range map[string]struct {
		state         State
		setting, want string
	}{
		"127.0.0.1:9100":    {OK, "", "127.0.0.1:9100 is not at an address of the internet"},
		"10.0.0.11:9100":    {OK, "", "10.0.0.11:9100"},
		"198.51.100.7:9100": {Warning, "ADMIN_ADDR", "listens at 198.51.100.7, an address of the internet, and it shows metrics to anybody"},
	} {
		found := examine(t, settings.ForAPI, env(database, settings.Environment{"ADMIN_ADDR": address}))
		wantOne(t, found, "admin", tt.state, tt.setting, tt.want)
	}
}
