package migrations

import (
	"io/fs"
	"slices"
	"strings"
)

// CreateTrigger returns the statement of fsys that creates a trigger, in one line, or "" if
// there is none.
func CreateTrigger(fsys fs.FS, name string) (string, error) {
	return find(fsys, "CREATE TRIGGER "+name+" ")
}

// CreateFunction is CreateTrigger for a function without parameters.
func CreateFunction(fsys fs.FS, name string) (string, error) {
	return find(fsys, "CREATE FUNCTION "+name+"() ")
}

// find returns the latest statement with this head, in one line, or "".
func find(fsys fs.FS, head string) (string, error) {
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
		before, rest, found := strings.Cut(up, head)
		if !found {
			continue
		}
		end := ";\n"
		if strings.HasSuffix(before, "-- +goose StatementBegin\n") { // it has statements inside
			end = ";\n-- +goose StatementEnd"
		}
		rest, _, _ = strings.Cut(rest, end)
		return head + strings.Join(strings.Fields(rest), " ") + ";", nil
	}
	return "", nil
}
