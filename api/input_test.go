package api

import (
	"strings"
	"testing"
)

func TestBadIdsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := mint(t, ada)
	s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, auth(token))
	for _, id := range []string{
		"abc", "+1", "01", "1.0", "1e0", "0x1", "1_0", "%201", "1%20", "0", "-1", "-0", "1;x=1", "%D9%A1",
		"9223372036854775808", "99999999999999999999999999",
	} {
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			t.Run(method+" "+id, func(t *testing.T) {
				s.raw(t, method, "/api/me/tasks/"+id, token).
					isProblem(t, 422, "The request has invalid fields.", "id: must be a positive whole number")
			})
		}
		t.Run("complete "+id, func(t *testing.T) {
			s.raw(t, "PATCH", "/api/me/tasks/"+id+"/complete", token).
				isProblem(t, 422, "The request has invalid fields.", "id: must be a positive whole number")
		})
	}
	t.Run("the largest id is looked for", func(t *testing.T) {
		s.raw(t, "GET", "/api/me/tasks/9223372036854775807", token).isProblem(t, 404, "Task not found")
	})
	t.Run("an escaped digit is the digit", func(t *testing.T) {
		if got := s.raw(t, "GET", "/api/me/tasks/%31", token).StatusCode; got != 200 {
			t.Errorf("status: got %d, want 200", got)
		}
	})
}

func TestABodyWithAContentEncodingIsRefused(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	res := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, with(auth(mint(t, ada)), "Content-Encoding", "gzip"))
	res.isProblem(t, 415, "The body must not have a Content-Encoding.")
	if got := res.Header.Get("Accept-Encoding"); got != "identity" {
		t.Errorf("got Accept-Encoding: %s, want identity", got)
	}
}

