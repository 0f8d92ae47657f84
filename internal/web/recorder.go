package web

import (
	"bufio"
	"net"
	"net/http"
)

// recorder remembers what was answered. For methods that it lacks, http.ResponseController
// looks below it through Unwrap.
//
// Neither recorder nor timedWriter has ReadFrom, which io.Copy would call: a file sent by
// one sendfile would be one write under one deadline.
type recorder struct {
	http.ResponseWriter
	status int // 0: no answer yet
	bytes  int64
	of     *record // gives its memory back when the answer begins; may be nil
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	// 1xx is not the final answer, except 101: after it there is no other.
	if r.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		r.begin(status)
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.began()
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// FlushError is what http.ResponseController.Flush calls. A flush sends the
// header, as a write does.
func (r *recorder) FlushError() error {
	r.began()
	return http.NewResponseController(r.ResponseWriter).Flush()
}

func (r *recorder) began() {
	if r.status == 0 {
		r.begin(http.StatusOK)
	}
}

// begin gives back the room of the request's body. The answer is already encoded, and its
// reader may be slow.
func (r *recorder) begin(status int) {
	r.status = status
	if r.of != nil {
		r.of.release()
	}
}

// Hijack notices upgrades: httputil.ReverseProxy writes its 101 on the connection, not
// through WriteHeader.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buf, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err == nil && r.status == 0 {
		r.status = http.StatusSwitchingProtocols
	}
	return conn, buf, err
}
