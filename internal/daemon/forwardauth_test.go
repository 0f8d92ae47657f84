package daemon

import (
	"log/slog"
	"net"
	"strings"
	"testing"

	"vestibule/internal/settings"
)

// listenerAt is a listener that says that it listens elsewhere.
type listenerAt struct {
	net.Listener
	ip string
}

func (l listenerAt) Addr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(l.ip), Port: 9100} }

func TestForwardAuthOnTheInternetIsWarnedAbout(t *testing.T) {
	for ip, want := range map[string]string{"127.0.0.1": "", "10.0.0.11": "", "198.51.100.7": "address=198.51.100.7"} {
		at := &listeners{}
		var err error
		if at.bff, err = listen(t.Context(), "bff", "BFF_ADDR", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		at.admin = at.bff
		at.forwardAuth = &server{surface: "forward-auth", setting: "FORWARD_AUTH_ADDR", listener: listenerAt{at.bff.listener, ip}}
		c := mustLoad(t, settings.ForBFF, settings.Environment{"BASE_URL": at.bff.url(), "FORWARD_AUTH_ADDR": ip + ":9100"})
		log := &logBuffer{}
		warn(c, at, slog.New(slog.NewTextHandler(log, nil)))
		if got := log.String(); (got == "") != (want == "") || !strings.Contains(got, want) || want != "" && !strings.Contains(got, "setting=FORWARD_AUTH_ADDR") {
			t.Errorf("%s: got %q, want %q", ip, got, want)
		}
		if got := welcome(c, at); !strings.Contains(got, "    auth   http://") || !strings.Contains(got, "/verify, for the proxy in front of your applications") {
			t.Errorf("%s: the welcome is\n%s", ip, got)
		}
		_ = at.bff.listener.Close()
	}
}

// TestAnAdminAddressOnTheInternetIsWarnedAbout, also without a BFF.
func TestAnAdminAddressOnTheInternetIsWarnedAbout(t *testing.T) {
	for ip, want := range map[string]string{"127.0.0.1": "", "10.0.0.11": "", "198.51.100.7": "setting=ADMIN_ADDR address=198.51.100.7"} {
		at := &listeners{admin: &server{surface: "admin", setting: "ADMIN_ADDR", listener: listenerAt{nil, ip}}}
		log := &logBuffer{}
		warn(mustLoad(t, settings.ForAPI, settings.Environment{"BETTER_AUTH_SECRET": goodSecret}), at, slog.New(slog.NewTextHandler(log, nil)))
		if got := log.String(); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", ip, got, want)
		}
	}
}
