package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// file is a file of an archive.
type file struct {
	name string // with slashes
	mode fs.FileMode
	data []byte
}

// contents returns the files of an archive, in order.
func contents(binary string, s stamp) ([]file, error) {
	program, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	files := []file{{filepath.Base(binary), 0o755, program}}
	for _, pattern := range []string{
		"README.md", "CHANGELOG.md", "SECURITY.md", "docs/*.md", "docs/monitoring/*",
		"packaging/vestibule.1", "packaging/vestibule.service", "packaging/completions/*",
	} {
		found, err := filepath.Glob(pattern) // sorted
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("there is no %s", pattern)
		}
		for _, name := range found {
			data, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			if path.Ext(name) == ".1" {
				data = dated(data, s)
			}
			files = append(files, file{strings.TrimPrefix(filepath.ToSlash(name), "packaging/"), 0o644, data})
		}
	}
	return files, nil
}

// dated adds the date and the version to the manual.
func dated(page []byte, s stamp) []byte {
	const head = "\n.TH VESTIBULE 1"
	return bytes.Replace(page, []byte(head), fmt.Appendf(nil, "%s %s \"vestibule %s\"", head, s.time.UTC().Format("2006-01-02"), s.version), 1)
}
