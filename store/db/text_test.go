package db_test

import (
	"testing"

	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

func textCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"text of any script comes back as it was":             unicodeCase,
		"text that one engine cannot hold is refused by both": refusedTextCase,
	}
}

func unicodeCase(t *testing.T, d *database) {
	for name, text := range map[string]string{
		"255 emoji":           repeat("🎉", 255),
		"a family of 7":       repeat("👨‍👩‍👧‍👦", 7),
		"right to left":       "مرحبا \u200fעולם",
		"combining marks":     "e\u0301 is not \u00e9",
		"beyond the BMP":      "𝕏𐍈🀄",
		"noncharacters":       "\uFFFE\uFFFF",
		"a byte order mark":   "\uFEFFtext",
		"control characters":  "tab\tline\nreturn\rescape\x1bdelete\x7f",
		"SQL":                 `'; DROP TABLE tasks; -- ? $1 :name \ "`,
		"a replacement mark":  "\uFFFD",
		"percent and newline": "100%\r\n%s",
	} {
		u, _ := signedUp(t, d)
		task := newTask(u.ID)
		task.Title, task.Description = text, new(repeat("𝄞", 9_700)+text)
		got, err := d.Task(t.Context(), u.ID, created(t, d, task).ID)
		if err != nil || got.Title != text || *got.Description != *task.Description {
			t.Errorf("%s: got title %q, error %v, want %q", name, got.Title, err, text)
		}
	}
}

func refusedTextCase(t *testing.T, d *database) {
	ctx := t.Context()
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	for name, bad := range map[string]string{
		"NUL":           "a\x00b",
		"only NUL":      "\x00",
		"not UTF-8":     "a\xffb",
		"half a rune":   "a\xf0\x9f",
		"a surrogate":   "\xed\xa0\x80",
		"overlong form": "\xc0\x80",
	} {
		attempts := map[string]func() error{
			"CreateUser": func() error {
				v := newUser()
				v.Name = bad
				return signUp(ctx, d, v, "hash", newSession(v.ID))
			},
			"CreateUser, picture": func() error {
				v := newUser()
				v.Image = &bad
				return signUp(ctx, d, v, "hash", newSession(v.ID))
			},
			"CreateUser, replaces": func() error {
				v := newUser()
				return signUp(ctx, d, v, "hash", newSession(v.ID), bad)
			},
			"CredentialByEmail":   func() error { _, _, err := d.CredentialByEmail(ctx, bad); return err },
			"ReplacePasswordHash": func() error { return d.ReplacePasswordHash(ctx, u.ID, "hash of "+u.ID, bad, base()) },
			"StartSession": func() error {
				s := newSession(u.ID)
				s.UserAgent = bad
				return d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.StartSession(s, session.TokenHash) })
			},
			"SessionByTokenHash": func() error { _, _, err := d.SessionByTokenHash(ctx, bad); return err },
			"ExtendSession":      func() error { _, err := d.ExtendSession(ctx, bad, base(), base(), base()); return err },
			"MarkCookieSent":     func() error { return d.MarkCookieSent(ctx, bad, base()) },
			"EndSession":         func() error { return d.EndSession(ctx, bad) },
			"LiveSessions":       func() error { _, err := d.LiveSessions(ctx, []string{newHash(), bad}, base()); return err },
			"CreateTask": func() error {
				v := newTask(u.ID)
				v.Title = bad
				_, err := d.CreateTask(ctx, v)
				return err
			},
			"CreateTask, description": func() error {
				v := newTask(u.ID)
				v.Description = &bad
				_, err := d.CreateTask(ctx, v)
				return err
			},
			"Task": func() error { _, err := d.Task(ctx, bad, task.ID); return err },
			"ListTasks": func() error {
				for _, err := range d.ListTasks(ctx, bad, tasks.Query{}) {
					return err
				}
				return nil
			},
			"UpdateTask": func() error {
				_, err := d.UpdateTask(ctx, u.ID, task.ID, tasks.Change{Title: &bad}, nil, base())
				return err
			},
			"UpdateTask, description": func() error {
				_, err := d.UpdateTask(ctx, u.ID, task.ID, tasks.Change{Description: new(&bad)}, nil, base())
				return err
			},
			"ToggleTask": func() error { _, err := d.ToggleTask(ctx, bad, task.ID, nil, base()); return err },
			"DeleteTask": func() error { return d.DeleteTask(ctx, bad, task.ID, nil, base()) },
			"AddKey": func() error {
				k := newKey("key_")
				k.PublicKey = bad
				return d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.AddKey(k) })
			},
		}
		for method, attempt := range attempts {
			wantError(t, method+" with "+name, attempt(), db.ErrInvalidText)
		}
	}
	if got, err := d.Task(ctx, u.ID, task.ID); err != nil || got.Title != task.Title {
		t.Errorf("the task: got title %q, error %v, want it unchanged", got.Title, err)
	}
	if !exists(t, d, session.TokenHash) {
		t.Error("the session has ended")
	}
}
