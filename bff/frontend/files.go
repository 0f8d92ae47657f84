package frontend

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"syscall"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// files reads and caches the files of an app. A deploy can replace them at any time.
type files struct {
	// open returns the folder and a function that closes it. Each request opens the
	// folder again, so it sees the current one, even after a rename or after a symbolic
	// link has changed. Within a request, all forms of a file come from the same folder.
	open   func() (fs.FS, func(), error)
	policy func(html []byte) string

	mu    sync.Mutex
	cache *simplelru.LRU[string, *asset]
	free  int // bytes of maxCache that are not used
}

// maxCache bounds the memory of all cached files, in bytes.
const maxCache = 64 << 20

func newFiles(open func() (fs.FS, func(), error), policy func([]byte) string) (*files, error) {
	s := &files{open: open, policy: policy, free: maxCache}
	var err error
	s.cache, err = simplelru.NewLRU(maxCache>>10, func(_ string, a *asset) { s.free += a.size() })
	return s, err
}

// errMissing is returned if there is no file with the name.
var errMissing = errors.New("there is no such file")

// stat finds a regular file.
func stat(folder fs.FS, name string) (fs.FileInfo, error) {
	// Check before opening: opening a named pipe would block.
	info, err := fs.Stat(folder, name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, fs.ErrInvalid):
		return nil, errMissing
	case err != nil:
		return nil, err // a link out of the folder, or a file without read permission
	case info.IsDir():
		return nil, errMissing
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", name)
	}
	return info, nil
}

// get returns the asset of a file. If the file is too large for the cache, get also returns
// the open file, and the caller closes it.
func (s *files) get(folder fs.FS, name string) (*asset, fs.File, error) {
	info, err := stat(folder, name)
	if err != nil {
		return nil, nil, err
	}
	a := s.cached(name, info)
	if a != nil && a.body != nil {
		return a, nil, nil
	}
	f, err := folder.Open(name)
	if err != nil {
		return nil, nil, err
	}
	if a == nil {
		if info, err = f.Stat(); err == nil {
			a, err = load(f, info, name, s.policy)
		}
		if err != nil {
			_ = f.Close()
			return nil, nil, err
		}
		s.store(name, a)
	}
	if a.body != nil {
		return a, nil, f.Close()
	}
	return a, f, nil
}

// cached returns the cached asset of a file, or nil if there is none or the file has
// changed. A page on disk is always read again. It is small, and a reproducible build may
// write a page of the same size with the same time when only the hashes of its scripts have
// changed.
func (s *files) cached(name string, info fs.FileInfo) *asset {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.cache.Get(name)
	if !ok || !a.matches(info) || info.Sys() != nil && isHTML(strings.TrimSuffix(strings.TrimSuffix(name, ".br"), ".gz")) {
		return nil
	}
	return a
}

func (s *files) store(name string, a *asset) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache.Remove(name)
	s.cache.Add(name, a)
	s.free -= a.size()
	for s.free < 0 {
		s.cache.RemoveOldest()
	}
}

// variant is a file in one of its codings.
type variant struct {
	coding  string // for Content-Encoding; "" is the uncompressed file
	etag    string
	policy  string
	content io.ReadSeeker
	size    int64
	close   func() error
}

// choose returns the best form of a file for a client: a compressed file of the build, else,
// for text, one that is compressed here.
func (s *files) choose(folder fs.FS, name string, wanted []coding) (*variant, error) {
	plain, file, err := s.get(folder, name)
	if err != nil {
		return nil, err
	}
	for _, c := range wanted {
		if c.name == "" {
			break
		}
		if beside, f, err := s.get(folder, name+c.suffix); err == nil {
			closeFile(file)
			v := newVariant(beside, f)
			v.coding, v.policy = c.name, plain.policy
			// Each form needs a different ETag (RFC 9110 §8.8.3.3). The ETag of the
			// plain form is a part of it because for a page it covers the policy.
			v.etag = strings.TrimSuffix(plain.etag, `"`) + "-" + strings.TrimPrefix(beside.etag, `"`)
			return v, nil
		}
		if c.name == "gzip" && kindOf(name).text && plain.zipped != nil {
			if zipped := plain.zipped(); zipped != nil {
				v := newVariant(zipped, nil)
				v.coding, v.policy = c.name, plain.policy
				return v, nil
			}
		}
	}
	return newVariant(plain, file), nil
}

// newVariant returns the variant of an asset. If the asset has no body, f is its file.
func newVariant(a *asset, f fs.File) *variant {
	v := &variant{etag: a.etag, policy: a.policy, close: func() error { return nil }}
	if f == nil {
		v.content, v.size = bytes.NewReader(a.body), int64(len(a.body))
		return v
	}
	v.content, v.size, v.close = f.(io.ReadSeeker), a.info.Size(), f.Close // files on disk can seek, and embedded ones are always cached
	return v
}

func closeFile(f fs.File) {
	if f != nil {
		_ = f.Close()
	}
}
