package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"vestibule/internal/web"
)

// FuzzTaskBody: every accepted body can be stored on both databases.
func FuzzTaskBody(f *testing.F) {
	f.Add([]byte(`{"title":" a ","description":null,"completed":true,"id":1}`))
	f.Add([]byte(`{"title":"\u0000","x":1}`))
	f.Add([]byte(`{"title":"a","title":"b"}`))
	f.Add([]byte(`{"description":"\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		object, err := web.ParseObject(body)
		if err != nil {
			return
		}
		task, err := newTask(object)
		if err != nil {
			if len(web.AsError(err).Fields) == 0 {
				t.Errorf("got %v, want an error that names a field", err)
			}
			return
		}
		if n := utf8.RuneCountInString(task.Title); n < 1 || n > maxTitle || strings.TrimSpace(task.Title) != task.Title {
			t.Errorf("title: got %q, want 1 to %d code points, trimmed", task.Title, maxTitle)
		}
		texts := []string{task.Title}
		if task.Description != nil {
			texts = append(texts, *task.Description)
			if n := utf8.RuneCountInString(*task.Description); n > maxDescription {
				t.Errorf("description: got %d code points, want at most %d", n, maxDescription)
			}
		}
		for _, text := range texts {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				t.Errorf("got %q, want text that a database takes", text)
			}
		}
		var sent map[string]json.RawMessage
		if err := json.Unmarshal(body, &sent); err != nil {
			t.Fatalf("accepted %q, which is no JSON to another parser: %v", body, err)
		}
		known := append(jsonNames(reflect.TypeFor[chosenJSON]()), readOnly...)
		for name := range sent {
			if !slices.Contains(known, name) {
				t.Errorf("accepted the unknown field %q", name)
			}
		}
	})
}
