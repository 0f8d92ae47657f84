package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const gigabyte, mebibyte = 1 << 30, 1 << 20

// gigabytes sends and receives bodies on plain connections. The system moves the bytes between
// a connection and a file, because the race detector would look at each of them. The file has
// only a mebibyte, which stays in the processor's caches.
type gigabytes struct {
	zeros, null *os.File
}

func newGigabytes(t *testing.T) *gigabytes {
	t.Helper()
	zeros, err := os.Create(filepath.Join(t.TempDir(), "mebibyte"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = zeros.Close() })
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = null.Close() })
	if err := zeros.Truncate(mebibyte); err != nil {
		t.Fatal(err)
	}
	return &gigabytes{zeros, null}
}

// send writes the head of a message, and a gigabyte.
func (g *gigabytes) send(conn net.Conn, head string) error {
	if _, err := io.WriteString(conn, head); err != nil {
		return err
	}
	for range gigabyte / mebibyte {
		_, seeks := g.zeros.Seek(0, io.SeekStart)
		_, err := io.Copy(conn, g.zeros)
		if err := errors.Join(seeks, err); err != nil {
			return err
		}
	}
	return nil
}

// receive reads a body of this length, of which in holds the start.
func (g *gigabytes) receive(conn net.Conn, in *bufio.Reader, length int64) (int64, error) {
	start, err := in.Discard(int(min(length, int64(in.Buffered()))))
	if err != nil {
		return int64(start), err
	}
	rest, err := io.Copy(g.null, io.LimitReader(conn, length-int64(start)))
	return int64(start) + rest, err
}

// api is an API that says how much it has received, or sends a gigabyte.
func (g *gigabytes) api(t *testing.T) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	serve := func(conn net.Conn) error {
		defer conn.Close()
		in := bufio.NewReader(conn)
		r, err := http.ReadRequest(in)
		if err != nil {
			return err
		}
		if r.Method == http.MethodGet {
			return g.send(conn, fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", gigabyte))
		}
		n, err := g.receive(conn, in, r.ContentLength)
		got := strconv.FormatInt(n, 10)
		_, writes := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(got), got)
		return errors.Join(err, writes)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = serve(conn) }() // its client sees that it has failed
		}
	}()
	return "http://" + listener.Addr().String()
}

// request sends a request to the product, with a gigabyte if it is a POST.
func (g *gigabytes) request(t *testing.T, b *browser, method, path string) (net.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	host := strings.TrimPrefix(b.origin, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nCookie: better-auth.session_token=%s\r\n", method, path, host, b.origin, b.cookie())
	if method == http.MethodPost {
		err = g.send(conn, head+fmt.Sprintf("Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", gigabyte))
	} else {
		_, err = io.WriteString(conn, head+"\r\n")
	}
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return conn, in, res
}

// TestGigabytesPassAtConstantMemory looks at the peak of the process's memory.
func TestGigabytesPassAtConstantMemory(t *testing.T) {
	t.Parallel()
	g := newGigabytes(t)
	p := launchBinary(t, binary(t, build.plain), shapes[0], "BACKEND_URL="+g.api(t), "PROXY_BODY_LIMIT=0")
	b := newBrowser(t, p.bff)
	b.signUp("jan@example.com")
	before := peakMemory(t, p.processes[0].cmd.Process.Pid)

	_, _, up := g.request(t, b, http.MethodPost, "/api/proxy/upload")
	b.want(answerOf(t, up), 200, strconv.Itoa(gigabyte))

	conn, in, down := g.request(t, b, http.MethodGet, "/api/proxy/download")
	if down.StatusCode != 200 || down.ContentLength != gigabyte {
		t.Fatalf("got %d and a length of %d, want 200 and %d", down.StatusCode, down.ContentLength, gigabyte)
	}
	n, err := g.receive(conn, in, gigabyte)
	if err != nil || n != gigabyte {
		t.Errorf("got %d bytes and %v, want %d", n, err, gigabyte)
	}

	after := peakMemory(t, p.processes[0].cmd.Process.Pid)
	t.Logf("peak memory: %d KiB before, %d KiB after", before, after)
	// Sign-up alone takes 19 MiB for argon2id; a buffered gigabyte would show.
	if after-before > 64<<10 {
		t.Errorf("peak memory went from %d to %d KiB", before, after)
	}
}

// peakMemory is the largest resident set of a process so far, in KiB.
func peakMemory(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib
		}
	}
	t.Fatal("no VmHWM in /proc")
	return 0
}
