package daemon

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The rules for the memory of the process:
//
//   - The heap may grow to five times the live data, so that small requests pay little for the
//     collector. But it grows by at most heapGrowth, unless that is less than the live data: then
//     it may double, as Go does by default.
//   - After the start, and after work, the process becomes quiet. Then it collects, and returns
//     to the system what it does not need. Go alone would do so after minutes: until then the
//     memory of one hashed password, or of a thousand requests, looks like a need.
//   - If the operator has set GOGC, Go decides alone.

// GCPercent is the GOGC value at start: how much the heap may grow, in percent of the live
// data, before a collection. With Go's default of 100, collections take up to a quarter of the
// time of small requests, because the live data are a few megabytes and requests make garbage.
const GCPercent = 400

const (
	heapGrowth   = 16 << 20 // bytes
	memoryPeriod = time.Second
	quietBytes   = 1 << 20 // a process is quiet if it allocates less in a period
	// quietShare bounds the time that collections of a quiet process take: one part of this
	// many. A large heap takes long, and is collected rarely.
	quietShare = 50
)

// memory tunes the collector. Its zero value is for a process that has just started.
type memory struct {
	percent   int       // GOGC; 0: as at the start
	allocated uint64    // bytes since the start, at the last look
	settled   bool      // a further collection would gain nothing
	next      time.Time // no collection before
}

// run tunes the collector until ctx ends.
func (m *memory) run(ctx context.Context) {
	tick := time.NewTicker(memoryPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.look(readMemory(), time.Now())
		}
	}
}

// look is called once in a period.
func (m *memory) look(now memoryUse, at time.Time) {
	if percent := gcPercent(now.live); percent != m.percent {
		m.percent = percent
		debug.SetGCPercent(percent)
	}
	quiet := now.allocated-m.allocated < quietBytes
	m.allocated = now.allocated
	switch {
	case !quiet:
		m.settled = false
	case !m.settled && at.After(m.next):
		debug.FreeOSMemory()
		m.next = at.Add(quietShare * time.Since(at))
		// A stack shrinks by half in each collection, so one may not be enough.
		m.settled = readMemory().held > now.held-now.held/10
	}
}

// gcPercent returns the GOGC value for so many bytes that a collection has to look through.
func gcPercent(live uint64) int {
	percent := 100 * heapGrowth / max(live, 1)
	return int(min(max(percent, 100), GCPercent)) / 25 * 25 // few steps: each change stops the world
}

// memoryUse is what the runtime says of the process's memory, in bytes.
type memoryUse struct {
	live      uint64 // what the last collection has found in use, and stacks
	allocated uint64 // since the start
	held      uint64 // not returned to the system
}

func readMemory() memoryUse {
	s := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(s)
	value := func(i int) uint64 { return s[i].Value.Uint64() }
	return memoryUse{live: value(0) + value(1), allocated: value(2), held: value(3) - value(4)}
}

// gcIsOurs reports whether GOGC has the value that this program sets.
func gcIsOurs() bool {
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	return s[0].Value.Uint64() == GCPercent
}
