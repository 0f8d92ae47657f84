package db_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store"
)

// These variables make this test binary another process of the application.
const (
	processTask = "STORE_TEST_TASK"
	processURL  = "STORE_TEST_URL"
	processUser = "STORE_TEST_USER"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(processTask); task != "" {
		if err := process(task); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func process(task string) error {
	if task == "probe" {
		return probe(strings.TrimPrefix(os.Getenv(processURL), "sqlite:"))
	}
	ctx := context.Background()
	st, err := store.Open(ctx, os.Getenv(processURL))
	if err != nil {
		return err
	}
	s := storetest.On(st)
	defer s.Close()
	user := os.Getenv(processUser)
	task, argument, _ := strings.Cut(task, " ")
	switch task {
	case "migrate":
		return s.MigrateUp(ctx)
	case "lock":
		if _, err := s.LockMigrations(ctx); err != nil {
			return err
		}
		fmt.Println("locked")
		select {}
	case "hold": // hold the turn of writers until killed
		return s.Tx(ctx, "hold", func(*store.Tx) error {
			fmt.Println("held")
			select {}
		})
	case "create": // create tasks until killed
		for i := 0; ; i++ {
			t := newTask(user)
			t.Title = strconv.Itoa(i)
			if _, err := s.CreateTask(ctx, t); err != nil {
				return err
			}
			fmt.Println(t.Title)
		}
	case "delete": // delete a user until killed
		if argument == "" {
			if _, err := ending(ctx, s, func(tx *store.Tx) error { return tx.DeleteUser(user, event(store.EventUserDeleted)) }); err != nil {
				return err
			}
		}
		for {
			r, err := s.DeleteRemains(ctx, user)
			if err != nil {
				return err
			}
			fmt.Println(r.Rows)
		}
	case "toggle":
		id, err := strconv.ParseInt(argument, 10, 64)
		if err != nil {
			return err
		}
		for range toggles {
			if _, err := s.ToggleTask(ctx, user, id, nil, base()); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("unknown task %q", task)
}

func command(databaseURL, user, task string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), processTask+"="+task, processURL+"="+databaseURL, processUser+"="+user)
	return cmd
}

// startProcess runs a task until the test kills it, and returns its output.
func startProcess(t *testing.T, databaseURL, user, task string) (*os.Process, *bufio.Scanner) {
	t.Helper()
	cmd := command(databaseURL, user, task)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	})
	return cmd.Process, bufio.NewScanner(out)
}

// runProcesses runs the same task in several processes at once.
func runProcesses(t *testing.T, databaseURL, user, task string, n int) {
	t.Helper()
	results := make(chan error)
	for range n {
		go func() {
			out, err := command(databaseURL, user, task).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, out)
			}
			results <- err
		}()
	}
	for range n {
		if err := <-results; err != nil {
			t.Errorf("process: %v", err)
		}
	}
}
