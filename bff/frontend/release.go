package frontend

import (
	"net/http"
	"strings"
)

// forever is the Cache-Control of a file whose content never changes.
const forever = "public, max-age=31536000, immutable"

// describeRelease changes the headers of a file in the folder of the embedded app's release.
// Only the app's own pages load it, so the answer is the same for every origin. Chromium sends
// an Origin with the request of a module and none with that of fetch. With Vary: Origin, it
// would ask again for a file that it has.
func (a *App) describeRelease(h http.Header, name string) {
	if a.release == "" || !strings.HasPrefix(name, a.release) {
		return
	}
	h.Set("Cache-Control", forever)
	h.Set("Vary", "Accept-Encoding")
	h.Del("Access-Control-Allow-Origin")
	h.Del("Access-Control-Allow-Credentials")
	h.Del("Access-Control-Expose-Headers")
	if name == a.worker {
		h.Set("Service-Worker-Allowed", "/")
	}
}
