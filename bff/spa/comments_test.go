package spa

import "testing"

func TestWhatCountsAsAComment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"a.js", "// one\ncode // two\n\t// three\nmore", "\ncode // two\n\nmore"},
		{"a.js", "/* one */\ncode", "\ncode"},
		{"a.js", "/**\n * one\n */\ncode\n/* two\n// three */\nmore", "\n\n\ncode\n\n\nmore"},
		{"a.js", "/*/ one\n*/\ncode", "\n\ncode"},
		{"a.js", "/** @type {any} */ (code)\n/* one */ code /* two */", "/** @type {any} */ (code)\n/* one */ code /* two */"},
		{"a.js", "/* one\n// two */ code\n// three", "/* one\n// two */ code\n"},
		{"a.js", "code\n/* one\n// it has no end", "code\n/* one\n// it has no end"},
		{"a.js", "const a = 'https://a.example' /* one */\n* 2", "const a = 'https://a.example' /* one */\n* 2"},
		{"a.css", "/* one */\na { b: c } /* two */\n//a { b: c }", "\na { b: c } /* two */\n//a { b: c }"},
		{"vendor/a.js", "/* Copyright */\n// one", "/* Copyright */\n// one"},
		{"a.svg", "// one", "// one"},
	} {
		if got := string(withoutComments(tt.name, []byte(tt.text))); got != tt.want {
			t.Errorf("%s: got %q of %q, want %q", tt.name, got, tt.text, tt.want)
		}
	}
}
