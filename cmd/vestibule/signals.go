package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// signalContext returns a context that ends at the first signal to stop. At the second
// signal the process exits at once. stop does what a signal does. internal/daemon/lifecycle.go has
// what a server does then.
func signalContext() (ctx context.Context, stop func(os.Signal)) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitSignal)
	}()
	return ctx, func(s os.Signal) { signals <- s }
}
