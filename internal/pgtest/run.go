//go:build unix

package pgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Run starts a separate server for a program that is no test, such as bench. It is on the
// disk. options are those of NewServer. Close must end it.
func Run(options ...string) (*Server, error) { return newServer(newFolder, options...) }

// Close ends the server and removes its folder.
func (s *Server) Close() { s.close() }

// Create creates a database and returns its URL.
func (s *Server) Create() (string, error) {
	name := fmt.Sprintf("created%d", s.count.Add(1))
	if _, err := s.admin.Exec("CREATE DATABASE " + name); err != nil {
		return "", fmt.Errorf("create database: %w", err)
	}
	return s.url(name), nil
}

// Pid returns the server's first process. All others are its children.
func (s *Server) Pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(first)
}
