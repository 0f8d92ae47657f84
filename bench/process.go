package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// process is a measured program.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// launch starts a program with only the given environment.
func launch(dir string, env []string, path string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, env...)
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	<-p.done
}

// answers waits until url returns 200.
func (p *process) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		res, err := http.Get(url)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
			return errors.New("the program has ended")
		case <-ctx.Done():
			return fmt.Errorf("no answer from %s: %w", url, ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// residentKiB returns the process's resident memory.
func (p *process) residentKiB() (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.Atoi(strings.Fields(rest)[0])
		}
	}
	return 0, errors.New("no VmRSS in /proc")
}

// processorTime returns the time that the process has used on all processors, to
// a hundredth of a second.
func (p *process) processorTime() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may have spaces
	fields := strings.Fields(rest)
	var ticks int
	for _, field := range fields[11:13] { // utime and stime, proc(5)
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// measureStart measures the time from start in an empty folder to the first
// answer, five times, and the memory of the last process at rest.
func measureStart(ctx context.Context, s settings, dir string) (median time.Duration, idleKiB int, err error) {
	var times []time.Duration
	for i := range 5 {
		site, err := newSite(s, fmt.Sprintf("%s/start%d", dir, i), "serve")
		if err != nil {
			return 0, 0, err
		}
		begin := time.Now()
		if err := site.start(ctx); err != nil {
			site.stop()
			return 0, 0, err
		}
		times = append(times, time.Since(begin))
		if i == 4 {
			select { // wait until the garbage of the start is freed
			case <-time.After(5 * time.Second):
			case <-ctx.Done():
			}
			idleKiB, err = site.processes[0].residentKiB()
		}
		site.stop()
		if err != nil {
			return 0, 0, err
		}
	}
	return medianOf(times), idleKiB, nil
}
