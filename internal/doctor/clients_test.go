package doctor

import (
	"testing"
	"time"

	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/store"
)

func TestAProxyThatDoesNotNameItsClientsIsFound(t *testing.T) {
	t.Parallel()
	d := storetest.Open(t, "sqlite:"+migratedFile(t))
	check := func(proxies string) []Result {
		t.Helper()
		return of(examine(t, settings.ForBFF, env(d.URL, settings.Environment{"BASE_URL": "https://app.example.com", "TRUSTED_PROXIES": proxies})), "clients")
	}
	signIn := func(user, address string) {
		t.Helper()
		if err := d.Record(t.Context(), store.Event{At: time.Now().UTC(), Type: store.EventSignIn, Actor: store.ActorUser, UserID: user, IPAddress: address}); err != nil {
			t.Fatal(err)
		}
	}
	const setting = "TRUSTED_PROXIES"
	wantOne(t, check(""), "clients", Warning, setting, "is not set, and BASE_URL is https")
	wantOne(t, check("10.0.0.0/8"), "clients", OK, "", "too few")
	signIn("usr_1", "10.0.0.5")
	signIn("usr_2", "10.0.0.5")
	signIn("usr_2", "10.0.0.5")
	wantOne(t, check("10.0.0.0/8"), "clients", OK, "", "too few")
	signIn("usr_3", "10.0.0.5")
	wantOne(t, check("10.0.0.0/8"), "clients", Warning, setting, "sends no X-Forwarded-For")
	wantOne(t, check("10.0.0.4"), "clients", OK, "", "names its clients")
	signIn("usr_1", "203.0.113.9")
	wantOne(t, check("10.0.0.0/8"), "clients", OK, "", "names its clients")
	if found := of(examine(t, settings.ForBFF, env(d.URL, nil)), "clients"); len(found) != 0 {
		t.Errorf("got %+v with http, want nothing: there need not be a proxy", found)
	}
}

func TestAProcessWhoseClockIsAheadIsFound(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d *storetest.Database) {
		beat := func(id string, ahead time.Duration) []Result {
			t.Helper()
			if err := d.Beat(t.Context(), id, time.Now().UTC().Add(ahead)); err != nil {
				t.Fatal(err)
			}
			return of(examine(t, settings.ForServe, env(d.URL, nil)), "clocks")
		}
		wantGood(t, beat("ins_1", -time.Minute))
		wantGood(t, beat("ins_1", 0))
		wantOne(t, beat("ins_2", time.Hour), "clocks", Warning, "DATABASE_URL", "ahead of the one here", "NTP")
	})
}

func TestAnOldGoIsFound(t *testing.T) {
	t.Parallel()
	for version, old := range map[string]bool{
		"go1.26": true, "go1.26.0": true, "go1.26.5": true, "go1.26.6": false, "go1.26.10": false, "go1.27.0": false, "go1.99": false,
		"go1.26rc1": false, "devel go1.27-abc": false, "go1.26.5-custom": false,
	} {
		first, is := oldGo(version)
		if is != old || old && first != "1.26.6" {
			t.Errorf("%s: got %q, %v, want %v", version, first, is, old)
		}
	}
	in := &Installation{goVersion: "go1.26.1"}
	wantOne(t, withName("runtime", in.runtime(t.Context())), "runtime", Warning, program, "go1.26.1", "build it with go1.26.6 or later")
}

func withName(check string, found []Result) []Result {
	for i := range found {
		found[i].Check = check
	}
	return found
}
