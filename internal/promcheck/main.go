// Promcheck reads alert rules and a dashboard with Prometheus' own packages, and prints which
// metrics and labels their queries name, as one JSON object per query:
//
//	promcheck alerts.yml dashboard.json
//
// Under the name promtool it checks metrics, for packaging/rehearse.sh:
//
//	promtool check metrics <FILE
//
// It is a module of its own, so that Prometheus is no dependency of the product. The tests of
// cmd/vestibule run it, and compare the names with a running product.
package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// query is what a query names.
type query struct {
	Where    string     // the rule or the panel
	Selected []selector // its series
	Grouped  []string   // the labels by which it groups or matches
}

type selector struct {
	Metric string
	Labels map[string]string // a value is "" unless the label must be equal to it
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "check" && os.Args[2] == "metrics":
		checkMetrics()
		return
	case len(os.Args) != 3:
		fail(fmt.Errorf("want alerts.yml dashboard.json, got %q", os.Args[1:]))
	}
	read := parser.NewParser(parser.Options{})
	rules, errs := rulefmt.ParseFile(os.Args[1], false, model.UTF8Validation, read, slog.New(slog.DiscardHandler))
	for _, err := range errs {
		fail(err)
	}
	out := json.NewEncoder(os.Stdout)
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			show(out, read, rule.Alert+rule.Record, rule.Expr)
		}
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		fail(err)
	}
	var board struct{ Panels []panel }
	if err := json.Unmarshal(text, &board); err != nil {
		fail(err)
	}
	for _, p := range board.Panels {
		p.show(out, read)
	}
}

// panel is a panel of Grafana. A row that is folded has panels.
type panel struct {
	Title   string
	Targets []struct{ Expr string }
	Panels  []panel
}

// variables replaces what Grafana replaces before it asks Prometheus.
var variables = strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h")

func (p panel) show(out *json.Encoder, read parser.Parser) {
	for _, t := range p.Targets {
		show(out, read, p.Title, variables.Replace(t.Expr))
	}
	for _, inner := range p.Panels {
		inner.show(out, read)
	}
}

func show(out *json.Encoder, read parser.Parser, where, text string) {
	expr, err := read.ParseExpr(text)
	if err != nil {
		fail(fmt.Errorf("%s: %s: %w", where, text, err))
	}
	q := query{Where: where}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			s := selector{Labels: map[string]string{}}
			for _, m := range n.LabelMatchers {
				switch {
				case m.Name == model.MetricNameLabel:
					s.Metric = m.Value
				case m.Type == labels.MatchEqual:
					s.Labels[m.Name] = m.Value
				default:
					s.Labels[m.Name] = ""
				}
			}
			q.Selected = append(q.Selected, s)
		case *parser.AggregateExpr:
			q.Grouped = append(q.Grouped, n.Grouping...)
		case *parser.BinaryExpr:
			if m := n.VectorMatching; m != nil {
				q.Grouped = append(q.Grouped, append(m.MatchingLabels, m.Include...)...)
			}
		}
		return nil
	})
	if err := out.Encode(q); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "promcheck:", err)
	os.Exit(1)
}
