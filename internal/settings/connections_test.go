package settings

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultConnectionLimits(t *testing.T) {
	usual := defaultConnections
	if files := maxOpenFiles(); files > 0 {
		usual = min(usual, files/filesPerConnection)
	}
	for name, tt := range map[string]struct {
		env      Environment
		all, one int
	}{
		"nothing is set":     {nil, usual, usual / 5},
		"the total is set":   {Environment{"MAX_CONNECTIONS": "1000"}, 1000, 200},
		"the address is set": {Environment{"MAX_CONNECTIONS_PER_ADDRESS": "50"}, usual, 50},
		"both are set":       {Environment{"MAX_CONNECTIONS": "1000", "MAX_CONNECTIONS_PER_ADDRESS": "1000"}, 1000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, ForServe, tt.env)
			got := []int{c.MaxConnections, c.MaxConnectionsPerAddress, c.BFF.MaxConnections, c.BFF.MaxConnectionsPerAddress}
			if d := cmp.Diff([]int{tt.all, tt.one, tt.all, tt.one}, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestDefaultStreamsPerUser(t *testing.T) {
	for all, want := range map[string]int{"": 32, "20": 10, "1": 1} {
		c := mustLoad(t, ForServe, Environment{"MAX_STREAMS": all})
		if c.BFF.MaxStreamsPerUser != want || c.API.MaxStreamsPerUser != want {
			t.Errorf("MAX_STREAMS=%s: got %d and %d for a user, want %d", all, c.BFF.MaxStreamsPerUser, c.API.MaxStreamsPerUser, want)
		}
	}
}
