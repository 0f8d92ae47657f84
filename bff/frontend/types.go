package frontend

import (
	"path"
	"slices"
	"strings"
)

// kind is what is said of a file by its extension.
type kind struct {
	mediaType string
	text      bool // it becomes smaller when it is compressed
}

// types is our own table: mime.TypeByExtension knows what the machine knows, which
// on some is nothing of .woff2 and text/plain of .js. What is text names its encoding,
// so that no browser guesses one in which other characters become markup.
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

// assetFolders are where builds put the files whose names change with their content:
// Vite, Next.js, SvelteKit.
var assetFolders = []string{"assets/", "_next/static/", "_app/immutable/"}

// isImmutable says whether a browser may keep a file for ever.
func isImmutable(name string) bool {
	return !isHTML(name) && slices.ContainsFunc(assetFolders, func(folder string) bool {
		return strings.HasPrefix(name, folder)
	})
}
