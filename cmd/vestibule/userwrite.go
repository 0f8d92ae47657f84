package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"vestibule/bff"
	"vestibule/bff/password"
	"vestibule/store"
)

// userCreate makes a user without asking anybody for a mail: the operator vouches.
func userCreate(ctx context.Context, p *program, c *config) error {
	email, ok := bff.NormalEmail(p.given.args[0])
	if !ok {
		return usageError("EMAIL " + strconv.Quote(p.given.args[0]) + " is no e-mail address; write it like ada@example.com")
	}
	return withData(ctx, c, func(db *store.Store) error {
		if free, err := db.AddressFree(ctx, email); err != nil {
			return err
		} else if !free {
			return refusal(email + " has an account; see vestibule user show " + email)
		}
		hash, err := p.newPassword(ctx, c)
		if err != nil {
			return err
		}
		u := bff.NewUser(email, p.given.options["name"], time.Now())
		u.EmailVerified = p.given.has("email-verified")
		err = db.CreateSignedOutUser(ctx, u, hash, store.Recorded(operatorEvent(store.EventSignUp)))
		switch {
		case errors.Is(err, store.ErrConflict):
			return refusal(email + " has an account; see vestibule user show " + email)
		case errors.Is(err, store.ErrInvalidText):
			return usageError("--name is not text; write it in UTF-8, without NUL")
		case err != nil:
			return err
		}
		p.note("%s is %s", u.Email, u.ID)
		out := p.output()
		out.row(toUserJSON(u))
		return out.close()
	})
}

func userSetPassword(ctx context.Context, p *program, c *config) error {
	return p.changeUser(ctx, c, func(db *store.Store, u store.User) error {
		hash, err := p.newPassword(ctx, c)
		if err != nil {
			return err
		}
		ended, err := db.SetPassword(ctx, u.ID, hash, time.Now(), operatorEvent(store.EventPasswordChanged))
		if err == nil {
			p.note("%s has a new password; %s", u.Email, endedSessions(len(ended)))
		}
		return err
	})
}

// newPassword asks for a password, or reads it from standard input where nobody is
// there to ask, and returns its hash. It is never an argument: other users of the
// machine see those.
func (p *program) newPassword(ctx context.Context, c *config) (string, error) {
	pw, err := p.readPassword()
	if err != nil {
		return "", err
	}
	hasher, err := password.New(password.Config{MinLength: c.bff.PasswordMinLength})
	if err != nil {
		return "", err
	}
	switch err := hasher.Check(pw); {
	case errors.Is(err, password.ErrTooShort):
		return "", refusal(fmt.Sprintf("the password is too short: use at least %d characters (PASSWORD_MIN_LENGTH)", c.bff.PasswordMinLength))
	case errors.Is(err, password.ErrTooLong):
		return "", refusal(fmt.Sprintf("the password is too long: use at most %d characters", password.MaxLength))
	case err != nil:
		return "", refusal("the password is not text: use UTF-8 without NUL")
	}
	return hasher.Hash(ctx, pw)
}

func (p *program) readPassword() (string, error) {
	f, terminal := p.terminal()
	if !terminal {
		// A line is enough for any password; who sends more has sent something else.
		line, err := bufio.NewReader(io.LimitReader(p.stdin, 4096)).ReadString('\n')
		if err != nil && err != io.EOF {
			return "", err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", refusal("no password was given: type it on a terminal, or send it to standard input as one line")
		}
		return line, nil
	}
	var typed [2]string
	for i, prompt := range []string{"New password: ", "Once more: "} {
		fmt.Fprint(p.stderr, prompt)
		text, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(p.stderr)
		if err != nil {
			return "", err
		}
		typed[i] = string(text)
	}
	if typed[0] != typed[1] {
		return "", refusal("the two passwords differ; nothing was changed")
	}
	return typed[0], nil
}

// terminal is standard input, if somebody sits before it.
func (p *program) terminal() (*os.File, bool) {
	f, ok := p.stdin.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

func userDelete(ctx context.Context, p *program, c *config) error {
	return withData(ctx, c, func(db *store.Store) error {
		u, err := findUser(ctx, db, p.given.args[0])
		if err != nil {
			return err
		}
		if !p.given.has("yes") {
			if err := p.confirm(u); err != nil {
				return err
			}
		}
		e := operatorEvent(store.EventUserDeleted)
		e.Email = u.Email
		ended, err := db.DeleteUser(ctx, u.ID, e)
		if err != nil {
			return err
		}
		p.note("%s is deleted; %s", u.Email, endedSessions(len(ended)))
		out := p.output()
		out.row(toUserJSON(u))
		return out.close()
	})
}

// confirm has the address typed, for there is no way back.
func (p *program) confirm(u store.User) error {
	if _, terminal := p.terminal(); !terminal {
		return refusal("user delete asks before it deletes, and nobody is there to answer: add --yes")
	}
	fmt.Fprintf(p.stderr, "This deletes %s (%s) and all their tasks for good. Type the address to go on: ", printable(u.Email), printable(u.Name))
	line, err := bufio.NewReader(p.stdin).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if strings.TrimSpace(line) != u.Email {
		return refusal("that is another address; nothing was deleted")
	}
	return nil
}
