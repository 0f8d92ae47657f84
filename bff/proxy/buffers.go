package proxy

import (
	"net/http"
	"sync"
)

// An answer is copied to the client through a buffer, which it holds until it ends. Event
// streams are idle most of the time, and there may be thousands of them, so their buffers are
// small. So are those of short answers.
const (
	largeBuffer = 32 << 10
	smallBuffer = 4 << 10
)

// buffers keeps buffers that nobody uses, by size. It stores pointers to arrays, because
// putting a slice into a sync.Pool allocates.
type buffers struct{ large, small sync.Pool }

func (b *buffers) get(small bool) []byte {
	if small {
		if array, ok := b.small.Get().(*[smallBuffer]byte); ok {
			return array[:]
		}
		return make([]byte, smallBuffer)
	}
	if array, ok := b.large.Get().(*[largeBuffer]byte); ok {
		return array[:]
	}
	return make([]byte, largeBuffer)
}

func (b *buffers) put(buf []byte) {
	if len(buf) == smallBuffer {
		b.small.Put((*[smallBuffer]byte)(buf))
		return
	}
	b.large.Put((*[largeBuffer]byte)(buf))
}

// needsLittle reports whether a small buffer is enough to copy the answer.
func needsLittle(res *http.Response) bool {
	if res.ContentLength >= 0 {
		return res.ContentLength <= smallBuffer
	}
	return isStream(res) && isEvents(res.Header.Get("Content-Type"))
}

// bufferOf is the httputil.BufferPool of one exchange. ReverseProxy takes the buffer when
// modify has seen the answer.
type bufferOf struct{ x *exchange }

func (b bufferOf) Get() []byte    { return b.x.proxy.buffers.get(b.x.copiesLittle) }
func (b bufferOf) Put(buf []byte) { b.x.proxy.buffers.put(buf) }
