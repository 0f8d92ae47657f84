package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"vestibule/bff/password"
	"vestibule/internal/settings"
)

// newPassword asks for the new password of the user email and returns its hash. If
// standard input is not a terminal, it reads the password from there. A password is
// never an argument, because other users of the machine can see arguments.
func (p *program) newPassword(ctx context.Context, c *settings.Settings, email string) (string, error) {
	pw, err := p.readPassword(ctx)
	if err != nil {
		return "", err
	}
	hasher, err := password.New(password.Config{MinLength: c.BFF.PasswordMinLength, AllowCommon: c.BFF.PasswordAllowCommon})
	if err != nil {
		return "", err
	}
	switch err := hasher.Check(pw, email); {
	case errors.Is(err, password.ErrTooShort):
		return "", refusal(fmt.Sprintf("the password is too short: use at least %d characters (PASSWORD_MIN_LENGTH)", c.BFF.PasswordMinLength))
	case errors.Is(err, password.ErrTooLong):
		return "", refusal(fmt.Sprintf("the password is too long: use at most %d characters", password.MaxLength))
	case errors.Is(err, password.ErrCommon):
		return "", refusal("the password is common, so attackers try it first: use another (PASSWORD_DENY_COMMON)")
	case errors.Is(err, password.ErrOwnName):
		return "", refusal("the password is the address or the name of the product: use another (PASSWORD_DENY_COMMON)")
	case errors.Is(err, password.ErrRepeated):
		return "", refusal("the password is one character, repeated: use another (PASSWORD_DENY_COMMON)")
	case errors.Is(err, password.ErrNotText):
		return "", refusal("the password is not valid text: use UTF-8 without NUL")
	case err != nil:
		return "", err
	}
	return hasher.Hash(ctx, password.Share{User: "operator"}, pw)
}

func (p *program) readPassword(ctx context.Context) (string, error) {
	f, terminal := p.terminal()
	if !terminal {
		line, err := p.readLine(ctx)
		if err == nil && line == "" {
			err = refusal("no password was given: type it on a terminal, or send it to standard input as one line")
		}
		return line, err
	}
	// If a signal stops the program here, the terminal must echo again. The read
	// continues after the signal and would not restore the terminal.
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(fd, before) }()
	var typed [2]string
	for i, prompt := range []string{"New password: ", "Once more: "} {
		fmt.Fprint(p.stderr, prompt)
		text, err := readUnlessCancelled(ctx, func() (string, error) {
			text, err := term.ReadPassword(fd)
			return string(text), err
		})
		fmt.Fprintln(p.stderr)
		if errors.Is(err, io.EOF) {
			return "", refusal("no password was given; nothing was changed")
		}
		if err != nil {
			return "", err
		}
		typed[i] = text
	}
	if typed[0] != typed[1] {
		return "", refusal("the two passwords differ; nothing was changed")
	}
	return typed[0], nil
}

// confirm asks the operator to type the address or name before a deletion, because a
// deletion cannot be undone.
func (p *program) confirm(ctx context.Context, command, what, kind, expected string) error {
	if _, terminal := p.terminal(); !terminal {
		return refusal(command + " asks for confirmation, but standard input is not a terminal: add --yes")
	}
	fmt.Fprintf(p.stderr, "This deletes %s permanently. Type the %s to continue: ", printable(what), kind)
	line, err := p.readLine(ctx)
	if err != nil {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(line), expected) {
		return refusal("the " + kind + " does not match; nothing was deleted")
	}
	return nil
}

// terminal returns standard input, and whether it is a terminal.
func (p *program) terminal() (*os.File, bool) {
	f, ok := p.stdin.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// maxLine is the maximum length of a line of input, in bytes. Every password and address
// is shorter.
const maxLine = 4096

// readLine reads one line of standard input, without the line break.
func (p *program) readLine(ctx context.Context) (string, error) {
	line, err := readUnlessCancelled(ctx, func() (string, error) {
		return bufio.NewReader(io.LimitReader(p.stdin, maxLine)).ReadString('\n')
	})
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}

// readUnlessCancelled returns the result of read, or an error as soon as ctx ends. A
// signal does not interrupt read itself.
func readUnlessCancelled(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
