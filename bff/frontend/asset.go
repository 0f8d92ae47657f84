package frontend

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync"
)

// maxHeld is the largest file that is kept in memory, in bytes. Larger ones, such as
// videos, are read for each answer.
const maxHeld = 4 << 20

// asset is one version of a file.
type asset struct {
	info   fs.FileInfo
	body   []byte // nil: the file is larger than maxHeld
	etag   string
	policy string // of a page: its Content-Security-Policy
	zipped func() *asset
}

// load reads f, whose bytes are in one of the codings: only a page as it is has
// scripts that can be read here.
func load(f fs.File, info fs.FileInfo, name string, policy func(html []byte) string) (*asset, error) {
	a := &asset{info: info}
	sum := sha256.New()
	if info.Size() > maxHeld {
		_, err := io.Copy(sum, f)
		a.etag = etag(sum)
		return a, err
	}
	body, err := io.ReadAll(io.LimitReader(f, maxHeld+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) != info.Size() {
		return nil, errChanging
	}
	a.body = body
	if isHTML(name) {
		a.policy = policy(body)
		// Browsers keep the policy of the answer that they have when they are
		// told that it has not changed (304), so it is part of what can change.
		sum.Write([]byte(a.policy))
	}
	sum.Write(body)
	a.etag = etag(sum)
	a.zipped = sync.OnceValue(func() *asset { return zip(a) })
	return a, nil
}

// errChanging is a file that was being written.
var errChanging = errors.New("the file changed while it was read")

func etag(sum hash.Hash) string {
	return `"` + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:16]) + `"`
}

// zip returns a compressed with gzip, or nil where that makes it no smaller.
func zip(a *asset) *asset {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(a.body)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil || out.Len() >= len(a.body) {
		return nil
	}
	return &asset{body: out.Bytes(), etag: a.etag[:len(a.etag)-1] + `-gzip"`}
}

// size is what a takes of the memory, in bytes, as if it had been compressed.
func (a *asset) size() int { return 2*len(a.body) + 1<<10 }

// is says whether a was read from the file that info is about. Embedded files have
// neither an identity nor a time, and never change.
func (a *asset) is(info fs.FileInfo) bool {
	return a.info.Size() == info.Size() && a.info.ModTime().Equal(info.ModTime()) &&
		(info.Sys() == nil || os.SameFile(a.info, info))
}
