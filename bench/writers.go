package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sharing is how long sign-ins take while other clients write to the same SQLite file.
type sharing struct {
	shape    string
	writers  int
	p50, p99 time.Duration
	tasks    float64 // created in a second
}

// sharingLength is the length of each measurement.
const sharingLength = 12 * time.Second

func measureSharing(ctx context.Context, s settings, dir string) (all []sharing, err error) {
	for _, writers := range []int{8, 32} {
		for _, shape := range []string{"serve", "split"} {
			one, err := measureWriters(ctx, s, filepath.Join(dir, fmt.Sprint(shape, writers)), shape, writers)
			if err != nil {
				return nil, fmt.Errorf("%s, %d writers: %w", shape, writers, err)
			}
			progress("%d writers, %s: sign-in %.0f / %.0f ms, %.0f tasks/s", writers, shape, ms(one.p50), ms(one.p99), one.tasks)
			all = append(all, one)
		}
	}
	return all, nil
}

func measureWriters(ctx context.Context, s settings, dir, shape string, writers int) (sharing, error) {
	site, err := newSite(s, dir, shape)
	if err != nil {
		return sharing{}, err
	}
	defer site.stop()
	if err := site.start(ctx); err != nil {
		return sharing{}, err
	}
	_, user, err := site.signUp(ctx)
	if err != nil {
		return sharing{}, err
	}
	token, err := bearerOf(user)
	if err != nil {
		return sharing{}, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: writers}}
	writing, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	var created atomic.Int64
	failed := make(chan error, writers)
	for range writers {
		wg.Go(func() {
			for writing.Err() == nil {
				err := post(writing, client, "http://"+site.api+"/api/me/tasks", "Bearer "+token, `{"title":"Water the plants"}`)
				if err == nil {
					created.Add(1)
				} else if writing.Err() == nil {
					failed <- err
					return
				}
			}
		})
	}
	var took []time.Duration
	begin := time.Now()
	for err == nil && time.Since(begin) < sharingLength {
		start := time.Now()
		err = post(ctx, client, "http://"+site.bff+"/api/auth/login", "", `{"email":"bench@example.com","password":"paper-lantern-42"}`)
		took = append(took, time.Since(start))
	}
	rate := float64(created.Load()) / time.Since(begin).Seconds()
	stop()
	wg.Wait()
	select {
	case err = <-failed:
	default:
	}
	if err != nil {
		return sharing{}, err
	}
	slices.Sort(took)
	return sharing{shape, writers, took[len(took)/2], took[len(took)*99/100], rate}, nil
}

// post sends a JSON body. A status of 400 or above is an error.
func post(ctx context.Context, client *http.Client, url, authorization, body string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answered %s", url, res.Status)
	}
	return nil
}

// shapeNames are the names of shapes in tables.
var shapeNames = map[string]string{"serve": "Vestibule, `serve`", "split": "Vestibule, `bff` and `api`"}

// sharingReport returns the report's section about one SQLite file.
func sharingReport(all []sharing) string {
	var b strings.Builder
	fmt.Fprintf(&b, `Sign-ins, one after the other, while other clients create tasks in the same file, for %v each. Writers of two processes wait in one queue, as the writers of one process do.

| writers | | sign-in: p50 / p99 | tasks/s |
|---|---|---|---|
`, sharingLength)
	for _, s := range all {
		fmt.Fprintf(&b, "| %d | %s | %.0f / %.0f ms | %.0f |\n", s.writers, shapeNames[s.shape], ms(s.p50), ms(s.p99), s.tasks)
	}
	return b.String()
}
