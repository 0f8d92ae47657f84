package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor time in /proc (USER_HZ, which is 100 on every Linux).
const tick = 10 * time.Millisecond

// processTable is one look at all processes of the machine.
type processTable map[int]processRow

type processRow struct {
	parent int
	used   time.Duration // by the process and by those of its children that have ended
}

// processes reads /proc once.
func processes() (processTable, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := processTable{}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		if pid, row, ok := parseStat(string(stat)); ok {
			all[pid] = row
		}
	}
	return all, nil
}

// parseStat reads a line of /proc/PID/stat, proc(5).
func parseStat(stat string) (pid int, row processRow, ok bool) {
	front, rest, found := cutLast(stat, ") ") // the name may have spaces and parentheses
	id, _, _ := strings.Cut(front, " ")
	pid, err := strconv.Atoi(id)
	fields := strings.Fields(rest)
	if !found || err != nil || len(fields) < 15 {
		return 0, processRow{}, false
	}
	numbers := make([]int, len(fields))
	for i := range fields {
		numbers[i], _ = strconv.Atoi(fields[i])
	}
	row.parent = numbers[1]
	for _, n := range numbers[11:15] { // utime, stime, cutime, cstime
		row.used += time.Duration(n) * tick
	}
	return pid, row, true
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// tree returns the processes and all their descendants.
func (t processTable) tree(roots ...int) map[int]bool {
	in := map[int]bool{}
	for _, root := range roots {
		in[root] = true
	}
	for grown := true; grown; {
		grown = false
		for pid, row := range t {
			if in[row.parent] && !in[pid] {
				in[pid], grown = true, true
			}
		}
	}
	return in
}

// used returns the processor time of the processes and all their descendants.
func (t processTable) used(roots ...int) (sum time.Duration) {
	for pid := range t.tree(roots...) {
		sum += t[pid].used
	}
	return sum
}

// memoryMiB returns the memory of the processes and their descendants. Pages that several
// processes share count once in the sum (PSS).
func (t processTable) memoryMiB(roots ...int) (sum float64) {
	for pid := range t.tree(roots...) {
		sum += float64(procValue(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss:")) / 1024
	}
	return sum
}

// procValue returns a value of a file of /proc that has lines like "Pss:  12 kB". It is 0
// for a process that has ended.
func procValue(file, key string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}

// machineBusy returns the time that all processors have worked since the start of the
// machine. Time that the host took away counts too: it disturbs as much.
func machineBusy() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, fmt.Errorf("unexpected /proc/stat: %q", line)
	}
	var ticks int
	for i, field := range fields[1:9] { // user nice system idle iowait irq softirq steal
		if n, err := strconv.Atoi(field); err != nil {
			return 0, err
		} else if i != 3 && i != 4 {
			ticks += n
		}
	}
	return time.Duration(ticks) * tick, nil
}
