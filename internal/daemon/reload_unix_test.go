//go:build unix

package daemon

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

// TestMistakesOfAReloadAreToldApart: a cure and the next mistake would read as one sentence.
func TestMistakesOfAReloadAreToldApart(t *testing.T) {
	t.Parallel()
	got := refusal(settings.Faults{{Setting: "A", Problem: "is\nx", Cure: "write y"}, {Setting: "B", Problem: "is z", Cure: "remove it"}})
	if text := fmt.Sprint(got); text != "[setting=A error=A is x; write y | B is z; remove it cure=write y mistakes=2]" {
		t.Errorf("got %s", text)
	}
}

// TestAReloadThatHangsIsLogged: the file has become a pipe, from which nothing can be read yet.
func TestAReloadThatHangsIsLogged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(goodSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, settings.ForServe, settings.Environment{"BETTER_AUTH_SECRET_FILE": path})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	r := newReloader(c, nil, prometheus.NewRegistry(), slog.New(slog.NewTextHandler(log, nil)))
	r.patience = time.Millisecond
	ended := make(chan struct{})
	go func() { defer close(ended); r.once(t.Context()) }()
	log.Want(t, "a reload still reads its files")
	w, err := os.OpenFile(path, os.O_WRONLY, 0) // returns when the reload reads
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString(goodSecret); err != nil {
		t.Fatal(err)
	}
	w.Close()
	waittest.Receive(t, "the end of the reload", ended)
	log.Want(t, "reload: no file has changed")
}
