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
	of := func(rates ...float64) (all []figures) {
		for _, r := range rates {
			all = append(all, figures{shot: shot{perSecond: r}})
		}
		return all
	}
	ours, theirs := of(10, 30, 20), of(10, 10, 40)
	if got := medianOf(against(ours, theirs, rate)); got != 1 {
		t.Errorf("got median ratio %v, want 1", got)
	}
	s := settings{connections: []int{32}}
	rows := []row{{way{name: "bare"}, map[int][]figures{32: theirs}}, {way{name: "Vestibule `bff`", ours: true}, map[int][]figures{32: ours}}}
	if svg := chart(s, rows); !strings.Contains(svg, ">Vestibule bff</text>") || !strings.Contains(svg, `class="o"`) {
		t.Errorf("got chart %s", svg)
	}
	if text := tables(s, rows, "bare"); !strings.Contains(text, "**1.00** (0.50–3.00)") || !strings.Contains(text, "100 % |") {
		t.Errorf("got tables %s", text)
	}
}
