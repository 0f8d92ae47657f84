package main

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestibule/internal/settings"
	"vestibule/internal/web"
	"vestibule/store"
)

// eventJSON is an event in JSON output.
type eventJSON struct {
	ID        int64    `json:"id"`
	At        web.Time `json:"at"`
	Event     string   `json:"event"`
	Actor     string   `json:"actor"`
	UserID    *string  `json:"userId"`
	SessionID *string  `json:"sessionId"`
	ClientID  *string  `json:"clientId"`
	Email     *string  `json:"email"`
	IPAddress *string  `json:"ipAddress"`
	UserAgent *string  `json:"userAgent"`
	RequestID *string  `json:"requestId"`
	Detail    *string  `json:"detail"`
}

func toEventJSON(e store.Event) eventJSON {
	orNull := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	return eventJSON{
		ID: e.ID, At: web.Time(e.At), Event: e.Type, Actor: e.Actor, UserID: orNull(e.UserID), SessionID: orNull(e.SessionID), ClientID: orNull(e.ClientID), Email: orNull(e.Email),
		IPAddress: orNull(e.IPAddress), UserAgent: orNull(e.UserAgent), RequestID: orNull(e.RequestID), Detail: orNull(e.Detail),
	}
}

// defaultEvents is the default of --limit.
const defaultEvents = 100

func audit(ctx context.Context, p *program, c *settings.Settings) error {
	filter, limit, err := p.eventFilter(time.Now())
	if err != nil {
		return err
	}
	return p.withData(ctx, c, func(db *store.Store) error {
		if idOrEmail := p.given.options["user"]; idOrEmail != "" {
			if filter.UserID, err = userIDOf(ctx, db, idOrEmail); err != nil {
				return err
			}
		}
		if idOrName := p.given.options["client"]; idOrName != "" {
			if filter.ClientID, err = clientIDOf(ctx, db, idOrName); err != nil {
				return err
			}
		}
		out := p.output("TIME", "EVENT", "USER", "EMAIL", "SESSION", "SERVICE", "CLIENT", "REQUEST", "DETAIL", "DEVICE")
		const page = 500
		for left := limit; ; {
			events, err := db.Events(ctx, filter, min(page, left))
			if err != nil {
				return err
			}
			for _, e := range events {
				out.row(toEventJSON(e), formatTime(e.At), e.Type, e.UserID, e.Email, e.SessionID, e.ClientID, e.IPAddress, e.RequestID, e.Detail, e.UserAgent)
				filter.Before = e.ID
			}
			if left -= len(events); len(events) < page || left == 0 || out.failed() {
				return out.close()
			}
		}
	})
}

// userIDOf returns the id of a user. It finds the id of a deleted user in the event of the
// deletion.
func userIDOf(ctx context.Context, db *store.Store, idOrEmail string) (string, error) {
	if !strings.Contains(idOrEmail, "@") {
		return idOrEmail, nil // an id; its user may be deleted
	}
	u, err := findUser(ctx, db, idOrEmail)
	var unknown refusal
	if !errors.As(err, &unknown) {
		return u.ID, err
	}
	deleted, err := db.Events(ctx, store.EventFilter{Type: store.EventUserDeleted, Email: strings.ToLower(strings.TrimSpace(idOrEmail))}, 1)
	switch {
	case err != nil:
		return "", err
	case len(deleted) == 0:
		return "", unknown
	}
	return deleted[0].UserID, nil
}

// eventFilter reads the options of vestibule audit.
func (p *program) eventFilter(now time.Time) (f store.EventFilter, limit int, err error) {
	o := p.given.options
	f = store.EventFilter{Type: o["event"], Email: strings.ToLower(strings.TrimSpace(o["email"])), SessionID: o["session"], RequestID: o["request-id"]}
	if text := o["ip"]; text != "" {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return f, 0, usageError("--ip=" + settings.Show(text) + " is not an IP address; use an address like 192.0.2.7 or 2001:db8::1")
		}
		f.IPAddress = ip.Unmap().String()
	}
	if f.Type != "" && !slices.Contains(store.Events[:], f.Type) {
		return f, 0, usageError("--event=" + settings.Show(f.Type) + " is unknown; use " + strings.Join(store.Events[:], ", "))
	}
	for name, at := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if *at, err = parseTime(o[name], now); err != nil {
			return f, 0, usageError("--" + name + "=" + settings.Show(o[name]) + " is not a time; use a duration like 24h, a date like 2026-03-01 or a time like 2026-03-01T10:00:00Z")
		}
	}
	limit = defaultEvents
	if text := o["limit"]; text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 0 {
			return f, 0, usageError("--limit=" + settings.Show(text) + " is not a number; use a number of events, or 0 for all")
		}
	}
	if limit == 0 {
		limit = math.MaxInt
	}
	return f, limit, nil
}

// parseTime reads a time, or a duration before now. Dates are in UTC, like all times in
// the output.
func parseTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		at, err = time.Parse(time.RFC3339, text)
	}
	if year := at.UTC().Year(); err == nil && (year < 1 || year > 9999) {
		return at, errYear
	}
	return at, err
}

// errYear refuses years that the databases cannot compare.
var errYear = errors.New("not a year of four digits")
