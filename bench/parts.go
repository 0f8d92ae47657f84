package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// part is a part of the measurement. It makes one or more blocks of the report.
type part struct {
	name    string
	measure func(ctx context.Context, b *bench) error
}

// bench is one measurement.
type bench struct {
	s      settings
	dir    string
	blocks []block
	charts [2][]row // split and serve, for the chart
}

// parts in the order of docs/benchmarks.md.
func parts() []part {
	return []part{
		{"split", func(ctx context.Context, b *bench) (err error) {
			b.charts[0], err = b.contest(ctx, "split", splitWays(), nginxPlain().name)
			return err
		}},
		{"serve", func(ctx context.Context, b *bench) (err error) {
			if b.charts[1], err = b.contest(ctx, "serve", serveWays("SQLite"), directly("SQLite")); err != nil {
				return err
			}
			_, err = b.contest(ctx, "serve-postgresql", serveWays("PostgreSQL"), directly("PostgreSQL"))
			return err
		}},
		{"work", func(ctx context.Context, b *bench) error {
			if _, err := b.contest(ctx, "list", listWays(), ""); err != nil {
				return err
			}
			_, err := b.contest(ctx, "create", createWays(), "")
			return err
		}},
		{"bodies", func(ctx context.Context, b *bench) error {
			defer b.narrow()()
			if _, err := b.contest(ctx, "download", bodyWays(false), nginxPlain().name); err != nil {
				return err
			}
			_, err := b.contest(ctx, "upload", bodyWays(true), nginxPlain().name)
			return err
		}},
		{"growth", func(ctx context.Context, b *bench) error {
			defer b.narrow()()
			if _, err := b.contest(ctx, "stored", growthWays(false), ""); err != nil {
				return err
			}
			_, err := b.contest(ctx, "cached", growthWays(true), "")
			return err
		}},
		{"routes", func(ctx context.Context, b *bench) (err error) {
			defer b.narrow()()
			_, err = b.contest(ctx, "routes", routesWays(), "")
			return err
		}},
		{"signin", func(ctx context.Context, b *bench) error {
			return b.onGround("signin", func(g *ground) (string, error) {
				rounds, err := measureSignIn(ctx, g)
				if err != nil {
					return "", err
				}
				return signInReport(rounds), nil
			})
		}},
		{"trips", func(ctx context.Context, b *bench) error {
			return b.onGround("trips", func(g *ground) (string, error) {
				all, indexes, err := measureTrips(ctx, g)
				return tripsReport(all, indexes), err
			})
		}},
		{"start", func(ctx context.Context, b *bench) error {
			start, idle, err := measureStart(ctx, b.s, b.dir)
			b.add("start", startReport(start, idle))
			return err
		}},
		{"listeners", func(ctx context.Context, b *bench) error {
			var all []listening
			for _, how := range []string{"users", "session"} {
				l, err := measureListeners(ctx, b.s, b.dir, how)
				if err != nil {
					return fmt.Errorf("%s: %w", how, err)
				}
				progress("%d listeners, %s: open after %v, %.1f KiB each, %.1f%% of a processor, a change reached the last after %v",
					l.listeners, how, l.opened.Round(time.Millisecond), l.kibEach, 100*l.idle, l.all.Round(time.Millisecond))
				all = append(all, l)
			}
			b.add("listeners", listenersReport(all))
			return nil
		}},
		{"lists", func(ctx context.Context, b *bench) error {
			figures, err := measureLists(ctx)
			b.add("lists", listsReport(figures))
			return err
		}},
		{"writers", func(ctx context.Context, b *bench) error {
			all, err := measureSharing(ctx, b.s, b.dir)
			b.add("writers", sharingReport(all))
			return err
		}},
	}
}

func partNames() (names []string) {
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

func (b *bench) add(name, text string) { b.blocks = append(b.blocks, block{name, text}) }

// narrow leaves out all but the first number of connections until the returned function is
// called.
func (b *bench) narrow() (restore func()) {
	all := b.s.connections
	b.s.connections = all[:1]
	return func() { b.s.connections = all }
}

// contest measures the contestants that -rows selects.
func (b *bench) contest(ctx context.Context, name string, ways []way, limit string) ([]row, error) {
	var rows []row
	err := b.onGround(name, func(g *ground) (_ string, err error) {
		if rows, err = contest(ctx, g, name, selected(ways, b.s.rows)); err != nil {
			return "", err
		}
		return tables(b.s, rows, limit), nil
	})
	return rows, err
}

// selected returns the first way, which is the base, and those whose names contain one of
// the texts.
func selected(ways []way, texts []string) (some []way) {
	for i, w := range ways {
		if i == 0 || len(texts) == 0 || slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(w.name, text) }) {
			some = append(some, w)
		}
	}
	return some
}

// onGround adds the block that measure makes.
func (b *bench) onGround(name string, measure func(*ground) (string, error)) error {
	g, err := newGround(b.s, b.dir, name)
	if err != nil {
		return err
	}
	defer g.close()
	text, err := measure(g)
	if err != nil {
		return err
	}
	b.add(name, text)
	return nil
}

// run measures the parts, prints their tables, and writes them if that is asked for. A part
// that fails does not stop the others.
func run(ctx context.Context, s settings, dir string) error {
	b := &bench{s: s, dir: dir}
	var failed []string
	for _, p := range parts() {
		if len(s.only) > 0 && !slices.Contains(s.only, p.name) {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		had := len(b.blocks)
		if err := p.measure(ctx, b); err != nil {
			progress("%s: %v", p.name, err)
			failed = append(failed, fmt.Sprintf("%s: %v", p.name, err))
			b.blocks = b.blocks[:had]
			continue
		}
		for _, one := range b.blocks[had:] {
			fmt.Printf("\n## %s\n\n%s", one.name, one.text)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.write {
		if err := write(s, append(b.blocks, block{"versions", versions()})); err != nil {
			return err
		}
		if b.charts[0] != nil && b.charts[1] != nil {
			if err := os.WriteFile(chartPath, []byte(chart(s, b.charts[0], b.charts[1])), 0o644); err != nil {
				return err
			}
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("not measured:\n%s", strings.Join(failed, "\n"))
	}
	return nil
}
