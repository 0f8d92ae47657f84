package main

import (
	"context"
	"net/http"
	"strings"
)

// bodyWays transfer bodies of 1 MiB, through the contestants of the split contest.
func bodyWays(upload bool) []way {
	var all []way
	for _, w := range []way{bareWay(), nginxPlain(), bffWay("SQLite", "error")} {
		start := w.start
		w.start = func(ctx context.Context, g *ground) (*endpoint, error) {
			e, err := start(ctx, g)
			if err != nil {
				return nil, err
			}
			base := strings.TrimSuffix(e.url, "/item")
			if !upload {
				e.url, e.size, e.contains = base+"/large", largeSize, "xxx"
				return e, nil
			}
			header := map[string]string{"Content-Type": "application/octet-stream"}
			for name, value := range e.header {
				header[name] = value
			}
			e.url, e.method, e.body, e.header = base+"/upload", http.MethodPost, strings.Repeat("x", largeSize), header
			return e, nil
		}
		all = append(all, w)
	}
	return all
}
