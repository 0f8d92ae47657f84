package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"vestibule/internal/freeport"
)

// duel compares Vestibule with the bare proxy, in pairs of runs.
type duel struct {
	shape  string
	ours   []outcome
	theirs []outcome
}

// measureProxy sends both the same request, for an empty task list of the same
// API. Vestibule needs a cookie, the bare proxy nothing.
func measureProxy(ctx context.Context, s settings, dir, shape string) (duel, error) {
	site, err := newSite(s, filepath.Join(dir, shape), shape)
	if err != nil {
		return duel{}, err
	}
	defer site.stop()
	if err := site.start(ctx); err != nil {
		return duel{}, err
	}
	cookie, user, err := site.signUp(ctx)
	if err != nil {
		return duel{}, err
	}
	token, err := bearerOf(user)
	if err != nil {
		return duel{}, err
	}
	bareAddr, err := freeport.Addr()
	if err != nil {
		return duel{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return duel{}, err
	}
	bare, err := launch(dir, nil, self, "bare-proxy", "-addr", bareAddr, "-backend", "http://"+site.api, "-token", token)
	if err != nil {
		return duel{}, err
	}
	defer bare.stop()
	list := "/api/" + user + "/tasks"
	if err := bare.answers(ctx, "http://"+bareAddr+list); err != nil {
		return duel{}, err
	}

	const common = "Accept: */*\r\nUser-Agent: bench\r\n"
	ours := load{addr: site.bff, want: []byte("[]"), request: []byte(
		"GET /api/proxy/" + user + "/tasks HTTP/1.1\r\nHost: " + site.bff + "\r\n" + common + "Cookie: " + cookie + "\r\n\r\n")}
	theirs := load{addr: bareAddr, want: []byte("[]"), request: []byte(
		"GET " + list + " HTTP/1.1\r\nHost: " + bareAddr + "\r\n" + common + "\r\n")}
	for _, l := range []load{ours, theirs} { // warm up
		if _, err := l.run(ctx, s.connections, time.Second); err != nil {
			return duel{}, err
		}
	}
	d := duel{shape: shape}
	for i := range s.rounds {
		a, err := ours.run(ctx, s.connections, s.duration)
		if err != nil {
			return duel{}, err
		}
		b, err := theirs.run(ctx, s.connections, s.duration)
		if err != nil {
			return duel{}, err
		}
		fmt.Printf("%s %d/%d: vestibule %.0f/s, bare proxy %.0f/s, ratio %.2f\n", shape, i+1, s.rounds, a.perSecond, b.perSecond, a.perSecond/b.perSecond)
		d.ours, d.theirs = append(d.ours, a), append(d.theirs, b)
	}
	return d, nil
}

// ratios returns, for each pair, our rate divided by theirs.
func (d duel) ratios() []float64 {
	r := make([]float64, len(d.ours))
	for i := range r {
		r[i] = d.ours[i].perSecond / d.theirs[i].perSecond
	}
	return r
}

func medianOf[T int | float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func perSecond(runs []outcome) float64 {
	return medianOf(each(runs, func(o outcome) float64 { return o.perSecond }))
}

func each[T, U any](values []T, f func(T) U) []U {
	out := make([]U, len(values))
	for i, v := range values {
		out[i] = f(v)
	}
	return out
}
