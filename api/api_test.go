package api

import (
	"context"
	"log/slog"
	"testing"
	"time"
)

func TestASharedSecretIsReadyAtOnce(t *testing.T) {
	t.Parallel()
	server, err := New(sharedSecretConfig(), Deps{Tasks: broken{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Ready(t.Context()); err != nil {
		t.Errorf("Ready: got %v, want nil", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.Run(ctx)
	}()
	cancel()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("Run goes on after its context has ended")
	}
}
