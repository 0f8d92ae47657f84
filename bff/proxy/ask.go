package proxy

import "sync/atomic"

// The rules for asking an event stream whether its client is still there:
//
//   - It is asked when its place is needed (internal/openstreams). A load balancer may notice
//     that a client has left only when it passes something on, and the API may send nothing for
//     a while. So a comment is written, which clients ignore. If the client has left, the
//     balancer closes the connection, and the exchange ends.
//   - A comment is written only where an event is complete, by what the client was sent. The
//     API may have sent more.
//   - If a write is under way, it is question enough.
//   - It may be asked before the API has sent anything: a quiet stream has no other sign. If an
//     API begins with a byte order mark, that mark then comes too late to be ignored.
//   - One goroutine asks a stream at a time. When the exchange is over, none does.
//   - Only an answer whose events can be told apart is asked (exchange.follow). WebSockets and
//     other endless answers are not.

// comment is what a client is sent to find out whether it is still there.
const comment = ":\n\n"

// questions are those to the client of one answer.
type questions struct {
	tail  []byte      // the last bytes that were written, at most three; guarded by answer.gate
	asked atomic.Bool // a goroutine asks
}

// wrote is called with what was written.
func (q *questions) wrote(p []byte) {
	if q != nil {
		q.tail = lastBytes(q.tail, p)
	}
}

// lastBytes returns the last three bytes of tail and p together. It may change tail.
func lastBytes(tail, p []byte) []byte {
	tail = append(tail, p[max(0, len(p)-3):]...)
	return tail[max(0, len(tail)-3):]
}

// ask asks without blocking. Any goroutine may call it at any time.
func (a *answer) ask() {
	if a.questions.asked.CompareAndSwap(false, true) {
		go func() {
			defer a.questions.asked.Store(false)
			a.writeComment()
		}()
	}
}

func (a *answer) writeComment() {
	if !a.gate.tryEnter() {
		return
	}
	defer a.gate.leave()
	if endsEvent(a.questions.tail) {
		if _, err := a.w.Write([]byte(comment)); err != nil {
			return
		}
		a.unsent = true
	}
	if a.unsent {
		a.unsent = false
		_ = a.x.client.Flush() // WriteHeader has called watch
	}
}

// endQuestions returns when no question is being written, and lets none begin. A client that
// does not read delays a complete answer anyway. An answer that is cut does not wait for it.
func (a *answer) endQuestions(cut bool) {
	if a.questions == nil {
		return
	}
	if cut {
		a.cutWrites()
	}
	a.gate.closeAfter() // also if the connection has no deadlines any more, because it is closed
}
