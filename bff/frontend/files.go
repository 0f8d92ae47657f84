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

// files are the files of an app, as they are now: a deploy replaces them without
// telling anybody.
type files struct {
	// open gives the folder and frees it. A folder that is opened anew for each
	// request is the one that its name means now, also after it was renamed away
	// or a symbolic link was turned; and all forms of a file come from one.
	open   func() (fs.FS, func(), error)
	policy func(html []byte) string

	mu   sync.Mutex
	held *simplelru.LRU[string, *asset]
	room int // bytes of maxMemory that are free
}

// maxMemory bounds what is kept of all files, in bytes.
const maxMemory = 64 << 20

func newFiles(open func() (fs.FS, func(), error), policy func([]byte) string) (*files, error) {
	s := &files{open: open, policy: policy, room: maxMemory}
	var err error
	s.held, err = simplelru.NewLRU(maxMemory>>10, func(_ string, a *asset) { s.room += a.size() })
	return s, err
}

// errMissing is a name that no file has.
var errMissing = errors.New("there is no such file")

// stat finds a file.
func stat(folder fs.FS, name string) (fs.FileInfo, error) {
	// Before it is opened: a named pipe would wait for its other end.
	info, err := fs.Stat(folder, name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, fs.ErrInvalid):
		return nil, errMissing
	case err != nil:
		return nil, err // a link that leads out, or a file that may not be read
	case info.IsDir():
		return nil, errMissing
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", name)
	}
	return info, nil
}

// get returns the asset of a file, and the file itself where it is too large to be
// held; the caller closes that.
func (s *files) get(folder fs.FS, name string) (*asset, fs.File, error) {
	info, err := stat(folder, name)
	if err != nil {
		return nil, nil, err
	}
	a := s.known(name, info)
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
		s.keep(name, a)
	}
	if a.body != nil {
		return a, nil, f.Close()
	}
	return a, f, nil
}

// known returns what is held of a file, if that is still what it is. A page is
// always read: it is small, and a build that sets all times to one second writes
// the same number of bytes when only the hashes of its scripts have changed.
func (s *files) known(name string, info fs.FileInfo) *asset {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.held.Get(name)
	if !ok || !a.is(info) || info.Sys() != nil && isHTML(strings.TrimSuffix(strings.TrimSuffix(name, ".br"), ".gz")) {
		return nil
	}
	return a
}

func (s *files) keep(name string, a *asset) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held.Remove(name)
	s.held.Add(name, a)
	s.room -= a.size()
	for s.room < 0 {
		s.held.RemoveOldest()
	}
}

// variant is a file in one of its codings.
type variant struct {
	coding  string // of Content-Encoding; "" is the file as it is
	etag    string
	policy  string
	content io.ReadSeeker
	size    int64
	close   func() error
}

// choose returns the form of a file that suits a client best: one that the build has
// put beside it, else, for text, one that is made here.
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
			shut(file)
			v := form(beside, f)
			v.coding, v.policy = c.name, plain.policy
			// Of a page, this has its policy in it; and each form needs an ETag
			// of its own (RFC 9110 §8.8.3.3).
			v.etag = strings.TrimSuffix(plain.etag, `"`) + "-" + strings.TrimPrefix(beside.etag, `"`)
			return v, nil
		}
		if c.name == "gzip" && kindOf(name).text && plain.zipped != nil {
			if zipped := plain.zipped(); zipped != nil {
				v := form(zipped, nil)
				v.coding, v.policy = c.name, plain.policy
				return v, nil
			}
		}
	}
	return form(plain, file), nil
}

// form is a as it is, read from f where a does not hold it.
func form(a *asset, f fs.File) *variant {
	v := &variant{etag: a.etag, policy: a.policy, close: func() error { return nil }}
	if f == nil {
		v.content, v.size = bytes.NewReader(a.body), int64(len(a.body))
		return v
	}
	v.content, v.size, v.close = f.(io.ReadSeeker), a.info.Size(), f.Close // os's files can seek, and others are not large
	return v
}

func shut(f fs.File) {
	if f != nil {
		_ = f.Close()
	}
}
