package main

import (
	"fmt"
	"html"
	"strings"
)

// chart draws the rates of contests as bars, each as a ratio to the first row of its
// contest, for light and dark pages.
func chart(s settings, contests ...[]row) string {
	const left, widest, line = 345, 340, 28
	type bar struct {
		name         string
		ratio        float64
		ours, spaced bool
	}
	var bars []bar
	most := 0.0
	c := s.connections[0]
	for i, rows := range contests {
		for k, r := range rows {
			ratio := medianOf(against(r.runs[c], rows[0].runs[c], rate))
			bars = append(bars, bar{strings.ReplaceAll(r.name, "`", ""), ratio, r.ours, i > 0 && k == 0})
			most = max(most, ratio)
		}
	}
	var b strings.Builder
	y := 44
	for _, one := range bars {
		if one.spaced {
			y += line / 2
		}
		class := "b"
		if one.ours {
			class = "o"
		}
		width := max(1, one.ratio/most*widest)
		fmt.Fprintf(&b, `<text x="10" y="%d">%s</text><rect class="%s" x="%d" y="%d" width="%.0f" height="18" rx="3"/><text x="%.0f" y="%d">%.2f</text>`+"\n",
			y+14, html.EscapeString(one.name), class, left, y, width, left+8+width, y+14, one.ratio)
		y += line
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 %d" font-family="system-ui, sans-serif" font-size="12.5" role="img" aria-labelledby="t">
<title id="t">Proxied requests per second, against a bare, tuned ReverseProxy in front of the same API</title>
<style>text{fill:#1f2328}.o{fill:#8250df}.b{fill:#afb8c1}@media (prefers-color-scheme:dark){text{fill:#e6edf3}.o{fill:#a371f7}.b{fill:#57606a}}</style>
<text x="10" y="24" font-weight="600">Proxied requests per second, a bare ReverseProxy is 1 (more is better)</text>
%s</svg>
`, y+8, b.String())
}
