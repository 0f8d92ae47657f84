package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// result is everything that was measured.
type result struct {
	start   time.Duration
	idleKiB int
	duels   []duel

	listening []listening
	lists     []listFigure
	sharing   []sharing
}

const (
	reportPath = "docs/benchmarks.md"
	chartPath  = "docs/images/benchmark.svg"

	neighboursHeading = "\n## Neighbours\n"
)

func report(s settings, r result) error {
	var b strings.Builder
	fmt.Fprintf(&b, `# Benchmarks

`+"`make bench`"+` writes this page. The figures are from a machine with %d processors (%s/%s), %s. The load generator
uses the same processors, so the ratios say more than the rates.

## Proxied requests

An empty task list, %d keep-alive connections, %d alternating runs of %v each.

- Vestibule answers requests with a session cookie. The figures include all its checks: origin, session, token, and the rules for headers and answers.
- The bare proxy is httputil.ReverseProxy with a tuned transport and a fixed token. It is a separate process in front of the same API.

![requests per second](images/benchmark.svg)

| | requests/s | p50 | p99 | against the bare proxy: median (min–max) |
|---|---|---|---|---|
`, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), s.connections, s.rounds, s.duration)
	for _, d := range r.duels {
		ratios := d.ratios()
		row(&b, label(d.shape), d.ours, fmt.Sprintf("**%.2f** (%.2f–%.2f)", medianOf(ratios), slices.Min(ratios), slices.Max(ratios)))
		row(&b, "bare proxy, beside it", d.theirs, "1")
	}
	fmt.Fprintf(&b, `
In one process the BFF calls the API without a socket. In two processes the path is the same as the bare proxy's, plus everything that Vestibule adds.

## Start and rest

| | |
|---|---|
| from start in an empty folder until ready, with tables and secret created | %d ms (median of 5) |
| memory at rest (resident) | %.1f MiB |
`, r.start.Milliseconds(), float64(r.idleKiB)/1024)
	b.WriteString(listenersReport(r.listening))
	b.WriteString(listsReport(r.lists))
	b.WriteString(sharingReport(r.sharing))
	neighbours, err := neighboursReport()
	if err != nil {
		return err
	}
	b.WriteString(neighbours)
	if err := os.WriteFile(reportPath, []byte(b.String()), 0o644); err != nil {
		return err
	}
	fmt.Print(b.String())
	return os.WriteFile(chartPath, []byte(chart(r.duels)), 0o644)
}

// neighboursReport returns the last section of the existing report. make neighbours writes that section.
func neighboursReport() (string, error) {
	text, err := os.ReadFile(reportPath)
	if err != nil {
		return "", err
	}
	_, section, found := strings.Cut(string(text), neighboursHeading)
	if !found {
		return "", nil
	}
	return neighboursHeading + section, nil
}

func label(shape string) string {
	if shape == "split" {
		return "Vestibule, `bff` and `api`"
	}
	return "Vestibule, `serve`"
}

func row(b *strings.Builder, name string, runs []outcome, ratio string) {
	p50 := medianOf(each(runs, func(o outcome) time.Duration { return o.p50 }))
	p99 := medianOf(each(runs, func(o outcome) time.Duration { return o.p99 }))
	fmt.Fprintf(b, "| %s | %.0f | %.1f ms | %.1f ms | %s |\n", name, perSecond(runs), ms(p50), ms(p99), ratio)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// chart draws requests per second as bars, for light and dark pages.
func chart(duels []duel) string {
	type bar struct {
		name  string
		value float64
		ours  bool
	}
	var bars []bar
	for _, d := range duels {
		bars = append(bars,
			bar{strings.ReplaceAll(label(d.shape), "`", ""), perSecond(d.ours), true},
			bar{"bare ReverseProxy, beside it", perSecond(d.theirs), false})
	}
	most := 0.0
	for _, b := range bars {
		most = max(most, b.value)
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 %d" font-family="system-ui, sans-serif" font-size="14" role="img" aria-labelledby="t">
<title id="t">Proxied requests per second, Vestibule against a bare ReverseProxy</title>
<style>text{fill:#1f2328}.o{fill:#8250df}.b{fill:#afb8c1}@media (prefers-color-scheme:dark){text{fill:#e6edf3}.o{fill:#a371f7}.b{fill:#57606a}}</style>
<text x="10" y="24" font-weight="600">Proxied requests per second (more is better)</text>
`, 50+len(bars)*36)
	for i, b := range bars {
		y, class := 44+i*36, "b"
		if b.ours {
			class = "o"
		}
		width := b.value / most * 430
		fmt.Fprintf(&s, `<text x="10" y="%d">%s</text><rect class="%s" x="230" y="%d" width="%.0f" height="22" rx="3"/><text x="%.0f" y="%d">%.0f</text>`+"\n",
			y+16, b.name, class, y, width, 238+width, y+16, b.value)
	}
	s.WriteString("</svg>\n")
	return s.String()
}
