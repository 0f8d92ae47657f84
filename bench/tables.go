package main

import (
	"fmt"
	"slices"
	"strings"
)

// tables are the report's block about a contest: rates and costs, as ratios to the first
// row in the same round. limit is the name of the row that is the limit, or "".
func tables(s settings, rows []row, limit string) string {
	var b strings.Builder
	base := rows[0]
	var best *row
	for i := range rows {
		if rows[i].name == limit {
			best = &rows[i]
		}
	}
	b.WriteString("| |")
	for _, c := range s.connections {
		fmt.Fprintf(&b, " requests/s, %d connections | against the first row | p50 / p99 |", c)
		if best != nil {
			b.WriteString(" share of the limit |")
		}
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(s.connections)*columns(best)) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |", nameOf(r))
		for _, c := range s.connections {
			runs := r.runs[c]
			fmt.Fprintf(&b, " %.0f | %s | %.1f / %.1f ms |", medianOf(each(runs, rate)), spread(against(runs, base.runs[c], rate), "%.2f"),
				medianOf(each(runs, p50)), medianOf(each(runs, p99)))
			if best != nil {
				fmt.Fprintf(&b, " %.0f %% |", 100*medianOf(against(runs, best.runs[c], rate)))
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("\nProcessor time of 10 000 requests, and memory:\n\n| |")
	for _, c := range s.connections {
		fmt.Fprintf(&b, " alone, %d connections | against the first row | with what is behind | against the first row |", c)
	}
	b.WriteString(" memory, most |\n|---|" + strings.Repeat("---|---|---|---|", len(s.connections)) + "---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |", nameOf(r))
		held := 0.0
		for _, c := range s.connections {
			runs, first := r.runs[c], base.runs[c]
			fmt.Fprintf(&b, " %.0f ms | %s | %.0f ms | %s |", medianOf(each(runs, frontCPU)), spread(against(runs, first, frontCPU), "%.2f"),
				medianOf(each(runs, allCPU)), spread(against(runs, first, allCPU), "%.2f"))
			held = max(held, slices.Max(each(runs, memory)))
		}
		fmt.Fprintf(&b, " %.0f MiB |\n", held)
	}
	b.WriteString(disturbances(s, rows))
	return b.String()
}

func columns(best *row) int {
	if best == nil {
		return 3
	}
	return 4
}

func nameOf(r row) string {
	if r.ours {
		return "**" + r.name + "**"
	}
	return r.name
}

// disturbances says how quiet the runs were.
func disturbances(s settings, rows []row) string {
	var all []float64
	for _, r := range rows {
		for _, runs := range r.runs {
			all = append(all, each(runs, unrest)...)
		}
	}
	disturbed := 0
	for _, d := range all {
		if d > s.disturbance {
			disturbed++
		}
	}
	return fmt.Sprintf("\nOther programs used %.1f %% of the machine in the median run, and more than %.0f %% in %d of %d runs, in spite of %d tries each.\n",
		100*medianOf(all), 100*s.disturbance, disturbed, len(all), s.tries)
}
