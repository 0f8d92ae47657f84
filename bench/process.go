package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a measured program.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// launching is how to start a program.
type launching struct {
	dir  string
	env  []string // beside PATH and HOME
	path string
	args []string
	log  string // a file for its output; "" is our stderr
}

// launch starts a program with only the given environment.
func launch(l launching) (*process, error) {
	p := &process{cmd: exec.Command(l.path, l.args...), done: make(chan struct{})}
	p.cmd.Dir = l.dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + l.dir}, l.env...)
	p.cmd.Stderr = os.Stderr
	if l.log != "" {
		file, err := os.OpenFile(l.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		p.cmd.Stdout, p.cmd.Stderr = file, file
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop ends the program, and those of its descendants that it leaves behind.
func (p *process) stop() {
	var tree map[int]bool
	if table, err := processes(); err == nil {
		tree = table.tree(p.pid())
	}
	_ = p.cmd.Process.Signal(os.Interrupt)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	for pid := range tree {
		if pid != p.pid() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
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
	kib := procValue(fmt.Sprintf("/proc/%d/status", p.pid()), "VmRSS:")
	if kib == 0 {
		return 0, errors.New("no VmRSS in /proc")
	}
	return kib, nil
}

// processorTime returns the time that the process has used on all processors, to
// a hundredth of a second.
func (p *process) processorTime() time.Duration {
	table, err := processes()
	if err != nil {
		return 0
	}
	return table[p.pid()].used
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
