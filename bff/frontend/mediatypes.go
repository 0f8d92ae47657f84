package frontend

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// kind is what the extension of a file tells.
type kind struct {
	mediaType string
	text      bool // compression makes it smaller
}

// types is our own table, because mime.TypeByExtension depends on the machine: some have no
// type for .woff2, or text/plain for .js. Text types name the charset, so that no browser
// guesses one in which other bytes become markup.
var types = map[string]kind{
	".html": {"text/html; charset=utf-8", true}, ".htm": {"text/html; charset=utf-8", true},
	".js": {"text/javascript; charset=utf-8", true}, ".mjs": {"text/javascript; charset=utf-8", true}, ".cjs": {"text/javascript; charset=utf-8", true},
	".css": {"text/css; charset=utf-8", true}, ".json": {"application/json", true}, ".map": {"application/json", true},
	".webmanifest": {"application/manifest+json", true}, ".wasm": {"application/wasm", true},
	".txt": {"text/plain; charset=utf-8", true}, ".md": {"text/markdown; charset=utf-8", true}, ".csv": {"text/csv; charset=utf-8", true},
	".xml": {"application/xml; charset=utf-8", true}, ".svg": {"image/svg+xml; charset=utf-8", true},
	".png": {"image/png", false}, ".jpg": {"image/jpeg", false}, ".jpeg": {"image/jpeg", false}, ".gif": {"image/gif", false},
	".webp": {"image/webp", false}, ".avif": {"image/avif", false}, ".ico": {"image/x-icon", true},
	".woff2": {"font/woff2", false}, ".woff": {"font/woff", false}, ".ttf": {"font/ttf", true}, ".otf": {"font/otf", true},
	".mp3": {"audio/mpeg", false}, ".ogg": {"audio/ogg", false}, ".wav": {"audio/wav", false}, ".m4a": {"audio/mp4", false},
	".mp4": {"video/mp4", false}, ".webm": {"video/webm", false}, ".pdf": {"application/pdf", false},
	".zip": {"application/zip", false}, ".gz": {"application/gzip", false}, ".br": {"application/octet-stream", false},
}

func kindOf(name string) kind {
	if k, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return k
	}
	return kind{mediaType: "application/octet-stream"}
}

func isHTML(name string) bool { return strings.HasPrefix(kindOf(name).mediaType, "text/html") }

// assetFolders are the folders for files whose names change with their content, in builds
// of Next.js, SvelteKit and Astro. Vite's is viteAssets.
var assetFolders = []string{"_next/static", "_app/immutable", "_astro"}

const viteAssets = "assets"

// isImmutable reports whether a browser may keep a file forever. In a build of another tool
// than Vite, assets/ is a folder of the team's own, and its files keep their names.
func isImmutable(folder fs.FS, name string) bool {
	if isHTML(name) {
		return false
	}
	if strings.HasPrefix(name, viteAssets+"/") {
		return !slices.ContainsFunc(assetFolders, func(other string) bool {
			_, err := fs.Stat(folder, other)
			return err == nil
		})
	}
	return slices.ContainsFunc(assetFolders, func(own string) bool { return strings.HasPrefix(name, own+"/") })
}
