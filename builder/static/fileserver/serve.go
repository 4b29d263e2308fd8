package fileserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// drainTime is how long requests in flight have to end after ctx has ended. It
// is below the time that platforms give before they kill.
const drainTime = 8 * time.Second

// Serve serves the site in dir on the listener until ctx ends, and then lets
// the requests in flight come to their end.
func Serve(ctx context.Context, dir string, listener net.Listener) error {
	site, err := Load(dir)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           NewHandler(dir, site),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off: %w", err), server.Close())
	}
	return nil
}
