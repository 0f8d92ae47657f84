package main

import (
	"fmt"
	"slices"
	"time"
)

func medianOf[T int | float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func each[T, U any](values []T, f func(T) U) []U {
	out := make([]U, len(values))
	for i, v := range values {
		out[i] = f(v)
	}
	return out
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// spread is the median of values, and their least and most.
func spread(values []float64, format string) string {
	return fmt.Sprintf("**"+format+"** ("+format+"–"+format+")", medianOf(values), slices.Min(values), slices.Max(values))
}

// against returns, for each round, f of ours divided by f of theirs.
func against(ours, theirs []figures, f func(figures) float64) []float64 {
	ratios := make([]float64, len(ours))
	for i := range ratios {
		if base := f(theirs[i]); base > 0 {
			ratios[i] = f(ours[i]) / base
		}
	}
	return ratios
}

// What is compared.
func rate(f figures) float64     { return f.perSecond }
func frontCPU(f figures) float64 { return ms(f.front) }
func allCPU(f figures) float64   { return ms(f.all) }
func memory(f figures) float64   { return f.memoryMiB }
func p50(f figures) float64      { return ms(f.p50) }
func p99(f figures) float64      { return ms(f.p99) }
func unrest(f figures) float64   { return f.disturbed }
