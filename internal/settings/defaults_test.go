package settings

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
)

// TestDefaultsMatchTheBFF: each is said once.
func TestDefaultsMatchTheBFF(t *testing.T) {
	got := mustLoad(t, ForServe, nil).BFF
	want := bff.Defaults()
	want.Mail.From = got.Mail.From                                                                        // the BFF makes it of BASE_URL
	want.MaxConnections, want.MaxConnectionsPerAddress = got.MaxConnections, got.MaxConnectionsPerAddress // of this machine
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
