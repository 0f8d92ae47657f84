package frontend

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
)

// How a path finds its file, in this order:
//
//	path              a file
//	path.html         a page, as Next.js, SvelteKit and Astro write it
//	path/index.html   the same, with a slash at the end of the path
//	200.html          the page of the app's router, if the build has one
//	404.html          with the status 404: a build that has this page has a file for all others
//	index.html        the page of the app's router
//
// The last three answer only requests for pages (isPage). A page has one path. The other
// spelling, with or without the slash at the end, is redirected: relative links in the page
// (./app.js, as SvelteKit writes them) lead to the right place only from the path for which
// the build wrote it.

const (
	index        = "index.html"
	fallbackPage = "200.html"
	notFoundPage = "404.html"
)

// found is what answers a request.
type found struct {
	*variant
	name   string
	folder fs.FS
	moved  string // if not empty: there is no variant, and the page is at this path
}

// find returns the file that answers r. name is the file of its path. With an error, it returns
// the name of the file that could not be used.
func (a *App) find(r *http.Request, folder fs.FS, name string) (found, error) {
	// Ranges count the bytes of the uncompressed file.
	wanted := []coding{{}}
	if r.Header.Get("Range") == "" {
		wanted = accepted(r.Header.Values("Accept-Encoding"))
	}
	choose := func(name string) (found, error) {
		v, err := a.files.choose(folder, name, wanted)
		return found{variant: v, name: name, folder: folder}, err
	}
	f, err := choose(name)
	if !errors.Is(err, errMissing) {
		return f, err
	}
	if f, err = findPage(r, folder, name, choose); !errors.Is(err, errMissing) {
		return f, err
	}
	return findFallback(r, folder, name, choose)
}

// findPage returns the page of a path that names no file.
func findPage(r *http.Request, folder fs.FS, name string, choose func(string) (found, error)) (found, error) {
	path := r.URL.EscapedPath()
	if name == index || strings.HasPrefix(name, wellKnown) {
		return found{}, errMissing
	}
	if withoutSlash, ok := strings.CutSuffix(path, "/"); ok {
		_, err := stat(folder, strings.TrimSuffix(name, "/"+index)+".html")
		return found{moved: withoutSlash}, err
	}
	f, err := choose(name + ".html")
	if !errors.Is(err, errMissing) {
		return f, err
	}
	_, err = stat(folder, name+"/"+index)
	return found{moved: path + "/"}, err
}

// findFallback returns the page that stands in for a path without a file.
func findFallback(r *http.Request, folder fs.FS, name string, choose func(string) (found, error)) (found, error) {
	page := name == index || isPage(r, name)
	if !page && !isMissingPage(r, name) {
		return found{}, errMissing
	}
	if page {
		if f, err := choose(fallbackPage); !errors.Is(err, errMissing) {
			return f, err
		}
	}
	// Without index.html the build is not complete. A deploy may be writing it, so this is
	// not the time to say that there is no such page.
	if _, err := stat(folder, index); err != nil {
		return found{name: index}, err
	}
	if name != index {
		if f, err := choose(notFoundPage); !errors.Is(err, errMissing) {
			return f, err
		}
	}
	if !page {
		return found{}, errMissing
	}
	return choose(index)
}
