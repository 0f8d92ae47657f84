package db

import (
	"context"

	"github.com/lib/pq"
)

// subscriber hears one channel. Its functions are called from several goroutines, and return
// at once.
type subscriber struct {
	channel   string
	receive   func(payload string)
	listening func(is bool) // called when it changes
}

// subscribe lets s hear its channel until ctx ends. It returns then.
func (l *listener) subscribe(ctx context.Context, s *subscriber) {
	l.mu.Lock()
	if l.stop == nil {
		l.start()
	}
	l.subscribers[s] = struct{}{}
	if is := l.heard.Load() != nil; is || l.cause != nil {
		s.listening(is)
	}
	l.mu.Unlock()

	<-ctx.Done()
	l.mu.Lock()
	delete(l.subscribers, s)
	var stopped chan struct{}
	if len(l.subscribers) == 0 {
		l.stop()
		l.stop, stopped = nil, l.stopped
	}
	l.mu.Unlock()
	if stopped != nil {
		<-stopped
	}
}

// tell tells all subscribers whether notifications arrive.
func (l *listener) tell(is bool, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cause = cause
	if l.report != nil {
		l.report(is, cause)
	}
	for s := range l.subscribers {
		s.listening(is)
	}
}

// pass gives a notification to the subscribers of its channel.
func (l *listener) pass(n *pq.Notification) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.subscribers {
		if s.channel == n.Channel {
			s.receive(n.Extra)
		}
	}
}
