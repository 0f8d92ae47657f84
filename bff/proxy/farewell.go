package proxy

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// Close codes of a WebSocket. RFC 6455 §7.4.2 leaves the codes from 4000 to applications.
const (
	closeGoingAway = 1001 // the process stops, or the route is gone
	closeExpired   = 4401 // the session has ended
)

// stoppingReason is what the client of a WebSocket is told then.
const stoppingReason = "The server restarts, or its routes have changed. Please connect again."

// closeFrame returns an unmasked close frame (RFC 6455 §5.5.1).
func closeFrame(code uint16, reason string) []byte {
	frame := []byte{0x88, byte(2 + len(reason))} // #nosec G115 -- a reason has at most 123 bytes (RFC 6455 §5.5)
	frame = binary.BigEndian.AppendUint16(frame, code)
	return append(frame, reason...)
}

// goodbye returns the close frame for the client, or nil if there is no reason to tell.
func (t *tunnel) goodbye() []byte {
	switch {
	case t.x.leaseEnded():
		return closeFrame(closeExpired, SessionExpired)
	case errors.Is(context.Cause(t.x.ctx), errStopping):
		return closeFrame(closeGoingAway, stoppingReason)
	}
	return nil
}

// end ends the tunnel. If the client can know the reason, it is told first.
func (t *tunnel) end() {
	defer close(t.ended)
	if goodbye := t.goodbye(); goodbye != nil {
		t.ending.Store(true)
		_ = t.Conn.SetWriteDeadline(time.Now().Add(lastWords)) // a write in progress ends by then
		t.writing.Lock()
		_ = t.Conn.SetWriteDeadline(time.Now().Add(lastWords))
		if t.opened() && t.frames.between() {
			_, err := t.Conn.Write(goodbye)
			if err == nil {
				t.awaitClient()
			}
		}
		t.writing.Unlock()
	}
	_ = t.Conn.Close()
}

// opened waits for the answer to the handshake. It reports whether the client has it.
func (t *tunnel) opened() bool {
	select {
	case <-t.open:
		return true
	case <-time.After(lastWords):
		return false
	}
}

// awaitClient gives the client time to read the close frame. If the connection were closed
// while there are unread bytes of the client, the client's system could drop the frame.
func (t *tunnel) awaitClient() {
	_ = t.Conn.SetReadDeadline(time.Now().Add(lastWords))
	rest := make([]byte, 512)
	for {
		if _, err := t.Conn.Read(rest); err != nil {
			return
		}
	}
}

// frames follows the WebSocket frames (RFC 6455 §5.2) of one direction.
type frames struct {
	header []byte // of the frame that begins, until it is complete
	rest   uint64 // bytes of the current frame's payload that are still to come
	closed bool   // a close frame has begun
}

// between reports whether another frame may be sent now.
func (f *frames) between() bool { return len(f.header) == 0 && f.rest == 0 && !f.closed }

// pass follows the next bytes.
func (f *frames) pass(p []byte) {
	for len(p) > 0 {
		if f.rest > 0 {
			n := min(uint64(len(p)), f.rest)
			f.rest -= n
			p = p[n:]
			continue
		}
		f.header = append(f.header, p[0])
		p = p[1:]
		f.begin()
	}
}

// begin begins the payload when the header is complete.
func (f *frames) begin() {
	h := f.header
	if len(h) < 2 {
		return
	}
	length, size := uint64(h[1]&0x7f), 0 // size of the extended length
	switch length {
	case 126:
		size = 2
	case 127:
		size = 8
	}
	mask := 0
	if h[1]&0x80 != 0 {
		mask = 4
	}
	if len(h) < 2+size+mask {
		return
	}
	switch size {
	case 2:
		length = uint64(binary.BigEndian.Uint16(h[2:]))
	case 8:
		length = binary.BigEndian.Uint64(h[2:])
	}
	f.closed = f.closed || h[0]&0x0f == 0x8
	f.rest, f.header = length, h[:0]
}
