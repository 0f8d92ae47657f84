package db_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
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

// probe reports whether another process has locked the file.
func probe(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		return err
	}
	fmt.Println(map[bool]string{true: "locked", false: "free"}[lock.Type != syscall.F_UNLCK])
	return nil
}

const toggles = 51 // by each process

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

func TestProcessesShareADatabaseFile(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, _ := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	runProcesses(t, d.URL, u.ID, fmt.Sprintf("toggle %d", task.ID), 3)
	if got, err := d.Task(t.Context(), u.ID, task.ID); err != nil || !got.Completed {
		t.Errorf("after 3 times %d toggles: got completed %t, error %v, want true", toggles, got.Completed, err)
	}
}

func TestAKilledProcessLosesNoAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			u, _ := signedUp(t, d)
			child, out := startProcess(t, d.URL, u.ID, "create")
			acknowledged := 0
			for acknowledged < 50 && out.Scan() {
				acknowledged++
			}
			if err := child.Kill(); err != nil {
				t.Fatal(err)
			}
			for out.Scan() { // its output before it was killed
				acknowledged++
			}
			var n int
			for task, err := range d.ListTasks(t.Context(), u.ID, tasks.Query{}) {
				if err != nil {
					t.Fatalf("list: %v", err)
				}
				if want := strconv.Itoa(n); task.Title != want {
					t.Fatalf("got task %s, want %s", task.Title, want)
				}
				n++
			}
			// One more may have been written without an acknowledgement.
			if acknowledged < 50 || n < acknowledged || n > acknowledged+1 {
				t.Errorf("acknowledged: %d, found: %d", acknowledged, n)
			}
		})
	}
}

func TestProcessesMigrateAtTheSameMoment(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			databaseURL, _ := v.New(t)
			runProcesses(t, databaseURL, "", "migrate", 3)
			if err := open(t, databaseURL).CheckMigrated(t.Context()); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestAMigrationWaitsForAnotherProcessUntilThatIsGone(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			databaseURL, _ := v.New(t)
			s := open(t, databaseURL)
			child, out := startProcess(t, databaseURL, "", "lock")
			if !out.Scan() || out.Text() != "locked" {
				t.Fatalf("the other process said %q", out.Text())
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if err := s.MigrateUp(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("beside another migration: got error %v, want %v", err, context.DeadlineExceeded)
			}
			wantError(t, "and nothing done", s.CheckMigrated(t.Context()), db.ErrBehind)
			if err := child.Kill(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel = context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if err := s.MigrateUp(ctx); err != nil {
				t.Errorf("after the other process was killed: %v", err)
			}
		})
	}
}

// TestAKilledMigrationOfTheTasksHasChangedNothing: it is killed after it has built its
// index, while it waits for a reader.
func TestAKilledMigrationOfTheTasksHasChangedNothing(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 1000)
	downTo(t, d, 15)
	raw := d.Raw(t)
	reader, err := raw.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(`SELECT 1 FROM tasks`); err != nil {
		t.Fatal(err)
	}
	child, _ := startProcess(t, d.URL, "", "migrate")
	waiting := func() (n int) {
		t.Helper()
		if err := raw.Get(&n, `SELECT count(*) FROM pg_locks WHERE relation = 'tasks'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted`); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for waiting() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if err := child.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "after the kill", d.CheckMigrated(t.Context()), db.ErrBehind)
	if err := d.MigrateUp(t.Context()); err != nil {
		t.Errorf("once more: %v", err)
	}
	if got := len(listed(t, d, u.ID)); got != 1000 {
		t.Errorf("got %d tasks, want all 1000", got)
	}
}
