package main

import (
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// checkMetrics reads metrics from standard input like promtool check metrics, with what that uses.
func checkMetrics() {
	problems, err := promlint.New(os.Stdin).Lint()
	if err != nil {
		fail(err)
	}
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, p.Metric, p.Text)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}
