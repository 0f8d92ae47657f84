package migrations

import "strings"

// words splits SQL into words, without comments and texts.
func words(sql string) (all []word) {
	for sql != "" {
		var w word
		switch c := sql[0]; {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
			continue
		case strings.HasPrefix(sql, "/*"):
			_, sql, _ = strings.Cut(sql, "*/")
			continue
		case c == '\'':
			_, sql, _ = strings.Cut(sql[1:], "'") // a doubled quote begins the next text
			continue
		case c == '"':
			w.quoted = true
			w.text, sql, _ = strings.Cut(sql[1:], `"`)
		case c == '$' && strings.IndexByte(sql[1:], '$') >= 0: // a body, like $$…$$
			mark := sql[:strings.IndexByte(sql[1:], '$')+2]
			_, sql, _ = strings.Cut(sql[len(mark):], mark)
			continue
		case isLetter(c):
			n := 1
			for n < len(sql) && isLetter(sql[n]) {
				n++
			}
			w.text, sql = strings.ToLower(sql[:n]), sql[n:]
		case strings.IndexByte(" \t\r\n", c) >= 0:
			sql = sql[1:]
			continue
		default:
			w.text, sql = sql[:1], sql[1:]
		}
		all = append(all, w)
	}
	return all
}

func isLetter(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