func TestBadBodiesAreRefused(t *testing.T) {
	t.Parallel()
	const (
		title       = "title: must have 1 to 255 characters"
		description = "description: must have at most 10000 characters"
		fields      = "The request has invalid fields."
	)
	long := `{"title":"a","description":"` + strings.Repeat("x", 1<<20) + `"}`
	s := newSurface(t, sqlite)
	token := mint(t, ada)
	first := s.do(t, "POST", "/api/me/tasks", `{"title":"first"}`, auth(token))
	for _, tc := range []struct {
		name, method, body string
		contentType        string // application/json when empty
		status             int
		detail             string
		faults             []string
	}{
		{"not JSON", "", `title=a`, "", 400, "Invalid JSON in request body, at byte 1", nil},
		{"no body", "", ``, "application/json", 400, "The request body is empty; a JSON object is expected.", nil},
		{"null", "", `null`, "", 400, "The request body must be a JSON object, not null.", nil},
		{"an array", "", `[{"title":"a"}]`, "", 400, "The request body must be a JSON object, not array.", nil},
		{"trailing data", "", `{"title":"a"}{}`, "", 400, "The request body has data after its JSON object.", nil},
		{"a NUL", "", `{"title":"a\u0000b"}`, "", 400, `The request body contains a NUL character (\u0000).`, nil},
		{"another type", "", `title=a`, "application/x-www-form-urlencoded", 415, "The Content-Type must be application/json.", nil},
		{"a merge patch that is a creation", "POST", `{"title":"a"}`, "application/merge-patch+json", 415, "The Content-Type must be application/json.", nil},
		{"a merge patch that is a PUT", "PUT", `{"title":"a"}`, "application/merge-patch+json", 415, "The Content-Type must be application/json.", nil},
		{"another patch", "", `[]`, "application/json-patch+json", 415, "The Content-Type must be application/json.", nil},
		{"a title of what shows nothing", "", `{"title":"\u200b\u2060\ufeff\u00ad"}`, "", 422, fields, []string{"title: must have a visible character"}},
		{"a merge patch that removes the title", "PATCH", `{"title":null}`, "application/merge-patch+json", 422, fields, []string{"title: expected string, received null"}},
		{"a merge patch that is no object", "PATCH", `"a"`, "application/merge-patch+json", 400, "The request body must be a JSON object, not string.", nil},
		{"too many fields", "", `{"title":"a"` + strings.Repeat(`,"x":0`, 100) + `}`, "", 400, "The request body has more than 100 members and elements.", nil},
		{"too deep", "", `{"title":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, "", 400, "The request body has more than 20 levels of objects and arrays.", nil},
		{"over 1 MiB", "", long, "", 413, "The request body is larger than 1048576 bytes.", nil},

		{"without a title", "POST", `{}`, "", 422, fields, []string{"title: expected string, received undefined"}},
		{"an empty title", "", `{"title":""}`, "", 422, fields, []string{title}},
		{"a title of spaces", "", `{"title":" \t\u00a0\u2003"}`, "", 422, fields, []string{title}},
		{"a title of 256", "", `{"title":"` + strings.Repeat("ü", 256) + `"}`, "", 422, fields, []string{title}},
		{"a title that is null", "", `{"title":null}`, "", 422, fields, []string{"title: expected string, received null"}},
		{"a title that is a number", "", `{"title":1}`, "", 422, fields, []string{"title: expected string, received number"}},
		{"a description of 10001", "", `{"title":"a","description":"` + strings.Repeat("ü", 10_001) + `"}`, "", 422, fields, []string{description}},
		{"a description that is an object", "", `{"title":"a","description":{}}`, "", 422, fields, []string{"description: expected string, received object"}},
		{"completed as text", "", `{"title":"a","completed":"true"}`, "", 422, fields, []string{"completed: expected boolean, received string"}},
		{"completed as null", "", `{"title":"a","completed":null}`, "", 422, fields, []string{"completed: expected boolean, received null"}},
		{"an unknown field", "", `{"title":"a","nonsense":1}`, "", 422, fields, []string{"nonsense: unknown field"}},
		{"a field in another case", "", `{"title":"a","Title":"b"}`, "", 422, fields, []string{"Title: unknown field"}},
		{"everything at once", "", `{"x":1,"title":"","completed":0,"description":7}`, "", 422, fields, []string{
			title, "description: expected string, received number", "completed: expected boolean, received number", "x: unknown field",
		}},
	} {
		methods := []string{"POST", "PUT", "PATCH"}
		if tc.method != "" {
			methods = []string{tc.method}
		}
		for _, method := range methods {
			t.Run(method+" "+tc.name, func(t *testing.T) {
				header := auth(token)
				path := "/api/me/tasks"
				if method != "POST" {
					path += "/1"
				}
				if tc.contentType != "" {
					header.Set("Content-Type", tc.contentType)
				}
				detail := tc.detail
				if tc.status == 415 && method == "PATCH" {
					detail = "The Content-Type must be application/json or application/merge-patch+json."
				}
				res := s.do(t, method, path, tc.body, header)
				res.isProblem(t, tc.status, detail, tc.faults...)
				accept := map[bool]string{true: "application/merge-patch+json, application/json"}[method != "POST" && tc.status == 415]
				if got := res.Header.Get("Accept-Patch"); got != accept { // RFC 5789 §2.2, §3.1
					t.Errorf("Accept-Patch: got %q, want %q", got, accept)
				}
				s.do(t, "GET", "/api/me/tasks", "", header).is(t, 200, "["+first.body+"]")
			})
		}
	}
}

func TestInvalidTextIsRefusedOnBothEngines(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		for _, body := range []string{"{\"title\":\"\xff\"}", `{"title":"\ud800"}`, `{"title":"a","title":"b"}`} {
			if got := s.do(t, "POST", "/api/me/tasks", body, token).StatusCode; got != 400 {
				t.Errorf("%q: got %d, want 400", body, got)
			}
		}
		s.do(t, "POST", "/api/me/tasks", `{"title":"a\u0000"}`, token).
			isProblem(t, 400, `The request body contains a NUL character (\u0000).`)
	})
}
