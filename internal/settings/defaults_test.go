package settings

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
)

// The schema takes its defaults from the BFF.
func TestDefaultsMatchTheBFF(t *testing.T) {
	got := mustLoad(t, ForServe, nil).BFF
	want := bff.Defaults()
	want.Mail.From = got.Mail.From                                                                        // the BFF derives it from BASE_URL
	want.MaxConnections, want.MaxConnectionsPerAddress = got.MaxConnections, got.MaxConnectionsPerAddress // depends on this machine
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
