package web

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"
)

func TestALongAnswerIsNotCutOff(t *testing.T) {
	t.Parallel()
	for name, timeouts := range serverTimeouts {
		for method, request := range map[string]string{
			"without a body": get, "with a body": post("hello"), "with chunks": chunked + "5\r\nhello\r\n0\r\n\r\n",
		} {
			t.Run(name+", request "+method, func(t *testing.T) {
				t.Parallel()
				ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, func(w http.ResponseWriter, r *http.Request) error {
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						return err
					}
					for range 2 {
						if _, err := io.WriteString(w, "event\n"); err != nil {
							t.Errorf("write: %v", err)
						}
						time.Sleep(severalStalls)
						if err := http.NewResponseController(w).Flush(); err != nil {
							t.Errorf("flush: %v", err)
						}
					}
					if err := r.Context().Err(); err != nil {
						t.Errorf("got %v, want the request alive", err)
					}
					return nil
				}), timeouts)
				c := dial(t, ts)
				c.send(request)
				if res, body := c.answer(); res.StatusCode != http.StatusOK || body != "event\nevent\n" {
					t.Errorf("got %d %q, want two events", res.StatusCode, body)
				}
			})
		}
	}
}

func TestAStalledReaderEndsTheAnswer(t *testing.T) {
	t.Parallel()
	writes := map[string]func(http.ResponseWriter) error{
		"in one write": func(w http.ResponseWriter) error {
			_, err := w.Write(make([]byte, 64<<20))
			return err
		},
		"in many": func(w http.ResponseWriter) error {
			for range 64 << 10 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return err
				}
			}
			return nil
		},
		"flushed": func(w http.ResponseWriter) error {
			for range 64 << 10 {
				_, _ = w.Write(make([]byte, 1<<10))
				if err := http.NewResponseController(w).Flush(); err != nil {
					return err
				}
			}
			return nil
		},
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := make(chan error, 1)
			ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), brief, func(w http.ResponseWriter, _ *http.Request) error {
				result <- write(w)
				panic(http.ErrAbortHandler)
			}), withoutTimeouts)
			c := dial(t, ts)
			c.send(get)
			select {
			case err := <-result:
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("got %v, want a deadline exceeded", err)
				}
			case <-time.After(patience):
				t.Error("the handler is still writing")
			}
		})
	}
}

func TestAReaderThatKeepsReadingGetsAllOfAnAnswerInOnePiece(t *testing.T) {
	t.Parallel()
	const size = 24 << 20
	// Longer than the system needs to notice that there is room again (up to a second on a
	// busy machine), and shorter than the whole answer takes.
	limits := Deadlines{Stall: 2 * time.Second, Grace: 4 * time.Second, Rate: 1000}
	ts := startServer(t, testHandler(slog.New(slog.DiscardHandler), limits, func(w http.ResponseWriter, _ *http.Request) error {
		n, err := w.Write(make([]byte, size))
		if n != size || err != nil {
			t.Errorf("got %d, %v, want all written", n, err)
		}
		return nil
	}), withoutTimeouts)
	c := dial(t, ts)
	_ = c.SetReadBuffer(64 << 10)
	c.send(get)
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got int64
	for err == nil {
		var n int64
		n, err = io.CopyN(io.Discard, res.Body, 512<<10)
		got += n
		time.Sleep(80 * time.Millisecond) // four seconds in all
	}
	if err != io.EOF || got != size {
		t.Errorf("got %d bytes and %v, want %d", got, err, size)
	}
}
