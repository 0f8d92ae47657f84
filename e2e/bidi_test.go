package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/coder/websocket"
)

// bidi is a connection to a browser that speaks WebDriver BiDi (W3C): commands with numbers,
// their answers, and events.
type bidi struct {
	conn *websocket.Conn

	mu      sync.Mutex
	last    int
	waiting map[int]chan bidiMessage
	console map[string]func(text string) // by context: who hears of the errors of its console
	ended   error                        // the connection is over
}

type bidiMessage struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

// params are those of a command.
type params map[string]any

// openBidi opens a session of a browser. address is like ws://127.0.0.1:12345.
func openBidi(ctx context.Context, address string) (*bidi, error) {
	conn, _, err := websocket.Dial(ctx, address+"/session", nil)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(-1) // a picture of a page is long
	b := &bidi{conn: conn, waiting: map[int]chan bidiMessage{}, console: map[string]func(string){}}
	go b.read()
	if err := b.call("session.new", params{"capabilities": params{}}, nil); err != nil {
		return nil, err
	}
	return b, b.call("session.subscribe", params{"events": []string{"log.entryAdded"}}, nil)
}

func (b *bidi) read() {
	for {
		_, data, err := b.conn.Read(context.Background())
		var m bidiMessage
		if err == nil {
			err = json.Unmarshal(data, &m)
		}
		if err != nil {
			b.end(err)
			return
		}
		if m.Type == "event" {
			b.heard(m)
			continue
		}
		b.mu.Lock()
		answer := b.waiting[m.ID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

func (b *bidi) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = fmt.Errorf("the browser has gone: %w", err)
	for id, answer := range b.waiting {
		answer <- bidiMessage{Type: "error", Error: b.ended.Error()}
		delete(b.waiting, id)
	}
}

// heard passes an error of a page's console on.
func (b *bidi) heard(m bidiMessage) {
	var entry struct {
		Level, Text string
		Source      struct{ Context string }
	}
	if m.Method != "log.entryAdded" || json.Unmarshal(m.Params, &entry) != nil || entry.Level != "error" {
		return
	}
	b.mu.Lock()
	tell := b.console[entry.Source.Context]
	b.mu.Unlock()
	if tell != nil {
		tell(entry.Text)
	}
}

// call sends a command and waits for its result.
func (b *bidi) call(method string, with params, result any) error {
	answer := make(chan bidiMessage, 1)
	b.mu.Lock()
	if b.ended != nil {
		b.mu.Unlock()
		return b.ended
	}
	b.last++
	id := b.last
	b.waiting[id] = answer
	b.mu.Unlock()
	data, err := json.Marshal(map[string]any{"id": id, "method": method, "params": with})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.conn.Write(ctx, websocket.MessageText, data); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-answer:
		if m.Type == "error" {
			return fmt.Errorf("%s: %s: %s", method, m.Error, m.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-ctx.Done():
		return fmt.Errorf("%s: no answer in %v", method, patience)
	}
}
