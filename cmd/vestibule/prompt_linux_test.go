package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vestibule/internal/testlog"
	"vestibule/internal/waittest"
)

// terminal is a pseudo-terminal: the keyboard and the screen of a program.
type terminal struct {
	*testing.T
	keyboard *os.File
	line     *os.File // the program's end
	screen   testlog.Buffer
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := keyboard.SyscallConn() // with Fd, Close would wait for a read
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if errRaw := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	}); errRaw != nil || err != nil {
		t.Fatal(errRaw, err)
	}
	line, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{T: t, keyboard: keyboard, line: line}
	go func() { _, _ = io.Copy(&term.screen, keyboard) }()
	t.Cleanup(func() {
		_ = line.Close()
		_ = keyboard.Close()
	})
	return term
}

// hangUp closes the terminal, as its window does.
func (t *terminal) hangUp() {
	t.Helper()
	if err := t.keyboard.Close(); err != nil {
		t.Fatal(err)
	}
}

// echoes reports whether the terminal shows what is typed.
func (t *terminal) echoes() bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(t.line.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func (t *terminal) enter(text string) {
	t.Helper()
	if _, err := io.WriteString(t.keyboard, text+"\n"); err != nil {
		t.Fatal(err)
	}
}

// session is a command that runs in the terminal.
type session struct {
	*terminal
	stop func()
	code chan int
}

func (t *terminal) run(c *console, args ...string) *session {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s := &session{terminal: t, stop: cancel, code: make(chan int, 1)}
	go func() { s.code <- run(ctx, args, c.env, t.line, t.line, t.line) }()
	return s
}

// hidden enters text after the terminal has stopped to echo.
func (s *session) hidden(prompt, text string) {
	s.Helper()
	s.screen.Want(s, prompt)
	waittest.Until(s.T, "without echo", func() bool { return !s.echoes() })
	s.enter(text)
}

func (s *session) want(code int, text string) {
	s.Helper()
	if got := waittest.Receive(s.T, "end of the command", s.code); got != code {
		s.Errorf("got code %d, want %d:\n%s", got, code, s.screen.String())
	}
	s.screen.Want(s, text)
	if !s.echoes() {
		s.Error("the terminal does not echo after the command")
	}
}

func TestAPasswordIsTypedTwiceAndNotShown(t *testing.T) {
	onConsole(t, func(c *console) {
		c.create("ada@example.com")
		for _, tt := range []struct {
			name, first, second string
			code                int
			want                string
		}{
			{"the same twice", "correct horse", "correct horse", 0, "has a new password"},
			{"two different ones", "correct horse", "correct house", 1, "differ"},
			{"too short", "horse", "horse", 1, "PASSWORD_MIN_LENGTH"},
		} {
			c.Run(tt.name, func(t *testing.T) {
				s := newTerminal(t).run(c, "user", "set-password", "ada@example.com")
				s.hidden("New password: ", tt.first)
				s.hidden("Once more: ", tt.second)
				s.want(tt.code, tt.want)
				if strings.Contains(s.screen.String(), "horse") {
					t.Errorf("the screen shows the password:\n%s", s.screen.String())
				}
			})
		}
	})
}

func TestACancelledPromptRestoresTheTerminal(t *testing.T) {
	onConsole(t, func(c *console) {
		c.create("ada@example.com")
		s := newTerminal(c.T).run(c, "user", "set-password", "ada@example.com")
		s.screen.Want(s, "New password: ")
		waittest.Until(s.T, "without echo", func() bool { return !s.echoes() })
		s.stop()
		s.want(1, "interrupted")
		s.enter("") // ends the read; in a real process it would end with the process

		s = newTerminal(c.T).run(c, "user", "delete", "ada@example.com")
		s.screen.Want(s, "Type the address")
		s.stop()
		s.want(1, "interrupted")
		c.do("", 0, "user", "show", "ada@example.com")
	})
}

func TestADeletionIsConfirmedWithTheAddress(t *testing.T) {
	onConsole(t, func(c *console) {
		c.do("paper-lantern-42\n", 0, "user", "create", "ada@example.com", "--name", "Ada\x1b[2J")
		for _, answer := range []string{"yes", "", "bob@example.com"} {
			s := newTerminal(c.T).run(c, "user", "delete", "ada@example.com")
			s.screen.Want(s, "Type the address")
			s.enter(answer)
			s.want(1, "nothing was deleted")
			if strings.Contains(s.screen.String(), "\x1b") {
				c.Errorf("got %q, want no control characters on the screen", s.screen.String())
			}
		}
		s := newTerminal(c.T).run(c, "user", "delete", "ada@example.com")
		s.screen.Want(s, "Type the address")
		s.enter("Ada@Example.com ")
		s.want(0, "ada@example.com is deleted")
		c.do("", 1, "user", "show", "ada@example.com")

		c.do("", 0, "client", "create", "reports")
		s = newTerminal(c.T).run(c, "client", "delete", "reports")
		s.screen.Want(s, "Type the name")
		s.enter("yes")
		s.want(1, "the name does not match; nothing was deleted")
		s = newTerminal(c.T).run(c, "client", "delete", "reports")
		s.screen.Want(s, "Type the name")
		s.enter("reports")
		s.want(0, "reports is deleted")
	})
}
