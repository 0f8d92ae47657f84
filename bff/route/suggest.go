package route

import "strings"

// otherNames are names that other proxies use for members of a route.
var otherNames = map[string]string{
	"prefix": "path", "location": "path", "match": "path",
	"url": "upstream", "target": "upstream", "backend": "upstream", "proxypass": "upstream", "to": "upstream",
	"strippath": "keep_path", "stripprefix": "keep_path", "strip": "keep_path", "preservepath": "keep_path",
	"aud": "audience", "auth": "session", "headers": "forward_headers", "requestheaders": "forward_headers",
	"patterns": "paths", "maxbody": "body_limit", "bodysize": "body_limit", "ws": "websocket", "insecure": "allow_http",
}

// meant returns the cure for an unknown member: the name that was probably meant, or all.
func meant(name string) string {
	plain := flat(name)
	best, distance := otherNames[plain], 0
	if best == "" {
		distance = 3 // a name that differs more is another word
		for _, f := range members {
			if d := editDistance(plain, flat(f.name)); d < min(distance, len(f.name)) {
				best, distance = f.name, d
			}
		}
	}
	if best == "" {
		return "use " + strings.Join(Members(), ", ")
	}
	return "write " + best
}

// flat removes the difference between bodyLimit, body-limit and body_limit.
func flat(name string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
}

// editDistance returns how many letters must be added, removed or replaced to make b of a. It
// returns 100 for names too long to be a misspelt member.
func editDistance(a, b string) int {
	if len(a) > 40 {
		return 100
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
