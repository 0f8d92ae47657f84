package e2e

import (
	"strings"
	"testing"
)

// TestASecondBFFOnOneFileWaitsForTheFirst: otherwise it would still accept sessions that the
// first one has ended.
func TestASecondBFFOnOneFileWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	first := launch(t, shapes[0])
	addr := freeAddrs(t, 3)
	second := start(t, binary(t, build.race), first.dir, []string{
		"BASE_URL=http://" + addr[0], "BFF_ADDR=" + addr[0], "API_ADDR=" + addr[1], "ADMIN_ADDR=" + addr[2],
		"DATABASE_URL=" + first.database, "BETTER_AUTH_SECRET=" + secret, "LOG_FORMAT=json",
	}, "serve")
	second.log.Want(t, "waiting for another process")
	if log := second.log.String(); strings.Contains(log, `"listening"`) {
		t.Errorf("it serves beside the first one:\n%s", log)
	}
	if code := first.processes[0].stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	second.log.Want(t, `"listening"`)
}
