package frontend

import (
	"path"
	"regexp"
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

// isHashed says whether a name tells the file's content, so that a browser may keep
// it for ever: index-4f3a9c.js, main.4f3a9c12.css, index-BxY12_ab.js. It would
// rather miss one, which costs a question per load, than take a name that people
// gave for a hash (Inter-SemiBold.woff2, logo-1200x600.png, photo-20240131.jpg):
// a change of that file would reach nobody for a year.
func isHashed(name string) bool {
	if isHTML(name) {
		return false
	}
	parts := strings.Split(path.Base(name), ".")
	for i, part := range parts[:len(parts)-1] {
		if i > 0 && looksHashed(part) {
			return true
		}
		if cut := strings.LastIndexByte(part, '-'); cut > 0 && looksHashed(part[cut+1:]) {
			return true
		}
		// Rollup's and Vite's are 8 characters, which may have a - among them.
		if cut := len(part) - 9; cut > 0 && part[cut] == '-' && looksHashed(part[cut+1:]) {
			return true
		}
	}
	return false
}

// pieces are the words and numbers that people make names of.
var pieces = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+|[0-9]+`)

// looksHashed knows hexadecimal (webpack), eight characters of base32 in capitals
// (esbuild, Angular) and eight of base64url (Rollup, Vite).
func looksHashed(s string) bool {
	var digits, hex, upper, lower, other int
	for _, c := range []byte(s) {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c && c <= 'z':
			lower++
			if c <= 'f' {
				hex++
			}
		case 'A' <= c && c <= 'Z':
			upper++
		case c == '-' || c == '_':
			other++
		default:
			return false
		}
	}
	switch {
	case len(pieces.FindAllString(s, 3)) < 3:
		return false // a word and a number: Chapter1, dec2024
	case digits > 0 && hex > 0 && digits+hex == len(s):
		return len(s) >= 6
	case len(s) != 8:
		return false
	case lower == 0 && other == 0:
		return digits > 0 && upper > 0
	}
	// A word has capitals at the start of its parts, and few of them.
	return upper > 0 && lower > 0 && (digits > 0 || other > 0 || upper > 2)
}
