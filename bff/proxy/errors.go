package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"vestibule/internal/web"
)

// Errors that the client sees. The address of the API and the text of its errors
// are only in the cause, which goes to the log.
var (
	errOrigin = web.Refuse(http.StatusForbidden, "INVALID_ORIGIN",
		"Invalid origin: this site may not open a WebSocket here.")
	errNoWebSocket = web.Refuse(http.StatusForbidden, "WEBSOCKET_NOT_ALLOWED",
		"No WebSocket may be opened at this path.")
	errBadGateway     = web.Refuse(http.StatusBadGateway, "BAD_GATEWAY", "Failed to proxy request")
	errGatewayTimeout = web.Refuse(http.StatusGatewayTimeout, "GATEWAY_TIMEOUT", "Failed to proxy request")
	errTokenRejected  = web.Refuse(http.StatusBadGateway, "UPSTREAM_REJECTED_TOKEN",
		"The API does not accept the tokens of this server.")
)

// Causes, for the log and for context.Cause.
var (
	errAnswerTimeout     = errors.New("no answer within the time allowed")
	errUnrequestedSwitch = errors.New("the API switched protocols without being asked")
	errImpossibleStatus  = errors.New("the API answered with an impossible status")
	errClientLeft        = errors.New("the client has disconnected")
	errExchangeOver      = errors.New("the exchange is over")
)

// The members of a route that bound bodies, and the wait for an answer.
const (
	ruleBodyLimit = "body_limit"
	ruleTimeout   = "timeout"
)

// outcome is what Serve returns after ReverseProxy has finished: nil if the client has
// its answer, else the reason why it has none. The order of the checks matters: when
// one side of an exchange ends, the other side ends too, and only the first has the
// real reason.
func (x *exchange) outcome() error {
	if x.failure == nil {
		return nil
	}
	if x.answer.hijacked {
		x.note(x.failure) // the connection no longer speaks HTTP
		return nil
	}
	x.stopReading()
	if x.mustClose() {
		x.answer.w.Header().Set("Connection", "close")
	}
	if x.body != nil && x.body.failure != nil {
		if web.AsError(x.body.failure).Status == http.StatusRequestEntityTooLarge {
			web.NoteRefusal(x.in, x.proxy.cfg.Rule(ruleBodyLimit))
		}
		return x.body.failure
	}
	if errors.Is(context.Cause(x.ctx), errAnswerTimeout) {
		web.NoteRefusal(x.in, x.proxy.cfg.Rule(ruleTimeout))
		return errGatewayTimeout.Because(fmt.Errorf("%w of %v", errAnswerTimeout, x.proxy.cfg.Timeout))
	}
	if refused, ok := errors.AsType[*web.Error](x.failure); ok {
		return refused
	}
	if x.canceled {
		return context.Canceled
	}
	if x.leaseOver.Load() || x.in.Context().Err() != nil {
		return x.sessionEnded()
	}
	if x.refused != nil { // no fault of the API
		return x.refused
	}
	if dial, ok := errors.AsType[net.Error](x.failure); ok && dial.Timeout() {
		if t := x.proxy.cfg.Timeout; 0 < t && t < dialTimeout { // it bounds the dial too
			web.NoteRefusal(x.in, x.proxy.cfg.Rule(ruleTimeout))
		}
		return errGatewayTimeout.Because(x.failure)
	}
	return errBadGateway.Because(x.failure)
}

// sessionEnded returns the refusal that the request would get now. It does not use the
// request's context, which may be canceled because reading the body was stopped.
func (x *exchange) sessionEnded() error {
	if _, err := x.proxy.cfg.Authorize(x.in.WithContext(context.WithoutCancel(x.in.Context()))); err != nil {
		return err
	}
	panic(http.ErrAbortHandler) // the session is valid, but the API may already have acted
}
