package daemon

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

func TestALargeHeapGrowsByLess(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{
		0: 400, 2 << 20: 400, 4 << 20: 400, 8 << 20: 200, 12 << 20: 125, 16 << 20: 100, 500 << 20: 100,
	} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d MiB: got %d %%, want %d", live>>20, got, want)
		}
	}
}

// forced counts the collections that the program has asked for.
func forced() uint64 {
	s := []metrics.Sample{{Name: "/gc/cycles/forced:gc-cycles"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// The tests below are not parallel: others may ask for collections too.

func TestOnlyAQuietProcessCollects(t *testing.T) {
	m := &memory{percent: gcPercent(1)} // GOGC of the test stays
	now := time.Now()
	use := memoryUse{allocated: 100 << 20}
	look := func() bool {
		before := forced()
		now = now.Add(time.Hour)
		m.look(use, now)
		return forced() > before
	}
	if look() {
		t.Error("it collects while it works")
	}
	if !look() {
		t.Error("it does not collect after the work")
	}
	if m.settled = true; look() {
		t.Error("it collects again, for nothing")
	}
	if use.allocated += quietBytes; look() || !look() {
		t.Error("it does not collect after more work")
	}
	use.allocated += quietBytes
	look()
	if m.next = now.Add(2 * time.Hour); look() {
		t.Error("it collects too often")
	}
}

func TestAQuietProcessReturnsMemory(t *testing.T) {
	const size = 64 << 20
	garbage := make([]byte, size)
	for i := 0; i < size; i += 4 << 10 {
		garbage[i] = 1
	}
	runtime.KeepAlive(garbage)
	before := readMemory()
	m := &memory{percent: gcPercent(before.live), allocated: before.allocated}
	m.look(before, time.Now())
	if after := readMemory(); after.held > before.held-size/2 {
		t.Errorf("%d MiB are held, and %d before, of which %d are garbage", after.held>>20, before.held>>20, size>>20)
	}
	if m.settled {
		t.Error("it gives up when there may be more")
	}
}
