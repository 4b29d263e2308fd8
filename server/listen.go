package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// openDoors makes the bootstrap link if there is no owner yet.
func (s *Server) openDoors(ctx context.Context) error {
	owned, err := s.accounts.OwnerExists(ctx)
	if err != nil {
		return err
	}
	path := filepath.Join(s.Config.DataDir, "bootstrap-link")
	if owned {
		_ = os.Remove(path)
		return nil
	}
	secret, err := s.accounts.BootstrapLink(ctx)
	if err != nil {
		return err
	}
	link := s.Config.URL + "/setup?token=" + secret
	if err := os.WriteFile(path, []byte(link+"\n"), 0o600); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(s.Out, "Bootstrap link: %s\nOpen it to make the owner. Until then Slipway listens on this machine only.\n", link)
	return nil
}

// serve answers HTTP until ctx ends: on loopback only until the owner exists,
// so that nobody on the network can be quicker than whoever starts the server.
func (s *Server) serve(ctx context.Context) error {
	web := &http.Server{
		Handler:           s.api,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	owned, err := s.accounts.OwnerExists(ctx)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.Config.Listen)
	if !owned {
		if err == nil {
			_ = listener.Close()
		}
		listener, err = net.Listen("tcp", onLoopback(s.Config.Listen))
	}
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	accept := func(l net.Listener) {
		if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			failed <- err
		}
	}
	go accept(listener)
	s.Logger.Info("Slipway is up", "url", s.Config.URL, "listen", listener.Addr().String(), "version", s.Version)
	_, _ = fmt.Fprintf(s.Out, "Slipway %s is up at %s\n", s.Version, s.Config.URL)

	if !owned {
		go func() {
			if !s.waitForOwner(ctx) {
				return
			}
			_ = os.Remove(filepath.Join(s.Config.DataDir, "bootstrap-link"))
			if onLoopback(s.Config.Listen) == s.Config.Listen {
				return
			}
			_ = listener.Close() // connections that are open stay so
			everywhere, err := net.Listen("tcp", s.Config.Listen)
			if err != nil {
				failed <- err
				return
			}
			s.Logger.Info("the owner exists; listening", "listen", s.Config.Listen)
			accept(everywhere)
		}()
	}

	select {
	case err = <-failed:
	case <-ctx.Done():
		s.Logger.Info("stopping")
	}
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout/2)
	defer stop()
	// Websockets and router subscriptions would keep Shutdown waiting; their
	// clients connect again. Pushes end by the hooks' server being told.
	s.startStop()
	s.api.Close()
	if shut := web.Shutdown(ending); shut != nil {
		_ = web.Close()
	}
	return err
}

// waitForOwner returns true once the installation has been claimed.
func (s *Server) waitForOwner(ctx context.Context) bool {
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-look.C:
		}
		if owned, err := s.accounts.OwnerExists(ctx); err == nil && owned {
			return true
		}
	}
}

// onLoopback gives the address on this machine only with the same port.
func onLoopback(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback()) {
		return listen
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// endless serves answers that have no end of their own: they end when the
// server begins to stop, or Shutdown would wait for them in vain.
func (s *Server) endless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, stop := s.untilStopping(r.Context())
		defer stop()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// untilStopping gives a context that also ends when the server begins to stop.
func (s *Server) untilStopping(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.stopping, cancel)
	return ctx, func() { stop(); cancel() }
}
