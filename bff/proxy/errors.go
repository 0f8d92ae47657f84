package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"vestibule/internal/web"
)

// What the client reads of a failure. The address of the API and the words of
// its errors are in the cause, which only the log has.
var (
	errOrigin = web.Refuse(http.StatusForbidden, "INVALID_ORIGIN",
		"Invalid origin: this site may not open a WebSocket here.")
	errBadGateway     = web.Refuse(http.StatusBadGateway, "BAD_GATEWAY", "Failed to proxy request")
	errGatewayTimeout = web.Refuse(http.StatusGatewayTimeout, "GATEWAY_TIMEOUT", "Failed to proxy request")
	errTokenRejected  = web.Refuse(http.StatusBadGateway, "UPSTREAM_REJECTED_TOKEN",
		"The API does not accept the tokens of this server.")
)

// Causes, for the log and for context.Cause.
var (
	errLate       = errors.New("no answer within the time allowed")
	errSwitched   = errors.New("the API switched protocols without being asked")
	errStatus     = errors.New("the API answered with an impossible status")
	errClientLeft = errors.New("the client has left")
	errOver       = errors.New("the exchange is over")
)

// outcome is what Serve returns once ReverseProxy is done: nil if the client
// has its answer, else why it has none. Which comes first matters: one end of
// an exchange ends the other, and only the first says why.
func (x *exchange) outcome() error {
	if x.failure == nil {
		return nil
	}
	if x.answer.hijacked {
		x.note(x.failure) // on a connection that no longer speaks HTTP
		return nil
	}
	x.stopReading()
	if x.mustClose() {
		x.answer.w.Header().Set("Connection", "close")
	}
	if x.body != nil && x.body.failure != nil {
		return x.body.failure
	}
	if errors.Is(context.Cause(x.ctx), errLate) {
		return errGatewayTimeout.Because(fmt.Errorf("%w of %v", errLate, x.proxy.cfg.Timeout))
	}
	if refused, ok := errors.AsType[*web.Error](x.failure); ok {
		return refused
	}
	if x.left {
		return context.Canceled
	}
	if x.lease.Err() != nil {
		return x.sessionEnded()
	}
	if dial, ok := errors.AsType[net.Error](x.failure); ok && dial.Timeout() {
		return errGatewayTimeout.Because(x.failure)
	}
	return errBadGateway.Because(x.failure)
}

// sessionEnded is the refusal that the request would get now. Its own context
// may be over, if reading its body had to be ended.
func (x *exchange) sessionEnded() error {
	if _, err := x.proxy.cfg.Authorize(x.in.WithContext(context.WithoutCancel(x.in.Context()))); err != nil {
		return err
	}
	panic(http.ErrAbortHandler) // the session lives, but who knows what the API has done
}
