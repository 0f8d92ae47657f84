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

// maxCachedFile is the largest file that is cached, in bytes. Larger ones, such as videos,
// are read for each answer.
const maxCachedFile = 4 << 20

// asset is one version of a file.
type asset struct {
	info   fs.FileInfo
	body   []byte // nil: the file is larger than maxCachedFile
	etag   string
	policy string // the Content-Security-Policy of a page
	zipped func() *asset
}

// load reads f, which may be compressed. Only for an uncompressed page can it find the
// scripts for the policy.
func load(f fs.File, info fs.FileInfo, name string, policy func(html []byte) string) (*asset, error) {
	a := &asset{info: info}
	sum := sha256.New()
	if info.Size() > maxCachedFile {
		_, err := io.Copy(sum, f)
		a.etag = etag(sum)
		return a, err
	}
	body, err := io.ReadAll(io.LimitReader(f, maxCachedFile+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) != info.Size() {
		return nil, errChanging
	}
	a.body = body
	if isHTML(name) {
		a.policy = policy(body)
		// After a 304, browsers keep the policy of the answer that they have stored. So the
		// ETag must change when the policy changes.
		sum.Write([]byte(a.policy))
	}
	sum.Write(body)
	a.etag = etag(sum)
	a.zipped = sync.OnceValue(func() *asset { return zip(a) })
	return a, nil
}

// errChanging is returned for a file that was written while it was read.
var errChanging = errors.New("the file changed while it was read")

func etag(sum hash.Hash) string {
	return `"` + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:16]) + `"`
}

// zip returns a compressed with gzip, or nil if that does not make it smaller.
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

// size is the memory that a takes, in bytes, including a compressed form.
func (a *asset) size() int { return 2*len(a.body) + 1<<10 }

// matches reports whether a was read from the file that info describes. Embedded files
// have no identity and no time, and never change.
func (a *asset) matches(info fs.FileInfo) bool {
	return a.info.Size() == info.Size() && a.info.ModTime().Equal(info.ModTime()) &&
		(info.Sys() == nil || os.SameFile(a.info, info))
}
