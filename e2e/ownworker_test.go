package e2e

import (
	"testing"
)

// TestPagesThroughAServiceWorker: the worker of a team's own app passes the loads of pages on.
// What such a request says of itself depends on the browser and on what the worker does.
func TestPagesThroughAServiceWorker(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"index.html": `<!doctype html><html lang="en"><title>Team</title><h1>The team's app</h1><script src="/start.js"></script>`,
		"start.js":   `navigator.serviceWorker.register('/worker.js')`,
		"worker.js": `addEventListener('install', () => skipWaiting())
			addEventListener('activate', event => event.waitUntil(clients.claim()))
			addEventListener('fetch', event => event.request.mode === 'navigate' &&
				event.respondWith(new URL(event.request.url).pathname === '/changed' ? fetch(event.request, { cache: 'no-cache' }) : fetch(event.request)))`,
	} {
		write(t, dir, name, text)
	}
	a := newApp(t, "WEB_DIR="+dir)
	for name, open := range map[string]func(*app, *testing.T, string) *window{"Chromium": (*app).device, "Firefox": (*app).firefox} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(a, t, "/deep/page")
			w.until(`navigator.serviceWorker.controller`)
			for _, path := range []string{"/deep/page", "/unchanged", "/changed"} {
				w.open(a.bff + path)
				w.shows("The team's app")
				w.reload()
				w.shows("The team's app")
				w.until(`navigator.serviceWorker.controller`)
			}
			if got := w.fetch("GET", "/nowhere", ""); got[:3] != "404" {
				t.Errorf("a missing file is %s, want a 404", got)
			}
		})
	}
}
