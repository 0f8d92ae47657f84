package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestShotsAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, line, want string
	}{
		{"a clean run", "bench 100 1000000 130000 0 0 1500 9000", ""},
		{"answers still under way at the end", "bench 100 1000000 139000 0 0 1500 9000", ""},
		{"no answer", "bench 0 1000000 0 0 0 0 0", "no answer"},
		{"refusals", "bench 100 1000000 130000 3 0 1500 9000", "refusals"},
		{"broken connections", "bench 100 1000000 130000 0 1 1500 9000", "failed"},
		{"short answers, such as redirects", "bench 100 1000000 40000 0 0 1500 9000", "want about 1300"},
		{"long answers, such as a sign-in page", "bench 100 1000000 400000 0 0 1500 9000", "want about 1300"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseShot([]byte("Running 1s test\n  2 threads\n\n" + tt.line + "\n"))
			if err != nil {
				t.Fatal(err)
			}
			err = s.check(1300, 4)
			if tt.want == "" && (err != nil || s.perSecond != 100 || s.p50 != 1500*time.Microsecond || s.p99 != 9*time.Millisecond) {
				t.Errorf("got %+v, error %v", s, err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := parseShot([]byte("unable to connect")); err == nil {
		t.Error("output without figures is accepted")
	}
}

func TestProcessorTimeIncludesDescendants(t *testing.T) {
	table := processTable{}
	for _, stat := range []string{
		"1 (init) S 0 1 1 0 -1 0 0 0 0 0 900 900 0 0 20 0 1 0 5 0 0",
		"10 (a (b) c) S 1 10 10 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 5 0 0",
		"11 (worker) S 10 10 10 0 -1 0 0 0 0 0 10 20 0 0 20 0 1 0 5 0 0",
		"12 (its child) S 11 10 10 0 -1 0 0 0 0 0 100 0 0 0 20 0 1 0 5 0 0",
		"broken",
	} {
		if pid, row, ok := parseStat(stat); ok {
			table[pid] = row
		}
	}
	if got, want := table.used(10), 140*tick; got != want || len(table) != 4 {
		t.Errorf("got %v of %d processes, want %v", got, len(table), want)
	}
	if got, want := table.used(11, 12), 130*tick; got != want {
		t.Errorf("got %v, want %v: the child counts once", got, want)
	}
}

func TestWhatIsWrittenByHandStays(t *testing.T) {
	page := "# A\n\nby hand\n\n" + blockBegin("x") + "old\n" + blockEnd + "\n## B\n\nby hand too\n"
	got, err := replaceBlock(page, block{"x", "new\n"})
	if want := strings.Replace(page, "old", "new", 1); err != nil || got != want {
		t.Errorf("got %q, error %v, want %q", got, err, want)
	}
	if _, err := replaceBlock(page, block{"y", "new\n"}); err == nil {
		t.Error("a block without a place is accepted")
	}
	if _, err := replaceBlock(strings.Replace(page, blockEnd, "", 1), block{"x", "new\n"}); err == nil {
		t.Error("a place without an end is accepted")
	}
}

func TestThePageHasAPlaceForEachBlock(t *testing.T) {
	page, err := os.ReadFile("../" + reportPath)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"versions", "split", "serve", "serve-postgresql", "list", "create", "download", "upload", "stored", "cached",
		"signin", "trips", "start", "listeners", "lists", "writers"} {
		if _, err := replaceBlock(string(page), block{name, ""}); err != nil {
			t.Error(err)
		}
	}
}

func TestFlags(t *testing.T) {
	s, err := parseFlags([]string{"-only", "split,serve", "-connections", "8"})
	if err != nil || !slices.Equal(s.only, []string{"split", "serve"}) || !slices.Equal(s.connections, []int{8}) {
		t.Errorf("got %+v, error %v", s, err)
	}
	for _, args := range [][]string{{"-only", "nothing"}, {"-connections", "many"}, {"-connections", "0"}, {"-connections", ""}, {"-rounds", "0"}} {
		if _, err := parseFlags(args); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}
