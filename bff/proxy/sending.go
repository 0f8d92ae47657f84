package proxy

import "time"

// The rules for when an answer is sent:
//
//   - Bytes of an answer of known length wait at most sendWithin for more. So do its headers.
//   - A short answer that the API sends as a whole is one write to the client. Nothing is set
//     up for the end of a wait when there is none: the body says whether its next bytes are here
//     (readyBody), and the transport says with the last byte that the answer is complete.
//   - Events, and answers of unknown length, do not wait. For the latter ReverseProxy flushes
//     each write by itself. Only a write that fills the buffer waits as above, because more of
//     the answer is probably here: its flush would be a system call for the two bytes that end
//     a chunk.

// sendWithin bounds the wait.
const sendWithin = 10 * time.Millisecond

// sending sends the part of an answer that has waited for long enough.
type sending struct {
	length int64       // of the answer's body; -1: unknown
	atOnce bool        // nothing waits
	timer  *time.Timer // nil: nothing has waited yet

	// Guarded by answer.gate.
	unsent bool // something was written since the last flush
	full   bool // the last write filled the buffer
	due    bool // the timer runs
}

// sendSoon is called before a read that may wait for the API. It does not wait for another write:
// the end of the API's answer would not be noticed. Whoever writes sends what is left here.
func (a *answer) sendSoon() {
	if a.length >= 0 && a.written >= a.length || !a.gate.tryEnter() {
		return
	}
	defer a.gate.leave()
	switch {
	case !a.unsent || a.due:
		return
	case a.atOnce:
		_ = a.flush() // the next write returns the error
		return
	case a.timer == nil:
		a.timer = time.AfterFunc(sendWithin, a.send)
	default:
		a.timer.Reset(sendWithin)
	}
	a.due = true
}

// stopWaiting is called before a write. If the length is unknown, the write or the flush after it
// sends what has waited. They may wait for the client, and the timer's goroutine should not wait
// with them.
func (a *answer) stopWaiting() {
	if a.length < 0 && a.due && a.timer.Stop() {
		a.due = false
	}
}

// send is called by the timer.
func (a *answer) send() {
	if !a.gate.enter() {
		return
	}
	defer a.gate.leave()
	a.due = false
	if a.unsent {
		_ = a.flush()
	}
}

// endSending returns when the timer sends nothing more. If cut, it does not wait for a client
// that does not read.
func (a *answer) endSending(cut bool) {
	if a.timer == nil || a.timer.Stop() {
		return
	}
	if cut {
		a.cutWrites()
	}
	a.gate.closeAfter()
}
