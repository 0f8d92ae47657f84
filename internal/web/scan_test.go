package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// members returns an object with n members, all with different names.
func members(n int, value string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":%s`, i, value)
	}
	return "{" + strings.TrimPrefix(b.String(), ",") + "}"
}

func TestMembersAndLevelsOfABodyAreBounded(t *testing.T) {
	t.Parallel()
	elements := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("0,", n), ",") + "]" }
	tooMany, tooDeep := fmt.Sprint("more than ", maxValues, " members"), fmt.Sprint("more than ", maxDepth, " levels")
	for name, tt := range map[string]struct{ body, refusal string }{
		"as many members":             {members(maxValues, "0"), ""},
		"a member more":               {members(maxValues+1, "0"), tooMany},
		"as many elements":            {`{"a":` + elements(maxValues-1) + `}`, ""},
		"an element more":             {`{"a":` + elements(maxValues) + `}`, tooMany},
		"as many at all levels":       {`{"a":` + elements(maxValues/2) + `,"b":` + members(maxValues/2-2, "0") + `}`, ""},
		"one more at all levels":      {`{"a":` + elements(maxValues/2) + `,"b":` + members(maxValues/2-1, "0") + `}`, tooMany},
		"commas in text":              {`{"a":"` + strings.Repeat(`,{[\"`, 1000) + `"}`, ""},
		"empty ones within":           {`{"a":[` + strings.TrimSuffix(strings.Repeat("{},", maxValues), ",") + `]}`, tooMany},
		"as deep":                     {strings.Repeat(`{"a":`, maxDepth-1) + "{}" + strings.Repeat("}", maxDepth-1), ""},
		"a level more":                {strings.Repeat(`{"a":`, maxDepth) + "{}" + strings.Repeat("}", maxDepth), tooDeep},
		"a level more of arrays":      {`{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + "}", tooDeep},
		"many side by side, not deep": {`{"a":[` + strings.TrimSuffix(strings.Repeat("[],", maxDepth+5), ",") + "]}", ""},
		"NUL after an escaped quote":  {`{"a":"\"\u0000"}`, "NUL"},
		"an escaped backslash":        {`{"a":"\\u0000"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseObject([]byte(tt.body))
			if tt.refusal == "" && err != nil || tt.refusal != "" && (err == nil || !strings.Contains(err.Error(), tt.refusal)) {
				t.Errorf("got %v, want %q", err, tt.refusal)
			}
		})
	}
}

// allocated returns how many bytes f allocates in total. The runtime counts the whole
// process, and goroutines that earlier tests left behind may allocate too. They can only
// add to the count, so the smallest of several runs is the one to trust.
func allocated(f func()) uint64 {
	least := uint64(math.MaxUint64)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// TestAnObjectDoesNotCopyItsBody: its memory depends neither on the size of its members nor
// on how many members a refused body has.
func TestAnObjectDoesNotCopyItsBody(t *testing.T) {
	for name, body := range map[string]string{
		"a megabyte in few members":       members(maxValues, `"`+strings.Repeat("x", 10_000)+`"`),
		"a megabyte of small members":     members(100_000, "0"),
		"a megabyte of members within":    `{"a":` + members(100_000, "0") + "}",
		"a megabyte of levels":            strings.Repeat("[", 1_000_000),
		"a megabyte of escapes":           `{"a":"` + strings.Repeat(`\u00e4`, 170_000) + `"}`,
		"a megabyte of something, no end": `{"a":"` + strings.Repeat(`x`, 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			bytes := []byte(body)
			if got := allocated(func() { sinkObject, _ = ParseObject(bytes) }); got > 100<<10 {
				t.Errorf("got %d bytes for a body of %d, want less than a tenth", got, len(body))
			}
		})
	}
}

// consists counts the same as scan, in what encoding/json has read.
func consists(value any) (values, depth int, nul bool) {
	add := func(within any) {
		v, d, n := consists(within)
		values, depth, nul = values+v, max(depth, d), nul || n
	}
	switch value := value.(type) {
	case string:
		return 0, 0, strings.ContainsRune(value, 0)
	case []any:
		for _, e := range value {
			add(e)
		}
		return values + max(1, len(value)), depth + 1, nul
	case map[string]any:
		for name, e := range value {
			add(name)
			add(e)
		}
		return values + max(1, len(value)), depth + 1, nul
	}
	return 0, 0, false
}

// FuzzScan compares scan with a parser: for a valid body both must agree.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":[1,2,{"b":"\u0000"}]}`, `{"a":"\\u0000\",[{"}`, members(maxValues+1, "0"), strings.Repeat("[", 30) + strings.Repeat("]", 30),
		`{"a":"\\\u0000"}`, `{"a":"\"\\"}`, ` [ { } , [ ] ] `, `"\`, `"\u000`, `{"\u0000":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		err := scan(body) // an invalid body may have any result
		if !jsontext.Value(body).IsValid() {
			return
		}
		var value any
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		values, depth, nul := consists(value)
		if over := values > maxValues || depth > maxDepth || nul; over != (err != nil) {
			t.Fatalf("got %v for a body with %d values and %d levels, NUL: %t", err, values, depth, nul)
		}
	})
}
