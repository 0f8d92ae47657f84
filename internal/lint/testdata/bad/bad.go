// Package bad has one mistake for each analyzer.
package bad

import (
	"crypto/md5"
	"database/sql"
	"io"
	"net/http"
)

func Get() int {
	res, err := http.Get("http://localhost")
	if err != nil {
		return 0
	}
	return res.StatusCode
}

// Rows is recieved.
func Rows(db *sql.DB) bool {
	rows, err := db.Query("SELECT 1")
	if err != nil {
		return false
	}
	return rows.Next()
}

func ended(err error) bool { return err == io.EOF }

func sum(len int) any { _ = len; return md5.New() }

//lint:ignore errorlint there is no error here
func reason() {}
