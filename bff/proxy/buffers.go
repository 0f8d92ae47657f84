package proxy

import (
	"net/http"
	"sync"
)

// An answer is copied to the client through a buffer, which it holds until it ends. Event
// streams are idle most of the time, and there may be thousands of them, so their buffers are
// small. A larger event takes several writes.
const (
	largeBuffer = 32 << 10
	eventBuffer = 1 << 10
)

// buffers keeps buffers that nobody uses, by size. It stores pointers to arrays, because
// putting a slice into a sync.Pool allocates.
type buffers struct{ large, event sync.Pool }

func (b *buffers) get(events bool) []byte {
	if events {
		if array, ok := b.event.Get().(*[eventBuffer]byte); ok {
			return array[:]
		}
		return make([]byte, eventBuffer)
	}
	if array, ok := b.large.Get().(*[largeBuffer]byte); ok {
		return array[:]
	}
	return make([]byte, largeBuffer)
}

func (b *buffers) put(buf []byte) {
	if len(buf) == eventBuffer {
		b.event.Put((*[eventBuffer]byte)(buf))
		return
	}
	b.large.Put((*[largeBuffer]byte)(buf))
}

// chooseBuffer is called before the answer is copied.
func (x *exchange) chooseBuffer(res *http.Response) {
	x.copiesEvents = isStream(res) && isEvents(res.Header.Get("Content-Type"))
}

// bufferOf is the httputil.BufferPool of one exchange. ReverseProxy takes the buffer when
// modify has seen the answer.
type bufferOf struct{ x *exchange }

func (b bufferOf) Get() []byte    { return b.x.proxy.buffers.get(b.x.copiesEvents) }
func (b bufferOf) Put(buf []byte) { b.x.proxy.buffers.put(buf) }
