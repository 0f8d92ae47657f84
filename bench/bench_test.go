package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestLoadCountsWholeAnswersOnly(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"the wanted answer", "[]", 200, ""},
		{"another body of the same length", "{}", 200, `want "[]"`},
		{"another length", "[1]", 200, "want 2"},
		{"another status", "[]", 401, "401"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer srv.Close()
			addr := srv.Listener.Addr().String()
			l := load{addr: addr, want: []byte("[]"), request: []byte("GET / HTTP/1.1\r\nHost: " + addr + "\r\n\r\n")}
			got, err := l.run(t.Context(), 2, 50*time.Millisecond)
			switch {
			case tt.want == "" && (err != nil || got.perSecond <= 0 || got.p50 > got.p99):
				t.Errorf("got %+v, %v", got, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestRatiosArePairwise(t *testing.T) {
	d := duel{shape: "serve", ours: []outcome{{perSecond: 10}, {perSecond: 30}, {perSecond: 20}}, theirs: []outcome{{perSecond: 10}, {perSecond: 10}, {perSecond: 40}}}
	if got := medianOf(d.ratios()); got != 1 {
		t.Errorf("got median ratio %v, want 1", got)
	}
	if got := perSecond(d.ours); got != 20 {
		t.Errorf("got median rate %v, want 20", got)
	}
	if svg := chart([]duel{d}); !strings.Contains(svg, ">20<") || !strings.Contains(svg, "Vestibule, serve") {
		t.Errorf("got chart %s", svg)
	}
}
