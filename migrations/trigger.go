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
		f, err := Read(fsys, file)
		if err != nil {
			return "", err
		}
		for _, statement := range f.Up {
			if strings.HasPrefix(statement, head) {
				return strings.Join(strings.Fields(statement), " "), nil
			}
		}
	}
	return "", nil
}
