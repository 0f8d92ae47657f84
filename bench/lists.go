package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// listFigure is an output line of the list benchmarks, for example
// BenchmarkListPage/SQLite/100/first-2  300  0.42 p50-ms  2.6 p99-ms.
type listFigure struct {
	benchmark, engine, page string
	tasks                   int
	metrics                 map[string]float64 // by unit
}

// measureLists runs the list benchmarks with go test, because the test support
// starts PostgreSQL.
func measureLists(ctx context.Context) ([]listFigure, error) {
	var all []listFigure
	for _, args := range [][]string{{"ListPage", "500x"}, {"FullList", "1x"}} {
		progress("measuring %s with up to a million tasks; this takes minutes", args[0])
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark"+args[0]+"$", "-benchtime", args[1], "-timeout", "30m", "./bench")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			fmt.Println(lines.Text())
			if f, ok := parseFigure(lines.Text()); ok {
				all = append(all, f)
			}
		}
		if err := cmd.Wait(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// parseFigure parses a line in the format of Go's benchmarks.
func parseFigure(line string) (listFigure, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
		return listFigure{}, false
	}
	name := fields[0]
	if i := strings.LastIndexByte(name, '-'); i > 0 { // GOMAXPROCS
		name = name[:i]
	}
	parts := append(strings.Split(strings.TrimPrefix(name, "Benchmark"), "/"), "")
	if len(parts) < 4 {
		return listFigure{}, false
	}
	f := listFigure{benchmark: parts[0], engine: parts[1], page: parts[3], metrics: map[string]float64{}}
	var err error
	if f.tasks, err = strconv.Atoi(parts[2]); err != nil {
		return listFigure{}, false
	}
	for i := 2; i+1 < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return listFigure{}, false
		}
		f.metrics[fields[i+1]] = value
	}
	return f, true
}

// listsReport returns the report's section about lists.
func listsReport(figures []listFigure) string {
	var pages, full strings.Builder
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		for _, page := range []string{"first", "middle", "open"} {
			fmt.Fprintf(&pages, "| %s, %s |", engine, map[string]string{
				"first": "the newest 50", "middle": "50 by title, from a later page", "open": "the 10 open tasks, newest first",
			}[page])
			for _, f := range figures {
				if f.benchmark == "ListPage" && f.engine == engine && f.page == page {
					fmt.Fprintf(&pages, " %.2f / %.1f ms |", f.metrics["p50-ms"], f.metrics["p99-ms"])
				}
			}
			pages.WriteString("\n")
		}
		for _, f := range figures {
			if f.benchmark == "FullList" && f.engine == engine {
				fmt.Fprintf(&full, "| %s, %d tasks | %.1f MiB | %.1f MiB | %.0f |\n", engine, f.tasks, f.metrics["body-MiB"], f.metrics["live-MiB"], f.metrics["tasks/s"])
			}
		}
	}
	return `The time of one page over HTTP, one request at a time: median / p99 of 500 requests. The column gives how many tasks the user has; a second user has the same number. ` + "`go test -run '^$' -bench ListPage -benchtime 500x ./bench`" + `.

| | 100 | 10 000 | 1 000 000 |
|---|---|---|---|
` + pages.String() + `
All tasks in one answer, without a limit. "Live heap" is the most that the program and the reader together held. ` + "`go test -run '^$' -bench FullList -benchtime 1x ./bench`" + `.

| | body | live heap | tasks/s |
|---|---|---|---|
` + full.String()
}

// listenersReport returns the report's section about event streams.
func listenersReport(all []listening) string {
	var b strings.Builder
	b.WriteString(`Open streams of task events at one ` + "`serve`" + `, each on a separate connection. At the task API they belong to 9 001 users; through the BFF they belong to one session. The
settings allow this many for one address, user and session. The load generator uses the same processors.

| | open after | memory each | processor at rest | a change reaches: median, last |
|---|---|---|---|---|
`)
	for _, l := range all {
		name := fmt.Sprintf("%d at the API; a tenth of them get the change", l.listeners)
		if l.how == "session" {
			name = fmt.Sprintf("%d through the BFF; all get it", l.listeners)
		}
		fmt.Fprintf(&b, "| %s | %.1f s | %.1f KiB | %.1f %% | %.0f ms, %.0f ms |\n", name, l.opened.Seconds(), l.kibEach, 100*l.idle, ms(l.reached), ms(l.all))
	}
	return b.String()
}
