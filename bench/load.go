package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// load is a closed loop: each connection sends its next request when it has the
// answer to the previous one, and has paused. It is for few requests whose bodies are
// compared; wrk, which takes less of the processors, sends many.
type load struct {
	addr    string
	request []byte
	want    []byte        // the body of every answer
	pause   time.Duration // of each connection after each answer
}

// outcome has the counts of one run.
type outcome struct {
	perSecond float64
	p50, p99  time.Duration
}

// run sends requests over the given number of connections for the duration d, and at
// least one request over each.
func (l load) run(ctx context.Context, connections int, d time.Duration) (outcome, error) {
	var (
		mu    sync.Mutex
		all   []time.Duration
		fault error
		wg    sync.WaitGroup
	)
	begin := time.Now()
	for range connections {
		wg.Go(func() {
			took, err := l.connection(ctx, begin.Add(d))
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			fault = errors.Join(fault, err)
		})
	}
	wg.Wait()
	if fault != nil {
		return outcome{}, fault
	}
	slices.Sort(all)
	return outcome{
		perSecond: float64(len(all)) / time.Since(begin).Seconds(),
		p50:       all[len(all)/2],
		p99:       all[len(all)*99/100],
	}, nil
}

func (l load) connection(ctx context.Context, end time.Time) ([]time.Duration, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	var took []time.Duration
	for len(took) == 0 || time.Now().Before(end) && ctx.Err() == nil {
		begin := time.Now()
		if _, err := conn.Write(l.request); err != nil {
			return nil, err
		}
		if err := l.answer(in); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin))
		time.Sleep(l.pause)
	}
	return took, nil
}

// answer reads one answer of known length and compares it with the expected one.
func (l load) answer(in *bufio.Reader) error {
	length := -1
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("%s answered %q", l.addr, status)
	}
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length != len(l.want) {
		return fmt.Errorf("%s answered %d bytes, want %d", l.addr, length, len(l.want))
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(in, body); err != nil {
		return err
	}
	if !bytes.Equal(body, l.want) {
		return fmt.Errorf("%s answered %q, want %q", l.addr, body, l.want)
	}
	return nil
}
