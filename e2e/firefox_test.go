package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"vestibule/internal/childtest"
	"vestibule/internal/quicktest"
	"vestibule/internal/testlog"
)

var firefoxes = kept[*bidi]{make: startFirefox}

// firefoxPrefs are settings of the profile. Firefox itself adds those for tests when it is
// driven: no telemetry, no updates, no look for a captive portal. Its mouse can hover. Whatever it still wants from
// the internet goes to a proxy of ours, which refuses it.
const firefoxPrefs = `user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", %[1]s);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", %[1]s);
user_pref("network.trr.mode", 5);
user_pref("network.dns.disablePrefetch", true);
user_pref("network.prefetch-next", false);
user_pref("app.normandy.enabled", false);
user_pref("app.update.auto", false);
user_pref("browser.newtabpage.enabled", false);
user_pref("browser.startup.page", 0);
user_pref("browser.startup.preXulSkeletonUI", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("media.gmp-provider.enabled", false);
user_pref("dom.ipc.processPrelaunch.enabled", false);
user_pref("layout.frame_rate", 20); // each frame is drawn without a GPU
user_pref("toolkit.telemetry.enabled", false);
user_pref("toolkit.telemetry.server", "");
user_pref("ui.prefersReducedMotion", 1);
user_pref("ui.systemUsesDarkTheme", 0);
user_pref("ui.primaryPointerCapabilities", 6);
user_pref("ui.allPointerCapabilities", 6);
`

// startFirefox starts the Firefox that all tests share, with a new profile and no window.
func startFirefox(t testing.TB, _ string) *bidi {
	t.Helper()
	quicktest.Skip(t, "Firefox")
	path, err := childtest.Find("firefox-esr", "Firefox", "")
	if err != nil {
		t.Fatal(err, "or run e2e/install.sh")
	}
	home := t.TempDir()
	profile := filepath.Join(home, "profile")
	if err := os.Mkdir(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), fmt.Appendf(nil, firefoxPrefs, refusingProxy(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	var log testlog.Buffer
	cmd := exec.Command(path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LANG=en_US.UTF-8", "MOZ_CRASHREPORTER_DISABLE=1",
		// Only with this does a release obey services.settings.server.
		"MOZ_REMOTE_SETTINGS_DEVTOOLS=1",
	}
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // only the end matters
		close(exited)
	}()
	var b *bidi
	t.Cleanup(func() {
		if b != nil {
			_ = b.call("browser.close", params{}, nil)
		}
		select {
		case <-exited:
		case <-time.After(patience):
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // and the processes of its pages
		<-exited
	})
	b, err = openBidi(t.Context(), firefoxAddress(t, &log, exited))
	if err != nil {
		t.Fatalf("control Firefox: %v\n%s", err, &log)
	}
	return b
}

// firefoxAddress waits until Firefox says where it listens.
func firefoxAddress(t testing.TB, log *testlog.Buffer, exited chan struct{}) string {
	t.Helper()
	listens := regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if m := listens.FindStringSubmatch(log.String()); m != nil {
			return m[1]
		}
		select {
		case <-exited:
			t.Fatalf("Firefox has ended:\n%s", log)
		default:
		}
	}
	t.Fatalf("Firefox does not say where it listens:\n%s", log)
	return ""
}

// refusingProxy refuses all that Firefox wants from other machines. It returns its port.
func refusingProxy(t testing.TB) (port string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return port
}
