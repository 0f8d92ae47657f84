package migrations

import (
	"io/fs"
	"slices"
	"strings"
)

// CreateTrigger returns the statement of fsys that creates a trigger, in one line, or "" if
// there is none.
func CreateTrigger(fsys fs.FS, name string) (string, error) {
	files, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return "", err
	}
	for _, file := range slices.Backward(files) {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return "", err
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		before, rest, found := strings.Cut(up, "CREATE TRIGGER "+name+" ")
		if !found {
			continue
		}
		end := ";\n"
		if strings.HasSuffix(before, "-- +goose StatementBegin\n") { // it has statements inside
			end = ";\n-- +goose StatementEnd"
		}
		rest, _, _ = strings.Cut(rest, end)
		return "CREATE TRIGGER " + name + " " + strings.Join(strings.Fields(rest), " ") + ";", nil
	}
	return "", nil
}
