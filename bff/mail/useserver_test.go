package mail

import "testing"

func TestAnotherServerTakesOver(t *testing.T) {
	t.Parallel()
	first, second := &Server{Host: "first"}, &Server{Host: "second"}
	o := New(Config{Sender: first}, nil)
	if o.sender() != Sender(first) {
		t.Error("got another server at the start")
	}
	o.UseServer(second)
	if o.sender() != Sender(second) {
		t.Error("got the server of the start after the change")
	}
}
