package roundtrip

import "testing"

// BenchmarkQuiet measures what the look at an idle connection costs each request.
// BenchmarkRoundTrip in bff/proxy measures a whole request.
func BenchmarkQuiet(b *testing.B) {
	s := serve(b, saying(ok))
	transport := to(s)
	mustFetch(transport, s)
	c := transport.kept()[0]
	b.ReportAllocs()
	for b.Loop() {
		if !c.quiet() {
			b.Fatal("the connection is not quiet")
		}
	}
}
