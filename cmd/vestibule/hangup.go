package main

import (
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// SIGHUP means two things to a server. The rules:
//
//   - A terminal that is closed sends it to the programs in it. They are expected to end: nobody
//     sees a server that goes on, and it keeps its port. So it stops as on SIGTERM.
//   - Otherwise it asks for a reload. That is all it can mean without a terminal from the start,
//     as under systemd and in containers.
//
// Other commands end with their terminal as always. nohup makes the signal ignored, and so it stays.

// reloads gets the signals that ask a server to read its files again. It holds one: a second one
// that comes before the first is read asks for the same.
var reloads = make(chan os.Signal, 1)

// lookAgain is when a server looks once more for its terminal. macOS and the BSDs send the signal
// first, and then take the terminal away.
const lookAgain = time.Second

// catchHangups keeps SIGHUP from ending a server at once, from its first moment to its last. stop
// makes it stop gracefully.
func catchHangups(args []string, stop func(os.Signal)) {
	if len(args) == 0 || !slices.Contains([]string{"serve", "bff", "api"}, args[0]) || signal.Ignored(syscall.SIGHUP) {
		return
	}
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGHUP)
	lost := terminalLost
	if openTerminal() != nil { // there is none to lose
		lost = func() bool { return false }
	}
	go handleHangups(received, reloads, lost, stop)
}

// handleHangups passes signals on to reload, until the terminal is lost.
func handleHangups(received <-chan os.Signal, reload chan<- os.Signal, lost func() bool, stop func(os.Signal)) {
	var again <-chan time.Time
	for {
		select {
		case <-received:
			again = time.After(lookAgain)
		case <-again:
			again = nil
		}
		if lost() {
			stop(syscall.SIGHUP) // once: the terminal and its shell may both send the signal
			return
		}
		if again != nil {
			select {
			case reload <- syscall.SIGHUP:
			default: // one is asked for already
			}
		}
	}
}

// terminalLost reports whether the process has no terminal any more.
func terminalLost() bool { return meansLost(openTerminal()) }

// meansLost reports whether an error of openTerminal means that there is no terminal. Another one,
// such as too many open files, does not: it must not end a server.
func meansLost(err error) bool {
	return errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.EIO)
}

// openTerminal returns why the terminal that controls the process cannot be opened, or nil.
func openTerminal() error {
	f, err := os.OpenFile("/dev/tty", os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	return f.Close()
}
