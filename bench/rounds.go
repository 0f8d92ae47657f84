package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

// way is a contestant: one way from a client to an answer.
type way struct {
	name  string
	ours  bool
	start func(ctx context.Context, g *ground) (*endpoint, error) // g stops what it starts
}

// figures are what one run of a contestant cost.
type figures struct {
	shot
	front, all time.Duration // processor time of 10 000 requests: of the contestant, and with what is behind it
	memoryMiB  float64       // the most that the contestant held
	disturbed  float64       // the part of the machine that other programs used
}

// row has the runs of a contestant, by the number of connections. The runs of all
// contestants with the same index are from the same round.
type row struct {
	way
	runs map[int][]figures
}

// contest starts all contestants and measures them in turns. The first one is the base.
func contest(ctx context.Context, g *ground, what string, ways []way) ([]row, error) {
	rows := make([]row, len(ways))
	ends := make([]*endpoint, len(ways))
	for i, w := range ways {
		progress("%s: starting %s", what, w.name)
		var err error
		if ends[i], err = w.start(ctx, g); err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		rows[i] = row{w, map[int][]figures{}}
		if _, err := wrk(ctx, g.dir, ends[i], 32, time.Second); err != nil { // warms it up
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
	}
	left := countdown{runs: g.s.rounds * len(ways) * len(g.s.connections), began: time.Now()}
	for round := range g.s.rounds {
		for _, connections := range g.s.connections {
			for k := range ways {
				i := (k + round) % len(ways) // another one begins each round
				f, err := quietRun(ctx, g, ends[i], connections)
				if err != nil {
					return nil, fmt.Errorf("%s, %d connections: %w", rows[i].name, connections, err)
				}
				rows[i].runs[connections] = append(rows[i].runs[connections], f)
				left.done++
				progress("%s %d/%d, %d connections, %s: %.0f/s, %.0f ms of processor time for 10 000; %s", what, round+1, g.s.rounds,
					connections, rows[i].name, f.perSecond, ms(f.front), left)
			}
		}
	}
	return rows, nil
}

// progress tells on stderr what goes on.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// countdown estimates the remaining time from the runs that are done.
type countdown struct {
	done, runs int
	began      time.Time
}

func (c countdown) String() string {
	each := time.Since(c.began) / time.Duration(max(1, c.done))
	return fmt.Sprintf("%v left", (each * time.Duration(c.runs-c.done)).Round(time.Second))
}

// quietRun repeats a run while other programs disturb it, and returns the least disturbed
// one.
func quietRun(ctx context.Context, g *ground, e *endpoint, connections int) (figures, error) {
	var best figures
	for try := range g.s.tries {
		f, err := measuredRun(ctx, g, e, connections)
		if err != nil {
			return figures{}, err
		}
		if try == 0 || f.disturbed < best.disturbed {
			best = f
		}
		if best.disturbed <= g.s.disturbance {
			return best, nil
		}
		progress("other programs used %.0f %% of the machine (try %d of %d)", 100*f.disturbed, try+1, g.s.tries)
	}
	return best, nil
}

func measuredRun(ctx context.Context, g *ground, e *endpoint, connections int) (figures, error) {
	before, err := takeReading(e)
	if err != nil {
		return figures{}, err
	}
	peak := watchMemory(e.front)
	s, err := wrk(ctx, g.dir, e, connections, g.s.duration)
	memory := peak()
	if err != nil {
		return figures{}, err
	}
	after, err := takeReading(e)
	if err != nil {
		return figures{}, err
	}
	per10k := func(d time.Duration) time.Duration { return d * 10_000 / time.Duration(s.requests) }
	others := (after.machine - before.machine) - (after.known - before.known)
	return figures{
		shot: s, front: per10k(after.front - before.front), all: per10k(after.all - before.all), memoryMiB: memory,
		disturbed: max(0, others.Seconds()) / (after.at.Sub(before.at).Seconds() * float64(runtime.NumCPU())),
	}, nil
}

// reading has all counters of processor time at one moment.
type reading struct {
	at                         time.Time
	front, all, known, machine time.Duration // known: this program and all that it has started
}

func takeReading(e *endpoint) (reading, error) {
	table, err := processes()
	if err != nil {
		return reading{}, err
	}
	busy, err := machineBusy()
	return reading{time.Now(), table.used(e.front...), table.used(slices.Concat(e.front, e.behind)...), table.used(os.Getpid()), busy}, err
}

// watchMemory looks at the memory of processes until the returned function is called, which
// returns the most that it saw.
func watchMemory(pids []int) (stop func() float64) {
	end, most := make(chan struct{}), make(chan float64)
	go func() {
		peak := 0.0
		for {
			if table, err := processes(); err == nil {
				peak = max(peak, table.memoryMiB(pids...))
			}
			select {
			case <-end:
				most <- peak
				return
			case <-time.After(700 * time.Millisecond): // each look costs a millisecond or two
			}
		}
	}()
	return func() float64 {
		close(end)
		return <-most
	}
}
